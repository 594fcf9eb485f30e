package web

import (
	"fmt"
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// cdrShowPage is everything about one call.
type cdrShowPage struct {
	frame.Page
	Call             view.Call
	CDR              *tollgate.CDR
	Operator, Device string
	Exchange         string // what the margin was calculated with; empty: one currency
	Unmapped         bool   // nobody was found to pay, and whoever reads it can change that
	Liable           string // the extension that would pay, if it were mapped; empty: none is known
}

func (s site) cdrShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	found, err := s.Store.CDR(r.Context(), v.Scope, id)
	if err != nil {
		return err
	}
	c := found.Discreet()
	p := &cdrShowPage{
		Page: frame.Page{Title: "Call to " + view.NumberText(&c.Number), Section: "Calls"},
		Call: view.NewCall(c, v.Names, v.Told, v.House), CDR: c,
		Operator: v.Names.Operator(c.Operator), Device: v.Names.Device(c.Call.Device),
	}
	if p.Unmapped = c.Unpaid() && who.May(access.SetTerms); p.Unmapped {
		p.Liable = liable(c, v.Names.Devices[c.Call.Device])
	}
	if v.House && c.Exchange != "" && c.Customer.Currency != c.Cost.Currency {
		p.Exchange = fmt.Sprintf("%s %s for 1 %s", c.Exchange, c.Customer.Currency, c.Cost.Currency)
	}
	return s.Send(w, r, http.StatusOK, "cdr_show", p)
}

// liable is the extension that the device has pay for a call.
func liable(c *tollgate.CDR, d *tollgate.Device) string {
	if c.Originator == "" || d != nil && d.ForwardPayer == tollgate.ExtensionPays && c.Extension != "" {
		return c.Extension
	}
	return c.Originator
}
