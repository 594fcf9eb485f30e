package batch

import (
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
)

// The columns of an account sheet, by place in accountForm.
const (
	accountEnterprise = iota
	accountKind
	accountName
	accountParent
	accountMode
	accountCode
	accountCurrency
	accountTariff
	accountCreditLimit
	accountAllowance
	accountReset
	accountTimezone
	accountFrozen
	accountBalance
	accountBills
	accountBusiness
	accountLowCredit
	accountWeekStart
)

// accountForm has the columns of accounts. An account is known by its name
// within its enterprise; parent and tariff are named too. The balance is
// exported for people and ignored on import: money moves by transfers only.
func accountForm() Form {
	return Form{
		Columns: []string{
			"enterprise", "kind", "name", "parent", "mode", "code", "currency", "tariff",
			"credit_limit", "allowance", "reset", "timezone", "frozen", "balance",
			"bills", "business", "low_credit", "week_start",
		},
		Required: []string{"enterprise", "kind", "name", "currency"},
	}
}

// accountRow is one line of an account sheet before names are looked up.
type accountRow struct {
	line                       int
	enterprise, parent, tariff string
	account                    tollgate.Account
}

// readAccounts reads every line of a sheet.
func readAccounts(r io.Reader) (rows []accountRow, rejects []Reject, err error) {
	sheet, err := NewSheet(r, accountForm())
	if err != nil {
		return nil, nil, err
	}
	for row, reject := range sheet.Rows() {
		var parsed accountRow
		if reject == nil {
			parsed, reject = readAccount(row)
		}
		if reject != nil {
			rejects = append(rejects, *reject)
			continue
		}
		rows = append(rows, parsed)
	}
	return rows, rejects, sheet.Err()
}

func readAccount(row *Row) (accountRow, *Reject) {
	parsed := accountRow{
		line: row.Line(), enterprise: row.Text(accountEnterprise), parent: row.Text(accountParent),
		tariff: row.Text(accountTariff),
		account: tollgate.Account{
			Kind: tollgate.AccountKind(row.Text(accountKind)), Name: row.Text(accountName),
			Mode: tollgate.Mode(row.Text(accountMode)), Code: row.Text(accountCode),
			Currency: tollgate.Currency(row.Text(accountCurrency)),
			Reset:    tollgate.Period(row.Text(accountReset)), Timezone: row.Text(accountTimezone),
			Bills:    tollgate.Billing(row.Text(accountBills)),
			Business: tollgate.BusinessPay(row.Text(accountBusiness)),
		},
	}
	a := &parsed.account
	switch a.Kind {
	case tollgate.KindEnterprise, tollgate.KindUser, tollgate.KindGateway, tollgate.KindCard:
	default:
		return parsed, row.Reject(accountKind, "want enterprise, user, gateway or card")
	}
	if a.Mode == "" {
		a.Mode = tollgate.ModePostpaid
	}
	if !slices.Contains([]tollgate.Mode{
		tollgate.ModePrepaid, tollgate.ModePostpaid, tollgate.ModeQuota, tollgate.ModeParent,
	}, a.Mode) {
		return parsed, row.Reject(accountMode, "want prepaid, postpaid, quota or parent")
	}
	if a.Reset != "" && !slices.Contains([]tollgate.Period{
		tollgate.Never, tollgate.Hourly, tollgate.Daily, tollgate.Weekly, tollgate.Monthly,
	}, a.Reset) {
		return parsed, row.Reject(accountReset, "want never, hour, day, week or month")
	}
	var reject *Reject
	if a.CreditLimit, reject = row.amount(accountCreditLimit); reject != nil {
		return parsed, reject
	}
	if a.Allowance, reject = row.amount(accountAllowance); reject != nil {
		return parsed, reject
	}
	if reject = readBilling(row, a); reject != nil {
		return parsed, reject
	}
	a.Frozen, reject = row.truth(accountFrozen)
	return parsed, reject
}

