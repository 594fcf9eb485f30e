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

// Limits of lists to choose from. A field with more rows than that is filled in
// by file or over the API.
const optionsMax = 2000

// AccountChoices lists the accounts of a scope as choices, by enterprise.
func (n *Names) AccountChoices(none string, scope store.Scope) []form.Option {
	var rows []*tollgate.Account
	for i := range n.Directory.Accounts {
		a := &n.Directory.Accounts[i]
		if scope == store.Everything || a.Enterprise == tollgate.ID(scope) {
			rows = append(rows, a)
		}
	}
	slices.SortFunc(rows, func(a, b *tollgate.Account) int {
		return cmp.Or(cmp.Compare(n.Account(a.Enterprise), n.Account(b.Enterprise)),
			cmp.Compare(a.Enterprise, b.Enterprise),
			-compareBool(a.ID == a.Enterprise, b.ID == b.Enterprise), cmp.Compare(a.Name, b.Name))
	})
	rows = rows[:min(len(rows), optionsMax)]
	return form.Choices(none, rows, func(a *tollgate.Account) (tollgate.ID, string) {
		if a.ID == a.Enterprise {
			return a.ID, a.Name
		}
		return a.ID, n.Account(a.Enterprise) + " · " + a.Name
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
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

// EnterpriseChoices lists the companies as choices.
func (n *Names) EnterpriseChoices(none string) []form.Option {
	var rows []*tollgate.Account
	for i := range n.Directory.Accounts {
		if a := &n.Directory.Accounts[i]; a.ID == a.Enterprise {
			rows = append(rows, a)
		}
	}
	slices.SortFunc(rows, func(a, b *tollgate.Account) int { return cmp.Compare(a.Name, b.Name) })
	rows = rows[:min(len(rows), optionsMax)]
	return form.Choices(none, rows, func(a *tollgate.Account) (tollgate.ID, string) { return a.ID, a.Name })
}
