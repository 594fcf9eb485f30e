package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
)

func extensionForm(d *tollgate.Device, v *reader, values url.Values) *form.Form {
	f := form.New(devicePagePath(d.ID)+"/extensions", "Map extension", values)
	f.Prefix = "extension-"
	f.Ask("", "",
		&form.Field{Name: "number", Label: "Extension", Required: true, Placeholder: "201"},
		&form.Field{Name: "name", Label: "Name", Placeholder: "Reception"},
		&form.Field{
			Name: "account", Label: "Account", Type: "select", Required: true,
			Options: v.names.AccountChoices("Choose…", v.scope, form.IDOr0(values.Get("account"))),
		})
	return f
}

// extensionSave maps an extension to the account that pays for it.
func (s *site) extensionSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.deviceChange(w, r, who, func(
		d *tollgate.Device, v *reader, values url.Values,
	) (*form.Form, deviceExtra, change) {
		f := extensionForm(d, v, values)
		f.Require("number")
		if f.Get("account") == "" {
			f.Fail("account", "Choose the account that pays.")
		}
		e := tollgate.Extension{
			Device: d.ID, Number: f.Get("number"), Name: f.Get("name"), Account: f.ID("account"),
		}
		return f, deviceExtra{extensionForm: f}, change{
			action: "map extension", done: "extension",
			make: func(c *store.Change) error { return c.PutExtension(e) },
		}
	})
}
