package view

import (
	"cmp"
	"slices"

	"tollgate"
	"tollgate/store"
	"tollgate/web/form"
)

// Names finds what rows refer to by id. It is made from one version of the
// configuration and never changes; money in its accounts is not up to date.
type Names struct {
	Version   int64
	Directory *store.Directory
	Accounts  map[tollgate.ID]*tollgate.Account
	Operators map[tollgate.ID]*tollgate.Operator
	Tariffs   map[tollgate.ID]*tollgate.Tariff
	Devices   map[tollgate.ID]*tollgate.Device

	sorted     []*tollgate.Account
	extensions map[line]*tollgate.Extension
}

// line is where an extension is found.
type line struct {
	device tollgate.ID
	number string
}

// NewNames makes the names of one version of the configuration.
func NewNames(d *store.Directory) *Names {
	n := &Names{
		Version: d.Version, Directory: d,
		Accounts:  make(map[tollgate.ID]*tollgate.Account, len(d.Accounts)),
		Operators: make(map[tollgate.ID]*tollgate.Operator, len(d.Operators)),
		Tariffs:   make(map[tollgate.ID]*tollgate.Tariff, len(d.Tariffs)),
		Devices:   make(map[tollgate.ID]*tollgate.Device, len(d.Devices)),
	}
	for i := range d.Accounts {
		n.Accounts[d.Accounts[i].ID] = &d.Accounts[i]
	}
	for i := range d.Operators {
		n.Operators[d.Operators[i].ID] = &d.Operators[i]
	}
	for i := range d.Tariffs {
		n.Tariffs[d.Tariffs[i].ID] = &d.Tariffs[i]
	}
	for i := range d.Devices {
		n.Devices[d.Devices[i].ID] = &d.Devices[i]
	}
	n.extensions = make(map[line]*tollgate.Extension, len(d.Extensions))
	for i, e := range d.Extensions {
		n.extensions[line{e.Device, e.Number}] = &d.Extensions[i]
	}
	n.sortAccounts()
	return n
}

// Account names the row of that id; empty where there is none.
func (n *Names) Account(id tollgate.ID) string {
	if a := n.Accounts[id]; a != nil {
		return a.Name
	}
	return ""
}

// Operator names the row of that id; empty where there is none.
func (n *Names) Operator(id tollgate.ID) string {
	if o := n.Operators[id]; o != nil {
		return o.Name
	}
	return ""
}

// Tariff names the row of that id; empty where there is none.
func (n *Names) Tariff(id tollgate.ID) string {
	if t := n.Tariffs[id]; t != nil {
		return t.Name
	}
	return ""
}

// Device names the row of that id; empty where there is none.
func (n *Names) Device(id tollgate.ID) string {
	if d := n.Devices[id]; d != nil {
		return d.Name
	}
	return ""
}

// Extension says whose extension a call came from: what the extension is called,
// else its account. It is empty for one of another company, of which who may see
// the call should not learn: devices are shared.
func (n *Names) Extension(c *tollgate.CDR) string {
	e := n.extensions[line{c.Call.Device, c.Extension}]
	if e == nil {
		return ""
	}
	a := n.Accounts[e.Account]
	if a == nil || c.Enterprise != 0 && c.Enterprise != a.Enterprise {
		return ""
	}
	return cmp.Or(e.Name, a.Name)
}

// Parents lists the accounts above one, the nearest last.
func (n *Names) Parents(a *tollgate.Account) []*tollgate.Account {
	const parentsMax = 16 // a ring in the books must not hang a page
	var out []*tollgate.Account
	for id := n.Above(a); id != 0 && len(out) < parentsMax; {
		p := n.Accounts[id]
		if p == nil {
			break
		}
		out = append(out, p)
		id = n.Above(p)
	}
	slices.Reverse(out)
	return out
}

// Above is the parent of an account; an account of an enterprise without a
// parent stands below the enterprise.
func (n *Names) Above(a *tollgate.Account) tollgate.ID {
	if a.Parent == 0 && a.Enterprise != a.ID {
		return a.Enterprise
	}
	return a.Parent
}

// optionsMax bounds a list to choose from. A house with more accounts than that
// chooses among its companies and does the rest by file or over the API.
const optionsMax = 500

// AccountChoices lists the accounts of a scope as choices, by company, with
// the one that is chosen. Calling cards, of which there may be thousands, pay for
// nothing by being chosen.
func (n *Names) AccountChoices(none string, scope store.Scope, chosen tollgate.ID) []form.Option {
	var rows, companies []*tollgate.Account
	for _, a := range n.sorted {
		if scope != store.Everything && a.Enterprise != tollgate.ID(scope) || a.Kind == tollgate.KindCard && a.ID != chosen {
			continue
		}
		rows = append(rows, a)
		if a.ID == a.Enterprise || a.ID == chosen {
			companies = append(companies, a)
		}
	}
	if len(rows) > optionsMax {
		rows = companies[:min(len(companies), optionsMax)]
	}
	return form.Choices(none, rows, func(a *tollgate.Account) (tollgate.ID, string) {
		if a.ID == a.Enterprise {
			return a.ID, a.Name
		}
		return a.ID, n.Account(a.Enterprise) + " · " + a.Name
	})
}

// sortAccounts puts accounts in the order of their companies' names, each
// company before what belongs to it.
func (n *Names) sortAccounts() {
	for _, a := range n.Accounts {
		n.sorted = append(n.sorted, a)
	}
	slices.SortFunc(n.sorted, func(a, b *tollgate.Account) int {
		if a.Enterprise != b.Enterprise {
			return cmp.Or(CompareNames(n.Account(a.Enterprise), n.Account(b.Enterprise)),
				cmp.Compare(a.Enterprise, b.Enterprise))
		}
		switch a.Enterprise {
		case a.ID:
			return -1
		case b.ID:
			return 1
		}
		return cmp.Or(CompareNames(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// TariffChoices lists the tariffs as choices.
func (n *Names) TariffChoices(none string) []form.Option {
	return form.Choices(none, n.Directory.Tariffs, func(t tollgate.Tariff) (tollgate.ID, string) {
		return t.ID, t.Name + " (" + string(t.Currency) + ")"
	})
}

// OperatorChoices lists the operators as choices.
func (n *Names) OperatorChoices(none string) []form.Option {
	return form.Choices(none, n.Directory.Operators, func(o tollgate.Operator) (tollgate.ID, string) {
		return o.ID, o.Name
	})
}

// NoCompanyHint says what to do where there is no company to choose; empty
// where there is one.
func (n *Names) NoCompanyHint() string {
	for _, a := range n.sorted {
		if a.ID == a.Enterprise {
			return ""
		}
	}
	return "There is none yet: make one under Accounts first."
}

// EnterpriseChoices lists the companies as choices.
func (n *Names) EnterpriseChoices(none string) []form.Option {
	var rows []*tollgate.Account
	for _, a := range n.sorted {
		if a.ID == a.Enterprise {
			rows = append(rows, a)
		}
	}
	rows = rows[:min(len(rows), optionsMax)]
	return form.Choices(none, rows, func(a *tollgate.Account) (tollgate.ID, string) { return a.ID, a.Name })
}
