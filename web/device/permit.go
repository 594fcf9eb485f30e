package device

import (
	"net/http"
	"net/url"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
)

// permitRow is who may mark calls of a device as private.
type permitRow struct {
	Value string // as the form to remove it names it
	Name  string
	Path  string
	Group bool
}

// Whom a permit is for, in a form: one of these and an id.
const (
	forAccount = "account "
	forGroup   = "group "
)

// permits puts into a device's page who may mark its calls as private.
func (s Pages) permits(r *http.Request, v *frame.Reader, d *tollgate.Device, page *showPage) error {
	groups, err := s.Store.Groups(r.Context(), v.Scope)
	if err != nil {
		return err
	}
	permits, err := s.Store.Permits(r.Context(), v.Scope)
	if err != nil {
		return err
	}
	names := map[tollgate.ID]string{}
	var serves []tollgate.Group
	for _, g := range groups {
		names[g.ID] = g.Name
		if d.Enterprise == 0 || d.Enterprise == g.Enterprise {
			serves = append(serves, g)
		}
	}
	rows := &page.Permits
	for _, p := range permits {
		switch {
		case p.Device != d.ID || p.Permission != tollgate.PermissionPrivateCall:
		case p.Account != 0:
			id := p.Account.String()
			*rows = append(*rows, permitRow{Value: forAccount + id, Name: v.Names.Account(p.Account), Path: "/accounts/" + id})
		default:
			id := p.Group.String()
			*rows = append(*rows, permitRow{Value: forGroup + id, Name: names[p.Group], Path: "/groups/" + id, Group: true})
		}
	}
	page.PermitForm = permitForm(d, v, serves, url.Values{})
	return nil
}

func permitForm(d *tollgate.Device, v *frame.Reader, groups []tollgate.Group, values url.Values) *form.Form {
	f := form.New(path(d.ID)+"/permits", "Permit", values)
	f.Prefix = "permit-"
	who := []form.Option{{Label: "Choose…"}}
	for _, g := range groups {
		who = append(who, form.Option{
			Value: forGroup + g.ID.String(), Label: "Group " + g.Name + ", " + v.Names.Account(g.Enterprise),
		})
	}
	scope := v.Scope
	if d.Enterprise != 0 {
		scope = store.Scope(d.Enterprise)
	}
	for _, o := range v.Names.AccountChoices("", scope, 0) {
		who = append(who, form.Option{Value: forAccount + o.Value, Label: o.Label})
	}
	f.Ask("", "", &form.Field{Name: "who", Label: "Who", Type: "select", Required: true, Options: who}).Single = true
	return f
}

// readPermit reads whom a permit is for.
func readPermit(f *form.Form, d *tollgate.Device) tollgate.Permit {
	p := tollgate.Permit{Permission: tollgate.PermissionPrivateCall, Device: d.ID}
	text := f.Get("who")
	if id, ok := strings.CutPrefix(text, forGroup); ok {
		p.Group = form.IDOr0(id)
	} else if id, ok := strings.CutPrefix(text, forAccount); ok {
		p.Account = form.IDOr0(id)
	}
	if p.Group == 0 && p.Account == 0 {
		f.Fail("who", "Choose a user or a group.")
	}
	return p
}

// PermitSave lets a user or a group mark calls as private.
func (s Pages) PermitSave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.change(w, r, who, func(d *tollgate.Device, v *frame.Reader, values url.Values) (*form.Form, extra, change) {
		f := permitForm(d, v, nil, values)
		p := readPermit(f, d)
		return f, extra{permitForm: f}, change{
			action: "permit private calls", done: "permit",
			make: func(c *store.Change) error { return c.PutPermit(p) },
		}
	})
}

// PermitDelete takes the permission away.
func (s Pages) PermitDelete(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.change(w, r, who, func(d *tollgate.Device, v *frame.Reader, values url.Values) (*form.Form, extra, change) {
		f := permitForm(d, v, nil, values)
		p := readPermit(f, d)
		return f, extra{permitForm: f}, change{
			action: "end permit of private calls", done: "removed",
			make: func(c *store.Change) error { return c.DeletePermit(p) },
		}
	})
}
