package web

import (
	"crypto/rand"
	"net/http"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// devicePassword makes a docking password and shows it once. The old one is
// worth nothing from then on.
func (s *site) devicePassword(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	d, err := s.findDevice(r, who.Scope(), id)
	if err != nil {
		return err
	}
	if !docks(&d) {
		return tollgate.Errorf(tollgate.CodeConflict, "device %s does not push records", d.Name)
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
	return s.devicePage(w, r, who, id, deviceExtra{password: password})
}
