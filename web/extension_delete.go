package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
)

// extensionDelete takes an extension's mapping away.
func (s *site) extensionDelete(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.deviceChange(w, r, who, func(
		d *tollgate.Device, v *reader, values url.Values,
	) (*form.Form, deviceExtra, change) {
		f := extensionForm(d, v, url.Values{})
		number := values.Get("number")
		return f, deviceExtra{extensionForm: f}, change{
			action: "remove extension", done: "removed",
			make: func(c *store.Change) error { return c.DeleteExtension(d.ID, number) },
		}
	})
}
