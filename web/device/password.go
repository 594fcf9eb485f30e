package device

import (
	"crypto/rand"
	"net/http"
	"strings"

	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
)

// Password makes a docking password and shows it once. The old one is
// worth nothing from then on.
func (s Pages) Password(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	d, err := s.find(r, who.Scope(), id)
	if err != nil {
		return err
	}
	if d.Account == "" {
		d.Account = d.Name
	}
	password := strings.ToLower(rand.Text())
	hash, err := s.Access.HashPassword(r.Context(), password)
	if err != nil {
		return err
	}
	err = s.Store.Change(r.Context(), who.Actor(), "set docking password", func(c *store.Change) error {
		changed := d
		return c.PutDevice(&changed, hash)
	})
	if err != nil {
		return err
	}
	return s.page(w, r, who, id, extra{password: password})
}
