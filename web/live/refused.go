package live

import (
	"cmp"
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// refusedPage lists the calls that were not allowed.
type refusedPage struct {
	frame.Page
	Rows  []refusedRow
	House bool
}

type refusedRow struct {
	At, Who, Number, Device, Payer, Why, Tone, Reason string

	PayerID tollgate.ID
}

// Refused lists the last calls that were not allowed, and why.
func (s Pages) Refused(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	p := &refusedPage{Page: frame.Page{Title: "Refused calls", Section: "Live"}, House: v.House}
	for _, c := range s.Office.Refusals(who.Enterprise) {
		p.Rows = append(p.Rows, newRefusedRow(&c, v))
	}
	return s.Send(w, r, http.StatusOK, "live_refused", p)
}

func newRefusedRow(c *charging.Refusal, v *frame.Reader) refusedRow {
	row := refusedRow{
		At: view.Instant(c.At, v.Told.Zone), Who: caller(c.Extension, c.Originator, c.Caller),
		Number: cmp.Or(view.NumberText(&c.Number), "none"), Device: v.Names.Device(c.Call.Device),
		Payer: v.Names.Account(c.Account), PayerID: c.Account, Reason: form.Sentence(c.Reason),
	}
	row.Why, row.Tone = view.RefusalText(c.Code)
	return row
}
