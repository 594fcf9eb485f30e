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

// TrunkDelete takes a trunk's mapping away.
func (s Pages) TrunkDelete(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.change(w, r, who, func(
		d *tollgate.Device, v *frame.Reader, values url.Values,
	) (*form.Form, extra, change) {
		f := trunkForm(d, v, url.Values{})
		name := values.Get("name")
		return f, extra{trunkForm: f}, change{
			action: "remove trunk", done: "removed",
			make: func(c *store.Change) error { return c.DeleteTrunk(d.ID, name) },
		}
	})
}
