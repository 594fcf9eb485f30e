package account

import (
	"context"
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
)

const (
	rechargePrefix   = "recharge-"
	correctionPrefix = "correct-"
	noteCharsMax     = 200
)

func rechargeForm(a *tollgate.Account, values url.Values) *form.Form {
	f := form.New(path(a.ID, "")+"/recharge", "Recharge", values)
	f.Prefix = rechargePrefix
	f.Ask("", "",
		&form.Field{Name: "key", Type: "hidden"},
		&form.Field{
			Name: "amount", Label: "Amount in " + string(a.Currency), Mode: "decimal", Required: true,
			Placeholder: "50.00", Autocomplete: "off",
		},
		&form.Field{Name: "note", Label: "Note", Hint: "Shown with the transfer.", Autocomplete: "off"},
	).Single = true
	return f
}

func correctionForm(a *tollgate.Account, values url.Values) *form.Form {
	f := form.New(path(a.ID, "")+"/correct", "Post correction", values)
	f.Prefix = correctionPrefix
	f.Ask("", "",
		&form.Field{Name: "key", Type: "hidden"},
		&form.Field{
			Name: "amount", Label: "Amount in " + string(a.Currency), Mode: "text", Required: true,
			Placeholder: "-2.50", Hint: "Negative takes money away.", Autocomplete: "off",
		},
		&form.Field{Name: "note", Label: "Reason", Required: true, Autocomplete: "off"},
	).Single = true
	return f
}

// readNote reads a note of bounded length.
func readNote(f *form.Form) string {
	note := f.Get("note")
	if len([]rune(note)) > noteCharsMax {
		f.Fail("note", "Please keep it below 200 characters.")
	}
	return note
}

// Recharge adds money to an account.
func (s Pages) Recharge(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.move(w, r, who, "recharge", rechargeForm, posting(s.Book.Recharge))
}

// movement posts money to an account of the scope, once for each key.
type movement func(
	ctx context.Context, by store.Actor, account tollgate.ID, amount tollgate.Money, note, key string,
) error

// posting leaves out the transfer of a movement: the account's page lists it.
func posting(post func(
	context.Context, store.Actor, tollgate.ID, tollgate.Money, string, string,
) (tollgate.Transfer, error),
) movement {
	return func(
		ctx context.Context, by store.Actor, account tollgate.ID, amount tollgate.Money, note, key string,
	) error {
		_, err := post(ctx, by, account, amount, note, key)
		return err
	}
}

// move answers a form that moves money.
func (s Pages) move(
	w http.ResponseWriter, r *http.Request, who access.Principal, what string,
	ask func(*tollgate.Account, url.Values) *form.Form, post movement,
) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	a, err := s.Store.Account(r.Context(), who.Scope(), id)
	if err != nil {
		return err
	}
	f := ask(&a, values)
	correction := f.Prefix != rechargePrefix
	micro, note := f.Amount("amount", correction), readNote(f)
	if correction {
		f.Require("note")
	}
	if f.Get("key") == "" {
		f.Fail("", "This form is out of date. Please send it again.")
	}
	if !f.Failed {
		amount := tollgate.Money{Micro: micro, Currency: a.Currency}
		if err := post(r.Context(), who.Actor(), a.ID, amount, note, f.Get("key")); err == nil {
			http.Redirect(w, r, path(a.ID, what), http.StatusSeeOther)
			return nil
		} else if err := f.Refuse(err); err != nil {
			return err
		}
	}
	return s.page(w, r, who, id, f)
}
