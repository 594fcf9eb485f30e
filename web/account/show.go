package account

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// ShowPage is one account with its money and its latest calls.
type ShowPage struct {
	frame.Page
	MayChange      bool // its terms
	MayAdd         bool // an account below it
	MayFreeze      bool
	Account        *tollgate.Account
	Summary        string
	Tariff         string // name; empty: inherited
	FreezeQuestion string
	Parents        []view.Link
	money
	UsedChanges []quotaRow
	Transfers   []transferRow
	Calls       []view.Call
	Desks       []view.Link // to calls from its extensions, which others may have paid
	Recharge    *form.Form  // nil: not allowed, or no money of its own
	Correction  *form.Form
	Children    []view.AccountRow
	Used        *form.Form // nil: not allowed, or no quota
	Terms       []term
	FrozenAbove string // name of an account above that is frozen
	Pager       view.Pager
}

// balance is one of the large figures of an account.
type balance struct {
	Label  string
	Amount *view.Amount
	Text   string // where there is no amount
}

// term is one thing that was agreed.
type term struct{ Name, Text string }

// transferRow is one movement of money as the account sees it.
type transferRow struct {
	At     string
	Kind   string
	Note   string
	By     string
	CDR    string // id of the call; empty: none
	Amount *view.Amount
}

// How much of an account its page shows.
const (
	accountTransfers = 20
	accountCalls     = 10
	accountChildren  = 50
	accountDesks     = 4
)

// Show shows one account.
func (s Pages) Show(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	return s.page(w, r, who, id, nil)
}

// accountPage shows an account; a form that failed comes back in its place.
func (s Pages) page(
	w http.ResponseWriter, r *http.Request, who access.Principal, id tollgate.ID, failed *form.Form,
) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	a, err := s.Store.Account(r.Context(), v.Scope, id)
	if err != nil {
		return err
	}
	p := newPage(&a, v)
	p.MayChange, p.MayFreeze = who.May(access.SetTerms), who.RequireFreeze(&a) == nil
	if p.MayChange && a.Mode != tollgate.ModeParent && a.Mode != tollgate.ModeQuota {
		p.Recharge = rechargeForm(&a, url.Values{"key": {rand.Text()}})
		p.Correction = correctionForm(&a, url.Values{"key": {rand.Text()}})
	}
	if p.MayChange && a.Mode == tollgate.ModeQuota {
		p.Used = usedForm(&a, url.Values{"key": {rand.Text()}})
	}
	p.MayAdd = p.MayChange && a.Kind != tollgate.KindCard
	status := http.StatusOK
	if failed != nil {
		status = http.StatusUnprocessableEntity
		switch failed.Prefix {
		case rechargePrefix:
			p.Recharge = failed
		case usedPrefix:
			p.Used = failed
		default:
			p.Correction = failed
		}
	}
	if p.UsedChanges, err = s.quotaChanges(r, v, &a); err != nil {
		return err
	}
	if p.money, err = s.money(r, v, who, &a); err != nil {
		return err
	}
	if err := s.movements(r, v, &a, p); err != nil {
		return err
	}
	return s.Send(w, r, status, "account_show", p)
}

func newPage(a *tollgate.Account, v *frame.Reader) *ShowPage {
	p := &ShowPage{
		Page: frame.Page{Title: a.Name, Section: "Accounts"}, Account: a, Tariff: v.Names.Tariff(a.Tariff),
		Summary: view.Capital(view.KindText(a.Kind)) + " · " + view.ModeText(a, v.Names),
		FreezeQuestion: "Freeze " + a.Name +
			"? Its calls, and those of the accounts below it, are refused until it is unfrozen.",
	}
	if a.Frozen {
		p.FreezeQuestion = "Unfreeze " + a.Name + "?"
	}
	for _, parent := range v.Names.Parents(a) {
		p.Parents = append(p.Parents, view.Link{Label: parent.Name, Path: path(parent.ID, "")})
		if parent.Frozen {
			p.FrozenAbove = parent.Name
		}
	}
	p.Terms, p.Desks = terms(a), desks(a, v.Names)
	return p
}

