package account

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

// ListPage lists accounts as the tree they are.
type ListPage struct {
	frame.Page
	MayChange bool
	Filters   []*form.Field
	Filtered  bool
	Accounts  []view.AccountRow
	Pager     view.Pager
}

// accountRows is how many accounts a page lists.
const accountRows = 200

// List lists accounts.
func (s Pages) List(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	f := form.New("/accounts", "Search", query)
	f.Ask("", "",
		&form.Field{Name: "search", Label: "Name or code"},
		&form.Field{Name: "kind", Label: "Kind", Type: "select", Options: kindOptions("Any kind")})
	filter := store.AccountFilter{Search: f.Get("search"), Kind: tollgate.AccountKind(f.Get("kind"))}
	found, err := s.Store.Accounts(r.Context(), v.Scope, filter,
		store.Paging{After: query.Get("after"), Rows: accountRows})
	if err != nil {
		return err
	}
	p := &ListPage{
		Page:      frame.Page{Title: "Accounts", Section: "Accounts"},
		MayChange: who.May(access.SetTerms), Filters: f.Sections[0].Fields,
		Filtered: filter != store.AccountFilter{}, Accounts: view.AccountTree(found.Items, v.Names),
	}
	p.Pager.NextLabel, p.Pager.BackLabel = "Next", "First"
	p.Pager.Text = view.Plural(len(p.Accounts), "account", "accounts") + " on this page"
	if found.Next != "" {
		query.Set("after", found.Next)
		p.Pager.Next = "/accounts?" + query.Encode()
	}
	if r.URL.Query().Has("after") {
		query.Del("after")
		p.Pager.Back = "/accounts?" + query.Encode()
	}
	return s.Send(w, r, http.StatusOK, "account_list", p)
}

func kindOptions(none string) []form.Option {
	out := []form.Option{}
	if none != "" {
		out = append(out, form.Option{Label: none})
	}
	kinds := []tollgate.AccountKind{
		tollgate.KindEnterprise, tollgate.KindUser, tollgate.KindGateway, tollgate.KindCard,
	}
	for _, k := range kinds {
		out = append(out, form.Option{Value: string(k), Label: view.KindText(k)})
	}
	return slices.Clip(out)
}

// path is an account's page, with what was done.
func path(id tollgate.ID, done string) string {
	path := "/accounts/" + id.String()
	if done != "" {
		path += "?" + url.Values{"done": {done}}.Encode()
	}
	return path
}
