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

func extensionForm(d *tollgate.Device, v *frame.Reader, values url.Values) *form.Form {
	f := form.New(path(d.ID)+"/extensions", "Map extension", values)
	f.Prefix = "extension-"
	f.Ask("", "",
		&form.Field{Name: "number", Label: "Extension", Required: true, Placeholder: "201"},
		&form.Field{Name: "name", Label: "Name", Placeholder: "Reception"},
		&form.Field{
			Name: "account", Label: "Account", Type: "select", Required: true,
			Options: v.Names.AccountChoices("Choose…", v.Scope, form.IDOr0(values.Get("account"))),
		})
	return f
}

// ExtensionSave maps an extension to the account that pays for it.
func (s Pages) ExtensionSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.change(w, r, who, func(
		d *tollgate.Device, v *frame.Reader, values url.Values,
	) (*form.Form, extra, change) {
		f := extensionForm(d, v, values)
		f.Require("number")
		if f.Get("account") == "" {
			f.Fail("account", "Choose the account that pays.")
		}
		e := tollgate.Extension{
			Device: d.ID, Number: f.Get("number"), Name: f.Get("name"), Account: f.ID("account"),
		}
		was := ""
		for _, before := range v.Names.Directory.Extensions {
			if before.Device == d.ID && before.Number == e.Number && before.Account != e.Account {
				was = before.Account.String()
			}
		}
		return f, extra{extensionForm: f}, change{
			action: "map extension", done: "extension", was: was,
			make: func(c *store.Change) error { return c.PutExtension(e) },
		}
	})
}
