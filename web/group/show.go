package group

import (
	"net/http"
	"net/url"
	"slices"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// showPage is one group with its members.
type showPage struct {
	frame.Page
	MayChange bool
	Group     tollgate.Group
	Company   string
	Members   []member
	Form      *form.Form
}

type member struct {
	ID   tollgate.ID
	Name string
}

func memberForm(g *tollgate.Group, v *frame.Reader, values url.Values) *form.Form {
	f := form.New(path(g.ID)+"/members", "Add member", values)
	f.Ask("", "", &form.Field{
		Name: "account", Label: "Account", Type: "select", Required: true,
		Options: v.Names.AccountChoices("Choose…", store.Scope(g.Enterprise), form.IDOr0(values.Get("account"))),
	}).Single = true
	return f
}

// Show shows one group.
func (s Pages) Show(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	g, err := s.find(r, who)
	if err != nil {
		return err
	}
	return s.show(w, r, who, v, &g, memberForm(&g, v, url.Values{}))
}

func (s Pages) show(
	w http.ResponseWriter, r *http.Request, who access.Principal, v *frame.Reader, g *tollgate.Group, f *form.Form,
) error {
	p := &showPage{
		Page: frame.Page{Title: g.Name, Section: "Accounts"}, MayChange: who.May(access.SetTerms),
		Group: *g, Company: v.Names.Account(g.Enterprise), Form: f,
	}
	for _, id := range g.Members {
		p.Members = append(p.Members, member{id, v.Names.Account(id)})
	}
	slices.SortStableFunc(p.Members, func(a, b member) int { return view.CompareNames(a.Name, b.Name) })
	return s.Send(w, r, f.Status(), "group_show", p)
}

// Member adds an account to a group.
func (s Pages) Member(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.members(w, r, who, func(g *tollgate.Group, f *form.Form) {
		f.Require("account")
		g.Members = append(g.Members, f.ID("account"))
	})
}

// Leave takes an account out of a group.
func (s Pages) Leave(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	return s.members(w, r, who, func(g *tollgate.Group, f *form.Form) {
		gone := f.ID("account")
		g.Members = slices.DeleteFunc(g.Members, func(id tollgate.ID) bool { return id == gone })
	})
}

// members stores a group with other members.
func (s Pages) members(
	w http.ResponseWriter, r *http.Request, who access.Principal, change func(*tollgate.Group, *form.Form),
) error {
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	g, err := s.find(r, who)
	if err != nil {
		return err
	}
	f := memberForm(&g, v, values)
	wanted := g
	wanted.Members = slices.Clone(g.Members)
	change(&wanted, f)
	saved, err := s.Apply(r, who, f, "save group", func(c *store.Change) error {
		stored := wanted
		return c.PutGroup(&stored)
	})
	if err != nil {
		return err
	}
	if saved {
		http.Redirect(w, r, path(g.ID), http.StatusSeeOther)
		return nil
	}
	return s.show(w, r, who, v, &g, f)
}

// Delete takes a group away, with what it permits.
func (s Pages) Delete(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	g, err := s.find(r, who)
	if err != nil {
		return err
	}
	err = s.Store.Change(r.Context(), who.Actor(), "remove group", func(c *store.Change) error {
		return c.DeleteGroup(g.ID)
	})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/groups?done=removed", http.StatusSeeOther)
	return nil
}