// readBilling reads what an account may say beyond its terms; empty is what is usual.
func readBilling(row *Row, a *tollgate.Account) (reject *Reject) {
	a.Bills, a.Business = cmp.Or(a.Bills, tollgate.BillAll), cmp.Or(a.Business, tollgate.BusinessOwn)
	if !slices.Contains([]tollgate.Billing{
		tollgate.BillAll, tollgate.BillPrivate, tollgate.BillBusiness,
	}, a.Bills) {
		return row.Reject(accountBills, "want all, private or business")
	}
	if a.Business != tollgate.BusinessOwn && a.Business != tollgate.BusinessEnterprise {
		return row.Reject(accountBusiness, "want own or enterprise")
	}
	day, ok := ParseWeekday(row.Text(accountWeekStart))
	if !ok {
		return row.Reject(accountWeekStart, "want a day such as monday")
	}
	a.WeekStart = day
	a.LowCredit, reject = row.amount(accountLowCredit)
	return reject
}

// Weekday is the English name of a day of the week, 0 for Sunday to 6, as
// sheets and the API write it.
func Weekday(day int) string { return strings.ToLower(time.Weekday(day).String()) }

// ParseWeekday is the other way round. Empty is Monday, with which a week
// begins where nobody says otherwise.
func ParseWeekday(name string) (day int, ok bool) {
	if name == "" {
		return int(time.Monday), true
	}
	for day := range 7 {
		if strings.EqualFold(name, Weekday(day)) {
			return day, true
		}
	}
	return 0, false
}

// amount reads money that is not negative; empty is 0.
func (r *Row) amount(column int) (int64, *Reject) {
	text := r.Field(column)
	if len(text) == 0 {
		return 0, nil
	}
	micro, err := tollgate.ParseMicro(string(text))
	if err != nil || micro < 0 {
		return 0, r.Reject(column, "want an amount such as 25 or 25.50")
	}
	return micro, nil
}

// ImportAccounts adds the accounts of a sheet and changes those that are there
// already; it removes none. If any line is refused nothing is imported.
func ImportAccounts(
	ctx context.Context, db *store.DB, actor store.Actor, r io.Reader, dryRun bool,
) (Preview, []Reject, error) {
	rows, rejects, err := readAccounts(r)
	if err != nil || len(rejects) > 0 {
		return Preview{}, rejects, err
	}
	directory, err := db.Directory(ctx)
	if err != nil {
		return Preview{}, nil, err
	}
	return apply(ctx, db, actor, "import accounts", dryRun,
		func(c *store.Change) (preview Preview, rejects []Reject, err error) {
			names := newRoster(directory)
			for _, row := range rows {
				reject, err := names.putAccount(c, row, &preview)
				if err != nil {
					return preview, rejects, err
				}
				if reject != nil {
					rejects = append(rejects, *reject)
				}
			}
			return preview, rejects, nil
		})
}

// roster finds things by the names that sheets use.
type roster struct {
	accounts map[rosterKey]tollgate.Account
	twice    map[rosterKey]bool // names that two accounts of an enterprise share
	names    map[tollgate.ID]string
	tariffs  map[rosterKey]tollgate.ID
	devices  map[string]tollgate.Device
}

// rosterKey is an enterprise's name and a name in it.
type rosterKey struct{ enterprise, name string }

func newRoster(d *store.Directory) *roster {
	r := &roster{
		accounts: make(map[rosterKey]tollgate.Account), twice: make(map[rosterKey]bool),
		names:   make(map[tollgate.ID]string),
		tariffs: make(map[rosterKey]tollgate.ID), devices: make(map[string]tollgate.Device),
	}
	for _, a := range d.Accounts {
		r.names[a.ID] = a.Name
	}
	for _, a := range d.Accounts {
		if a.Kind == tollgate.KindHouse {
			continue // no sheet names it
		}
		key := rosterKey{r.names[a.Enterprise], a.Name}
		_, r.twice[key] = r.accounts[key]
		r.accounts[key] = a
	}
	for _, t := range d.Tariffs {
		r.names[t.ID] = t.Name
		r.tariffs[rosterKey{r.names[t.Enterprise], t.Name}] = t.ID
	}
	for _, device := range d.Devices {
		r.names[device.ID] = device.Name
		r.devices[device.Name] = device
	}
	return r
}

// tariff finds a tariff of the enterprise, or else of the house.
func (r *roster) tariff(enterprise, name string) (tollgate.ID, bool) {
	if id, ok := r.tariffs[rosterKey{enterprise, name}]; ok || name == "" {
		return id, true
	}
	id, ok := r.tariffs[rosterKey{"", name}]
	return id, ok
}

