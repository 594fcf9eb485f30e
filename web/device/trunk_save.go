package device

import (
	"cmp"
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
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
		was := ""
		for _, before := range v.Names.Directory.Trunks {
			if before.Device == d.ID && before.Name == t.Name && (before.Operator != t.Operator || before.Account != t.Account) {
				was = cmp.Or(before.Operator, before.Account).String()
			}
		}
		return f, extra{trunkForm: f}, change{
			action: "map trunk", done: "trunk", was: was,
			make: func(c *store.Change) error { return c.PutTrunk(t) },
		}
	})
}

// change is what a form of a device's page does.
type change struct {
	action string // for the log
	done   string // for the notice
	was    string // the id of whose it was before; empty: nobody's else
	make   func(*store.Change) error
}

// wasNotice says whose an extension or trunk was that somebody else has now; nil
// where nothing was replaced, or what the reader may not know.
func wasNotice(r *http.Request, v *frame.Reader) *view.Notice {
	id, done := form.IDOr0(r.URL.Query().Get("was")), r.URL.Query().Get("done")
	name := ""
	if a := v.Names.Accounts[id]; a != nil && (v.Scope == store.Everything || a.Enterprise == tollgate.ID(v.Scope)) {
		name = a.Name
	} else if v.Scope == store.Everything {
		name = v.Names.Operator(id)
	}
	if name == "" || done != "extension" && done != "trunk" {
		return nil
	}
	return &view.Notice{Tone: "warn", Text: "The " + done + " is saved. It was mapped before, to " + name + "."}
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
		parameters := []string{"done", order.done}
		if order.was != "" {
			parameters = append(parameters, "was", order.was)
		}
		http.Redirect(w, r, path(id, parameters...), http.StatusSeeOther)
		return nil
	}
	return s.page(w, r, who, id, extra)
}
