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

func trunkForm(d *tollgate.Device, v *frame.Reader, values url.Values) *form.Form {
	f := form.New(path(d.ID)+"/trunks", "Map trunk", values)
	f.Prefix = "trunk-"
	f.Ask("", "",
		&form.Field{Name: "name", Label: "Trunk", Required: true, Placeholder: "PJSIP/provider"},
		&form.Field{Name: "operator", Label: "Operator", Type: "select", Options: v.Names.OperatorChoices("None")},
		&form.Field{
			Name: "account", Label: "Account", Type: "select",
			Options: v.Names.AccountChoices(
				"None", v.Scope, form.IDOr0(values.Get("account")),
			), Hint: "Pays what no extension does.",
		})
	if len(v.Names.Operators) == 0 {
		f.Sections[0].Fields[1].Hint = "Add one under Operators first."
	}
	return f
}

// TrunkSave maps a trunk to its operator and account.
func (s Pages) TrunkSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.change(w, r, who, func(
		d *tollgate.Device, v *frame.Reader, values url.Values,
	) (*form.Form, extra, change) {
		f := trunkForm(d, v, values)
		f.Require("name")
		t := tollgate.Trunk{
			Device: d.ID, Name: f.Get("name"), Operator: f.ID("operator"), Account: f.ID("account"),
		}
		return f, extra{trunkForm: f}, change{
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

// change answers a small form on a device's page.
func (s Pages) change(
	w http.ResponseWriter, r *http.Request, who access.Principal,
	read func(*tollgate.Device, *frame.Reader, url.Values) (*form.Form, extra, change),
) error {
	id, err := frame.PathID(r)
	if err != nil {
		return err
	}
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	d, err := s.find(r, v.Scope, id)
	if err != nil {
		return err
	}
	f, extra, order := read(&d, v, values)
	saved, err := s.Apply(r, who, f, order.action, order.make)
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, path(id, "done", order.done), http.StatusSeeOther)
		return nil
	}
	return s.page(w, r, who, id, extra)
}
