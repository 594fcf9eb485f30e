package web

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
)

// operatorSave adds a carrier or changes one.
func (s site) operatorSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	f := operatorForm(v, values)
	f.Require("name")
	o := tollgate.Operator{ID: f.ID("id"), Name: f.Get("name"), Tariff: f.ID("tariff")}
	saved, err := s.Apply(r, who, f, "save operator", func(c *store.Change) error {
		stored := o
		return c.PutOperator(&stored)
	})
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, "/operators?done=operator", http.StatusSeeOther)
		return nil
	}
	return s.operatorPage(w, r, who, v, f)
}
