package card

import (
	"net/http"

	"tollgate/access"
	"tollgate/store"
	"tollgate/store/card"
	"tollgate/web/form"
	"tollgate/web/frame"
)

// Unlock ends the lock that wrong PINs have put on a card.
func (s Pages) Unlock(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	err = s.Store.Change(r.Context(), who.Actor(), "unlock card", func(c *store.Change) error {
		return card.Unlock(c, who.Scope(), id)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/cards?done=unlock", http.StatusSeeOther)
	return nil
}

// Block freezes the account of a card, or makes it active again.
func (s Pages) Block(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	if _, err := card.Get(r.Context(), s.Store, who.Scope(), id); err != nil {
		return err
	}
	action := "unblock"
	if values.Get("blocked") == "yes" {
		action = "block"
	}
	err = s.Store.Change(r.Context(), who.Actor(), action+" card", func(c *store.Change) error {
		_, err := c.SetFrozen(who.Scope(), id, action == "block")
		return err
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/cards?done="+action, http.StatusSeeOther)
	return nil
}