// putAccount stores one line's account.
func (r *roster) putAccount(c *store.Change, row accountRow, preview *Preview) (*Reject, error) {
	refuse := func(column int, value, reason string) (*Reject, error) {
		return &Reject{
			Line: row.line, Column: accountForm().Columns[column], Value: value, Reason: reason,
		}, nil
	}
	a := row.account
	key := rosterKey{row.enterprise, a.Name}
	if a.Kind == tollgate.KindEnterprise && row.enterprise != a.Name {
		return refuse(accountEnterprise, row.enterprise, "an enterprise's own line repeats its name here")
	}
	if r.twice[key] {
		return refuse(accountName, a.Name, "two accounts of the enterprise have this name: rename one first")
	}
	before, found := r.accounts[key]
	if found {
		a.ID, a.Enterprise = before.ID, before.Enterprise
		a.Balance, a.Reserved, a.Used, a.Created = before.Balance, before.Reserved, before.Used, before.Created
		a.PeriodStart = before.PeriodStart
	} else if a.Kind != tollgate.KindEnterprise {
		head, ok := r.accounts[rosterKey{row.enterprise, row.enterprise}]
		if !ok {
			return refuse(accountEnterprise, row.enterprise, "no such enterprise: give it a line above this one")
		}
		a.Enterprise = head.ID
	}
	var ok bool
	if a.Tariff, ok = r.tariff(row.enterprise, row.tariff); !ok {
		return refuse(accountTariff, row.tariff, "no such tariff")
	}
	a.Parent = before.Parent
	if a.Kind != tollgate.KindEnterprise && (row.parent != "" || !found || before.Parent != 0) {
		holder, ok := r.accounts[rosterKey{row.enterprise, cmp.Or(row.parent, row.enterprise)}]
		if !ok {
			return refuse(accountParent, row.parent, "no such account: give it a line above this one")
		}
		a.Parent = holder.ID
	}
	if a.Kind == tollgate.KindEnterprise && a.Timezone == "" {
		a.Timezone = before.Timezone
		if !found {
			a.Timezone = "UTC"
		}
	} // anybody else without a zone has that of the account above
	if a.Reset == "" {
		a.Reset = tollgate.Never
	}
	preview.count(found, a != before, string(a.Kind)+" "+a.Name)
	if found && a == before {
		return nil, nil
	}
	if err := c.PutAccount(&a); err != nil {
		return refused(row.line, err)
	}
	r.accounts[key], r.names[a.ID] = a, a.Name
	return nil, nil
}

// ExportAccounts writes every account of the scope so that ImportAccounts reads it back.
func ExportAccounts(ctx context.Context, db *store.DB, scope store.Scope, w io.Writer) error {
	directory, err := db.Directory(ctx)
	if err != nil {
		return err
	}
	names := newRoster(directory).names
	writer := NewWriter(w, accountForm().Columns...)
	for _, a := range sortedAccounts(directory.Accounts) {
		if !covers(scope, a.Enterprise) {
			continue
		}
		writer.Write(names[a.Enterprise], string(a.Kind), a.Name, names[a.Parent], string(a.Mode),
			a.Code, string(a.Currency), names[a.Tariff], tollgate.FormatMicro(a.CreditLimit),
			tollgate.FormatMicro(a.Allowance), string(a.Reset), a.Timezone,
			strconv.FormatBool(a.Frozen), tollgate.FormatMicro(a.Balance), string(a.Bills), string(a.Business),
			tollgate.FormatMicro(a.LowCredit), Weekday(a.WeekStart))
	}
	return writer.Flush()
}

// sortedAccounts orders accounts so that each stands below its parent, or below
// its company where it has none.
func sortedAccounts(accounts []tollgate.Account) []tollgate.Account {
	children := make(map[tollgate.ID][]tollgate.Account)
	for _, a := range accounts {
		above := a.Parent
		if above == 0 && a.Kind != tollgate.KindEnterprise {
			above = a.Enterprise
		}
		if a.Kind != tollgate.KindHouse {
			children[above] = append(children[above], a)
		}
	}
	for id := range maps.Keys(children) {
		slices.SortFunc(children[id], func(a, b tollgate.Account) int {
			return strings.Compare(a.Name, b.Name)
		})
	}
	var sorted []tollgate.Account
	var walk func(parent tollgate.ID)
	walk = func(parent tollgate.ID) {
		for _, a := range children[parent] {
			sorted = append(sorted, a)
			walk(a.ID)
		}
	}
	walk(0)
	return sorted
}
