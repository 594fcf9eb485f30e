package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// names finds what rows refer to by id. It is made from one version of the
// configuration and never changes; money in its accounts is not up to date.
type names struct {
	version   int64
	directory *store.Directory
	accounts  map[tollgate.ID]*tollgate.Account
	operators map[tollgate.ID]*tollgate.Operator
	tariffs   map[tollgate.ID]*tollgate.Tariff
	devices   map[tollgate.ID]*tollgate.Device
}

// names returns the names in force and reads them anew when they changed.
func (s *site) names(ctx context.Context) (*names, error) {
	version, err := s.Store.ConfigVersion(ctx)
	if err != nil {
		return nil, err
	}
	if n := s.known.Load(); n != nil && n.version == version {
		return n, nil
	}
	d, err := s.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	n := newNames(d)
	s.known.Store(n)
	return n, nil
}

func newNames(d *store.Directory) *names {
	n := &names{
		version: d.Version, directory: d,
		accounts:  make(map[tollgate.ID]*tollgate.Account, len(d.Accounts)),
		operators: make(map[tollgate.ID]*tollgate.Operator, len(d.Operators)),
		tariffs:   make(map[tollgate.ID]*tollgate.Tariff, len(d.Tariffs)),
		devices:   make(map[tollgate.ID]*tollgate.Device, len(d.Devices)),
	}
	for i := range d.Accounts {
		n.accounts[d.Accounts[i].ID] = &d.Accounts[i]
	}
	for i := range d.Operators {
		n.operators[d.Operators[i].ID] = &d.Operators[i]
	}
	for i := range d.Tariffs {
		n.tariffs[d.Tariffs[i].ID] = &d.Tariffs[i]
	}
	for i := range d.Devices {
		n.devices[d.Devices[i].ID] = &d.Devices[i]
	}
	return n
}

func (n *names) account(id tollgate.ID) string {
	if a := n.accounts[id]; a != nil {
		return a.Name
	}
	return ""
}

func (n *names) operator(id tollgate.ID) string {
	if o := n.operators[id]; o != nil {
		return o.Name
	}
	return ""
}

func (n *names) tariff(id tollgate.ID) string {
	if t := n.tariffs[id]; t != nil {
		return t.Name
	}
	return ""
}

func (n *names) device(id tollgate.ID) string {
	if d := n.devices[id]; d != nil {
		return d.Name
	}
	return ""
}

// parents lists the accounts above one, the nearest last.
func (n *names) parents(a *tollgate.Account) []*tollgate.Account {
	const parentsMax = 16 // a ring in the books must not hang a page
	var out []*tollgate.Account
	for id := n.above(a); id != 0 && len(out) < parentsMax; {
		p := n.accounts[id]
		if p == nil {
			break
		}
		out = append(out, p)
		id = n.above(p)
	}
	slices.Reverse(out)
	return out
}

// above is the parent of an account; an account of an enterprise without a
// parent stands below the enterprise.
func (n *names) above(a *tollgate.Account) tollgate.ID {
	if a.Parent == 0 && a.Enterprise != a.ID {
		return a.Enterprise
	}
	return a.Parent
}

// Limits of lists to choose from. A field with more rows than that is filled in
// by file or over the API.
const optionsMax = 2000

// accountChoices lists the accounts of a scope as choices, by enterprise.
func (n *names) accountChoices(none string, scope store.Scope) []option {
	var rows []*tollgate.Account
	for i := range n.directory.Accounts {
		a := &n.directory.Accounts[i]
		if scope == store.Everything || a.Enterprise == tollgate.ID(scope) {
			rows = append(rows, a)
		}
	}
	slices.SortFunc(rows, func(a, b *tollgate.Account) int {
		return cmp.Or(cmp.Compare(n.account(a.Enterprise), n.account(b.Enterprise)),
			cmp.Compare(a.Enterprise, b.Enterprise),
			-compareBool(a.ID == a.Enterprise, b.ID == b.Enterprise), cmp.Compare(a.Name, b.Name))
	})
	rows = rows[:min(len(rows), optionsMax)]
	return choices(none, rows, func(a *tollgate.Account) (tollgate.ID, string) {
		if a.ID == a.Enterprise {
			return a.ID, a.Name
		}
		return a.ID, n.account(a.Enterprise) + " · " + a.Name
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

func (n *names) tariffChoices(none string) []option {
	return choices(none, n.directory.Tariffs, func(t tollgate.Tariff) (tollgate.ID, string) {
		return t.ID, t.Name + " (" + string(t.Currency) + ")"
	})
}

func (n *names) operatorChoices(none string) []option {
	return choices(none, n.directory.Operators, func(o tollgate.Operator) (tollgate.ID, string) {
		return o.ID, o.Name
	})
}

func (n *names) enterpriseChoices(none string) []option {
	var rows []*tollgate.Account
	for i := range n.directory.Accounts {
		if a := &n.directory.Accounts[i]; a.ID == a.Enterprise {
			rows = append(rows, a)
		}
	}
	slices.SortFunc(rows, func(a, b *tollgate.Account) int { return cmp.Compare(a.Name, b.Name) })
	rows = rows[:min(len(rows), optionsMax)]
	return choices(none, rows, func(a *tollgate.Account) (tollgate.ID, string) { return a.ID, a.Name })
}

// reader is a request with what nearly every page needs to answer it.
type reader struct {
	names *names
	told  clockwork
	house bool // may see what calls cost
	scope store.Scope
}

func (s *site) reader(r *http.Request, who access.Principal) (*reader, error) {
	n, err := s.names(r.Context())
	if err != nil {
		return nil, err
	}
	return &reader{
		names: n, told: clockwork{zone: s.zone(n, who), now: s.Now()},
		house: who.May(access.ReadHouse), scope: who.Scope(),
	}, nil
}

// rows makes the views of calls.
func (v *reader) rows(calls []tollgate.CDR) []callRow {
	out := make([]callRow, len(calls))
	for i := range calls {
		out[i] = newCallRow(&calls[i], v.names, v.told, v.house)
	}
	return out
}

// dayStart is midnight before now in the zone.
func (c clockwork) dayStart() time.Time {
	y, m, d := c.now.In(c.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, c.zone)
}

// id reads the id in the path.
func pathID(r *http.Request) (tollgate.ID, error) {
	var id tollgate.ID
	if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		return 0, tollgate.Errorf(tollgate.CodeNotFound, "there is no page %s", r.URL.Path)
	}
	return id, nil
}
