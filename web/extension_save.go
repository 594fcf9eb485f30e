package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

func extensionForm(d *tollgate.Device, v *reader, values url.Values) *form {
	f := newForm(devicePagePath(d.ID)+"/extensions", "Map extension", values)
	f.prefix = "extension-"
	f.section("", "",
		&field{Name: "number", Label: "Extension", Required: true, Placeholder: "201"},
		&field{Name: "name", Label: "Name", Placeholder: "Reception"},
		&field{
			Name: "account", Label: "Account", Type: "select", Required: true,
			Options: v.names.accountChoices("Choose…", v.scope),
		})
	return f
}

// extensionSave maps an extension to the account that pays for it.
func (s *site) extensionSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.deviceChange(w, r, who, func(d *tollgate.Device, v *reader, values url.Values) (*form, deviceExtra, change) {
		f := extensionForm(d, v, values)
		f.require("number")
		if f.get("account") == "" {
			f.fail("account", "Choose the account that pays.")
		}
		e := tollgate.Extension{
			Device: d.ID, Number: f.get("number"), Name: f.get("name"), Account: f.id("account"),
		}
		return f, deviceExtra{extensionForm: f}, change{
			action: "map extension", done: "extension",
			make: func(c *store.Change) error { return c.PutExtension(e) },
		}
	})
}
