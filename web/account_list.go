package web

import (
	"net/http"
	"net/url"
	"slices"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/view"
)

// accountListPage lists accounts as the tree they are.
type accountListPage struct {
	page
	MayChange bool
	Filters   []*form.Field
	Filtered  bool
	Accounts  []accountRow
	Pager     view.Pager
}

// accountRow is one account of a list.
type accountRow struct {
	ID        tollgate.ID
	Name      string
	Kind      string
	Mode      string
	Code      string
	Tariff    string
	Indent    string // class that moves it under its parent
	Frozen    bool
	Balance   *view.Amount // nil: it has no money of its own
	Available *view.Amount
}

// accountRows is how many accounts a page lists.
const accountRows = 200

func (s *site) accountList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	f := form.New("/accounts", "Search", query)
	f.Ask("", "",
		&form.Field{Name: "search", Label: "Name or code"},
		&form.Field{Name: "kind", Label: "Kind", Type: "select", Options: kindOptions("Any kind")})
	filter := store.AccountFilter{Search: f.Get("search"), Kind: tollgate.AccountKind(f.Get("kind"))}
	found, err := s.Store.Accounts(r.Context(), v.scope, filter,
		store.Paging{After: query.Get("after"), Rows: accountRows})
	if err != nil {
		return err
	}
	p := &accountListPage{
		page:      page{Title: "Accounts", Section: "Accounts"},
		MayChange: who.May(access.SetTerms), Filters: f.Sections[0].Fields,
		Filtered: filter != store.AccountFilter{}, Accounts: accountTree(found.Items, v.names),
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
	return s.show(w, r, http.StatusOK, "account_list", p)
}

// accountTree puts every account below its parent where that is on the page too.
func accountTree(accounts []tollgate.Account, n *view.Names) []accountRow {
	children := map[tollgate.ID][]*tollgate.Account{}
	here := map[tollgate.ID]bool{}
	for i := range accounts {
		here[accounts[i].ID] = true
	}
	var roots []*tollgate.Account
	for i := range accounts {
		a := &accounts[i]
		if parent := n.Above(a); parent != 0 && here[parent] {
			children[parent] = append(children[parent], a)
		} else {
			roots = append(roots, a)
		}
	}
	rows := make([]accountRow, 0, len(accounts))
	var walk func(level []*tollgate.Account)
	walk = func(level []*tollgate.Account) {
		for _, a := range level {
			rows = append(rows, newAccountRow(a, n))
			walk(children[a.ID])
		}
	}
	walk(roots)
	return rows
}

// indentMax is how far names move to the right.
const indentMax = 4

func newAccountRow(a *tollgate.Account, n *view.Names) accountRow {
	row := accountRow{
		ID: a.ID, Name: a.Name, Kind: kindText(a.Kind), Mode: modeText(a, n), Code: a.Code,
		Tariff: n.Tariff(a.Tariff), Frozen: a.Frozen,
	}
	if depth := min(len(n.Parents(a)), indentMax); depth > 0 {
		row.Indent = "tree-" + view.Count(int64(depth))
	}
	if a.Mode == tollgate.ModeParent {
		return row
	}
	row.Available = view.NewAmount(tollgate.Money{Micro: a.Available(), Currency: a.Currency})
	if a.Mode != tollgate.ModeQuota {
		row.Balance = view.NewAmount(tollgate.Money{Micro: a.Balance, Currency: a.Currency})
	}
	return row
}

func kindText(k tollgate.AccountKind) string {
	if k == tollgate.KindEnterprise {
		return "company"
	}
	return string(k)
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
		out = append(out, form.Option{Value: string(k), Label: kindText(k)})
	}
	return slices.Clip(out)
}

// modeText says how an account pays.
func modeText(a *tollgate.Account, n *view.Names) string {
	switch a.Mode {
	case tollgate.ModeParent:
		if name := n.Account(n.Above(a)); name != "" {
			return name + " pays"
		}
		return "its parent pays"
	case tollgate.ModeQuota:
		if a.Reset == tollgate.Never || a.Reset == "" {
			return "quota, once"
		}
		return "quota per " + string(a.Reset)
	case tollgate.ModePrepaid, tollgate.ModePostpaid:
	}
	return string(a.Mode)
}

// accountPath is an account's page, with what was done.
func accountPath(id tollgate.ID, done string) string {
	path := "/accounts/" + id.String()
	if done != "" {
		path += "?" + url.Values{"done": {done}}.Encode()
	}
	return path
}
