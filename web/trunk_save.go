package web

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

func trunkForm(d *tollgate.Device, v *reader, values url.Values) *form {
	f := newForm(devicePagePath(d.ID)+"/trunks", "Map trunk", values)
	f.prefix = "trunk-"
	f.section("", "",
		&field{Name: "name", Label: "Trunk", Required: true, Placeholder: "PJSIP/provider"},
		&field{Name: "operator", Label: "Operator", Type: "select", Options: v.names.operatorChoices("None")},
		&field{
			Name: "account", Label: "Account", Type: "select",
			Options: v.names.accountChoices("None", v.scope), Hint: "Pays what no extension does.",
		})
	if len(v.names.operators) == 0 {
		f.Sections[0].Fields[1].Hint = "Add one under Operators first."
	}
	return f
}

// trunkSave maps a trunk to its operator and account.
func (s *site) trunkSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.deviceChange(w, r, who, func(d *tollgate.Device, v *reader, values url.Values) (*form, deviceExtra, change) {
		f := trunkForm(d, v, values)
		f.require("name")
		t := tollgate.Trunk{
			Device: d.ID, Name: f.get("name"), Operator: f.id("operator"), Account: f.id("account"),
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
	read func(*tollgate.Device, *reader, url.Values) (*form, deviceExtra, change),
) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	values, err := posted(w, r)
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
	f, extra, todo := read(&d, v, values)
	if !f.Failed {
		err := s.Store.Change(r.Context(), who.Actor(), todo.action, todo.make)
		if err == nil {
			http.Redirect(w, r, devicePagePath(id, "done", todo.done), http.StatusSeeOther)
			return nil
		}
		if err := f.refuse(err); err != nil {
			return err
		}
	}
	return s.devicePage(w, r, who, id, extra)
}
