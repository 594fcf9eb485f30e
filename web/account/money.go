package account

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// money is what an account has, as its page shows it and goes on showing it.
type money struct {
	Balances []balance
	Quota    *quota // nil: it has none
	Held     []heldRow
}

// money reads what an account has just now.
func (s Pages) money(
	r *http.Request, v *frame.Reader, who access.Principal, a *tollgate.Account,
) (money, error) {
	held, err := s.held(r.Context(), v, who, a)
	return money{Balances: balances(a, v), Quota: quotaOf(a, v), Held: held}, err
}

// balances are the large figures of an account.
func balances(a *tollgate.Account, v *frame.Reader) []balance {
	var out []balance
	money := func(label string, micro int64) {
		sum := view.NewAmount(tollgate.Money{Micro: micro, Currency: a.Currency})
		out = append(out, balance{Label: label, Amount: sum})
	}
	switch a.Mode {
	case tollgate.ModeParent:
		out = append(out, balance{Label: "Pays", Text: view.ModeText(a, v.Names)})
	case tollgate.ModeQuota:
		money("Available", a.Available())
	case tollgate.ModePrepaid, tollgate.ModePostpaid:
		money("Balance", a.Balance)
		if a.Reserved != 0 {
			money("Reserved", a.Reserved)
		}
		if !a.Limited() {
			out = append(out, balance{Label: "Available", Text: "no limit"})
			break
		}
		money("Available", a.Available())
		money("Credit limit", a.CreditLimit)
	}
	return out
}
