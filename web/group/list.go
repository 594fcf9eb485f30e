package group

import (
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// listPage lists the groups.
type listPage struct {
	frame.Page
	Groups []row
	Form   *form.Form // nil: not allowed
}

type row struct{ Path, Name, Company, Members string }

func newForm(v *frame.Reader, values url.Values) *form.Form {
	f := form.New("/groups", "Add group", values)
	f.Ask("", "",
		&form.Field{
			Name: "enterprise", Label: "Company", Type: "select", Required: true,
			Options: v.Names.EnterpriseChoices("Choose…"), Hint: v.Names.NoCompanyHint(),
		},
		&form.Field{Name: "name", Label: "Name", Required: true, Placeholder: "Managers"},
	).Single = true
	return f
}

// List lists the groups.
func (s Pages) List(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	return s.list(w, r, who, v, newForm(v, url.Values{}))
}

// Add makes a group without members.
func (s Pages) Add(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	f := newForm(v, values)
	f.Require("enterprise", "name")
	var stored tollgate.Group
	saved, err := s.Apply(r, who, f, "save group", func(c *store.Change) error {
		stored = tollgate.Group{Enterprise: f.ID("enterprise"), Name: f.Get("name")}
		return c.PutGroup(&stored)
	})
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, path(stored.ID)+"?done=group", http.StatusSeeOther)
		return nil
	}
	return s.list(w, r, who, v, f)
}

func (s Pages) list(
	w http.ResponseWriter, r *http.Request, who access.Principal, v *frame.Reader, f *form.Form,
) error {
	groups, err := s.Store.Groups(r.Context(), v.Scope)
	if err != nil {
		return err
	}
	p := &listPage{Page: frame.Page{Title: "Groups", Section: "Accounts"}}
	if who.May(access.SetTerms) {
		p.Form = f
	}
	for _, g := range groups {
		p.Groups = append(p.Groups, row{
			Path: path(g.ID), Name: g.Name, Company: v.Names.Account(g.Enterprise),
			Members: view.Count(int64(len(g.Members))),
		})
	}
	return s.Send(w, r, f.Status(), "group_list", p)
}
