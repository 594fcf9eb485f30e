package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
)

func trunkForm(d *tollgate.Device, v *reader, values url.Values) *form.Form {
	f := form.New(devicePagePath(d.ID)+"/trunks", "Map trunk", values)
	f.Prefix = "trunk-"
	f.Ask("", "",
		&form.Field{Name: "name", Label: "Trunk", Required: true, Placeholder: "PJSIP/provider"},
		&form.Field{Name: "operator", Label: "Operator", Type: "select", Options: v.names.OperatorChoices("None")},
		&form.Field{
			Name: "account", Label: "Account", Type: "select",
			Options: v.names.AccountChoices(
				"None", v.scope, form.IDOr0(values.Get("account")),
			), Hint: "Pays what no extension does.",
		})
	if len(v.names.Operators) == 0 {
		f.Sections[0].Fields[1].Hint = "Add one under Operators first."
	}
	return f
}

// trunkSave maps a trunk to its operator and account.
func (s *site) trunkSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.deviceChange(w, r, who, func(
		d *tollgate.Device, v *reader, values url.Values,
	) (*form.Form, deviceExtra, change) {
		f := trunkForm(d, v, values)
		f.Require("name")
		t := tollgate.Trunk{
			Device: d.ID, Name: f.Get("name"), Operator: f.ID("operator"), Account: f.ID("account"),
		}
		return f, deviceExtra{trunkForm: f}, change{
			action: "map trunk", done: "trunk",
			make: func(c *store.Change) error { return c.PutTrunk(t) },
		}
	})
}

// change is what a form of a device's page does.
type change struct {
	action string // for the log
	done   string // for the notice
	make   func(*store.Change) error
}

// deviceChange answers a small form on a device's page.
func (s *site) deviceChange(
	w http.ResponseWriter, r *http.Request, who access.Principal,
	read func(*tollgate.Device, *reader, url.Values) (*form.Form, deviceExtra, change),
) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	d, err := s.findDevice(r, v.scope, id)
	if err != nil {
		return err
	}
	f, extra, order := read(&d, v, values)
	saved, err := s.save(r, who, f, order.action, order.make)
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, devicePagePath(id, "done", order.done), http.StatusSeeOther)
		return nil
	}
	return s.devicePage(w, r, who, id, extra)
}
