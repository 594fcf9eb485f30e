package view

import (
	"time"

	"tollgate"
)

// AccountRow is one account of a list.
type AccountRow struct {
	ID        tollgate.ID
	Name      string
	Kind      string
	Mode      string
	Code      string
	Tariff    string
	Indent    string // class that moves it under its parent
	Frozen    bool
	Balance   *Amount // nil: it has no money of its own
	Available *Amount
	NoLimit   bool
}

// AccountTree puts every account below its parent where that is on the page too.
func AccountTree(accounts []tollgate.Account, n *Names) []AccountRow {
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
	rows := make([]AccountRow, 0, len(accounts))
	var walk func(level []*tollgate.Account)
	walk = func(level []*tollgate.Account) {
		for _, a := range level {
			rows = append(rows, NewAccountRow(a, n))
			walk(children[a.ID])
		}
	}
	walk(roots)
	return rows
}

// indentMax is how far names move to the right.
const indentMax = 4

// NewAccountRow makes the view of an account.
func NewAccountRow(a *tollgate.Account, n *Names) AccountRow {
	row := AccountRow{
		ID: a.ID, Name: a.Name, Kind: KindText(a.Kind), Mode: ModeText(a, n), Code: a.Code,
		Tariff: n.Tariff(a.Tariff), Frozen: a.Frozen,
	}
	if depth := min(len(n.Parents(a)), indentMax); depth > 0 {
		row.Indent = "tree-" + Count(int64(depth))
	}
	if a.Mode == tollgate.ModeParent {
		return row
	}
	if row.NoLimit = !a.Limited(); !row.NoLimit {
		row.Available = NewAmount(tollgate.Money{Micro: a.Available(), Currency: a.Currency})
	}
	if a.Mode != tollgate.ModeQuota {
		row.Balance = NewAmount(tollgate.Money{Micro: a.Balance, Currency: a.Currency})
	}
	return row
}

// KindText names a kind of account for people.
func KindText(k tollgate.AccountKind) string {
	if k == tollgate.KindEnterprise {
		return "company"
	}
	return string(k)
}

// ModeText says how an account pays.
func ModeText(a *tollgate.Account, n *Names) string {
	switch a.Mode {
	case tollgate.ModeParent:
		if name := n.Account(n.Above(a)); name != "" {
			return name + " pays"
		}
		return "its parent pays"
	case tollgate.ModeQuota:
		return "quota " + ResetText(a)
	case tollgate.ModePrepaid, tollgate.ModePostpaid:
	}
	return string(a.Mode)
}

// ResetText says how often what is used of a quota returns to zero.
func ResetText(a *tollgate.Account) string {
	switch a.Reset {
	case tollgate.Never, "":
		return "once"
	case tollgate.Weekly:
		return "per week, from " + time.Weekday(a.WeekStart).String()
	default:
		return "per " + string(a.Reset)
	}
}
