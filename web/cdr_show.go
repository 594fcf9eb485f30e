package web

import (
	"fmt"
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/web/view"
)

// cdrShowPage is everything about one call.
type cdrShowPage struct {
	page
	Call             view.Call
	CDR              *tollgate.CDR
	Operator, Device string
	Exchange         string // what the margin was calculated with; empty: one currency
}

func (s *site) cdrShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	c, err := s.Store.CDR(r.Context(), v.scope, id)
	if err != nil {
		return err
	}
	p := &cdrShowPage{
		page: page{Title: "Call to " + view.NumberText(&c.Number), Section: "Calls"},
		Call: view.NewCall(&c, v.names, v.told, v.house), CDR: &c,
		Operator: v.names.Operator(c.Operator), Device: v.names.Device(c.Call.Device),
	}
	if v.house && c.Exchange != "" && c.Customer.Currency != c.Cost.Currency {
		p.Exchange = fmt.Sprintf("%s %s for 1 %s", c.Exchange, c.Customer.Currency, c.Cost.Currency)
	}
	return s.show(w, r, http.StatusOK, "cdr_show", p)
}
