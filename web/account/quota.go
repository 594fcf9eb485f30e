package account

import (
	"net/http"
	"net/url"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

const usedPrefix = "used-"

// quotaRows is how many changes of what was used an account's page lists.
const quotaRows = 10

// quota is how much of an allowance is used.
type quota struct {
	Used, Allowance *view.Amount
	Held            *view.Amount // nil: nothing
	Part, Whole     int64        // micro-units, for the bar; Whole is 0 where nothing is allowed
	Period          string
	Next            string // when used returns to zero; empty: never
}

// quotaRow is a change of what was used that no call made.
type quotaRow struct {
	At, Kind, Note, By string
	Amount             *view.Amount
}

// quotaOf makes the view of an allowance; nil where the account has none.
func quotaOf(a *tollgate.Account, v *frame.Reader) *quota {
	if a.Mode != tollgate.ModeQuota {
		return nil
	}
	money := func(micro int64) *view.Amount {
		return view.NewAmount(tollgate.Money{Micro: micro, Currency: a.Currency})
	}
	q := &quota{
		Used: money(a.Used), Allowance: money(a.Allowance), Part: min(max(a.Used, 0)+a.Reserved, a.Allowance),
		Whole: a.Allowance, Period: view.ResetText(a),
	}
	if a.Reserved != 0 {
		q.Held = money(a.Reserved)
	}
	zone := zoneOf(v.Names, a)
	if next := charging.PeriodEnd(v.Told.Now, a.Reset, a.WeekStart, zone); !next.IsZero() {
		q.Next = next.In(v.Told.Zone).Format(view.MinuteLayout)
	}
	return q
}

// quotaChanges lists what changed the use of an allowance other than calls.
func (s Pages) quotaChanges(r *http.Request, v *frame.Reader, a *tollgate.Account) ([]quotaRow, error) {
	if a.Mode != tollgate.ModeQuota {
		return nil, nil
	}
	found, err := s.Store.QuotaLog(r.Context(), v.Scope, a.ID, store.Paging{Rows: quotaRows})
	if err != nil {
		return nil, err
	}
	var rows []quotaRow
	for i := range found.Items {
		e := &found.Items[i]
		row := quotaRow{
			At: view.Instant(e.At, v.Told.Zone), Kind: view.Capital(string(e.Kind)), Note: e.Note, By: e.By,
			Amount: view.NewAmount(tollgate.Money{Micro: e.Amount, Currency: a.Currency}),
		}
		if row.By == "" {
			row.By = "Tollgate"
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// zoneOf is where an account is at home: its own zone, else its parents'.
func zoneOf(n *view.Names, a *tollgate.Account) *time.Location {
	parents := n.Parents(a)
	for i := len(parents); i >= 0; i-- {
		name := a.Timezone
		if i < len(parents) {
			name = parents[i].Timezone
		}
		if name == "" {
			continue
		}
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.UTC
}

// usedForm asks for a correction of what was used.
func usedForm(a *tollgate.Account, values url.Values) *form.Form {
	f := form.New(path(a.ID, "")+"/used", "Correct", values)
	f.Prefix = usedPrefix
	f.Ask("", "",
		&form.Field{Name: "key", Type: "hidden"},
		&form.Field{
			Name: "amount", Label: "Amount in " + string(a.Currency), Mode: "text", Required: true,
			Placeholder: "-2.50", Hint: "Added to what was used; negative takes off.", Autocomplete: "off",
		},
		&form.Field{Name: "note", Label: "Reason", Required: true, Autocomplete: "off"},
	).Single = true
	return f
}

// Used corrects what was used of an allowance: a logged correction, never an
// overwrite.
func (s Pages) Used(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.move(w, r, who, "used", usedForm, s.Office.CorrectUsed)
}