// desks leads to the calls from the extensions of a user whose business calls the
// company pays: they are not among those the account paid.
func desks(a *tollgate.Account, n *view.Names) (out []view.Link) {
	if a.Business != tollgate.BusinessEnterprise {
		return nil
	}
	for _, e := range n.Directory.Extensions {
		if e.Account == a.ID && len(out) < accountDesks {
			found := url.Values{"account": {a.Enterprise.String()}, "extension": {e.Number}}
			out = append(out, view.Link{Label: "Calls from " + e.Number, Path: "/cdrs?" + found.Encode()})
		}
	}
	return out
}

// terms lists what was agreed beside tariff and code, where it is not the usual.
func terms(a *tollgate.Account) []term {
	var out []term
	if a.LowCredit > 0 {
		low := view.NewAmount(tollgate.Money{Micro: a.LowCredit, Currency: a.Currency})
		out = append(out, term{"Low credit", "warn below " + low.String()})
	}
	if a.Kind != tollgate.KindUser {
		return out
	}
	switch a.Bills {
	case tollgate.BillPrivate:
		out = append(out, term{"Bills", "private calls only"})
	case tollgate.BillBusiness:
		out = append(out, term{"Bills", "business calls only"})
	default:
		out = append(out, term{"Bills", "all calls"})
	}
	if a.Business == tollgate.BusinessEnterprise {
		return append(out, term{"Business calls", "paid by the company"})
	}
	return append(out, term{"Business calls", "paid as private ones are"})
}

// movements reads the transfers, calls and children of an account.
func (s Pages) movements(
	r *http.Request, v *frame.Reader, a *tollgate.Account, p *ShowPage,
) error {
	after := r.URL.Query().Get("after")
	moved, err := s.Store.Transfers(r.Context(), v.Scope, a.ID,
		store.Paging{After: after, Rows: accountTransfers})
	if err != nil {
		return err
	}
	for i := range moved.Items {
		row := newTransferRow(&moved.Items[i], a.ID, v)
		if id := moved.Items[i].CDR; id != 0 && row.Note == "" {
			call, err := s.Store.CDR(r.Context(), v.Scope, id)
			if err != nil {
				return err
			}
			row.Note = strings.TrimSpace(view.NumberText(&call.Number) + " " + call.Number.Destination)
		}
		p.Transfers = append(p.Transfers, row)
	}
	if moved.Next != "" {
		p.Pager.Next = path(a.ID, "") + "?after=" + url.QueryEscape(moved.Next)
	}
	if after != "" {
		p.Pager.Back = path(a.ID, "")
	}
	scope, account := v.CallsOf(a.ID)
	calls, err := s.Store.CDRs(r.Context(), scope, store.CDRFilter{Account: account},
		store.Paging{Rows: accountCalls})
	if err != nil {
		return err
	}
	p.Calls = v.Rows(calls.Items)
	children, err := s.Store.Accounts(r.Context(), v.Scope, store.AccountFilter{Parent: a.ID},
		store.Paging{Rows: accountChildren})
	if err != nil {
		return err
	}
	for i := range children.Items {
		p.Children = append(p.Children, view.NewAccountRow(&children.Items[i], v.Names))
	}
	return nil
}

// newTransferRow shows a transfer from the side of an account: what leaves it
// is negative.
func newTransferRow(t *tollgate.Transfer, account tollgate.ID, v *frame.Reader) transferRow {
	micro := t.Amount
	if t.Debit == account {
		micro = -micro
	}
	row := transferRow{
		At: view.Instant(t.At, v.Told.Zone), Kind: view.Capital(string(t.Kind)), Note: t.Note, By: t.By,
		Amount: view.NewAmount(tollgate.Money{Micro: micro, Currency: t.Currency}),
	}
	if t.By == "" {
		row.By = "Tollgate"
	}
	if t.CDR != 0 {
		row.CDR = t.CDR.String()
	}
	return row
}
