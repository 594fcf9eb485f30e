package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
)

// trunkDelete takes a trunk's mapping away.
func (s *site) trunkDelete(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.deviceChange(w, r, who, func(
		d *tollgate.Device, v *reader, values url.Values,
	) (*form.Form, deviceExtra, change) {
		f := trunkForm(d, v, url.Values{})
		name := values.Get("name")
		return f, deviceExtra{trunkForm: f}, change{
			action: "remove trunk", done: "removed",
			make: func(c *store.Change) error { return c.DeleteTrunk(d.ID, name) },
		}
	})
}
