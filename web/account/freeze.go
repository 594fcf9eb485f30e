package account

import (
	"net/http"

	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
)

// Freeze freezes an account or makes it active again.
func (s Pages) Freeze(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	a, err := s.Store.Account(r.Context(), who.Scope(), id)
	if err == nil {
		err = who.RequireFreeze(&a)
	}
	if err != nil {
		return err
	}
	action := "unfreeze"
	if values.Get("frozen") == "yes" {
		action = "freeze"
	}
	err = s.Store.Change(r.Context(), who.Actor(), action+" account", func(c *store.Change) error {
		_, err := c.SetFrozen(who.Scope(), id, action == "freeze")
		return err
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, path(id, action), http.StatusSeeOther)
	return nil
}
