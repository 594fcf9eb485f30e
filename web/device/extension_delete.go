package device

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
)

// ExtensionDelete takes an extension's mapping away.
func (s Pages) ExtensionDelete(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.change(w, r, who, func(
		d *tollgate.Device, v *frame.Reader, values url.Values,
	) (*form.Form, extra, change) {
		f := extensionForm(d, v, url.Values{})
		number := values.Get("number")
		return f, extra{extensionForm: f}, change{
			action: "remove extension", done: "removed",
			make: func(c *store.Change) error { return c.DeleteExtension(d.ID, number) },
		}
	})
}
