package web

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// operatorSave adds a carrier or changes one.
func (s *site) operatorSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	f := operatorForm(v, values)
	f.require("name")
	o := tollgate.Operator{ID: f.id("id"), Name: f.get("name"), Tariff: f.id("tariff")}
	if !f.Failed {
		err := s.Store.Change(r.Context(), who.Actor(), "save operator", func(c *store.Change) error {
			stored := o
			return c.PutOperator(&stored)
		})
		if err == nil {
			http.Redirect(w, r, "/operators?done=operator", http.StatusSeeOther)
			return nil
		}
		if err := f.refuse(err); err != nil {
			return err
		}
	}
	return s.operatorPage(w, r, who, v, f)
}
