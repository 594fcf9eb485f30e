package store

import (
	"cmp"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

const accountColumns = `enterprise_id, id, parent_id, kind, mode, name, code, currency,
	tariff_id, timezone, balance, reserved, credit_limit, allowance, used, reset_period,
	frozen, created_at, bills, business, low_credit, week_start, period_start`

func scanAccount(row engine.Scanner, a *tollgate.Account) error {
	var created, period int64
	err := row.Scan(&a.Enterprise, &a.ID, &a.Parent, &a.Kind, &a.Mode, &a.Name, &a.Code, &a.Currency,
		&a.Tariff, &a.Timezone, &a.Balance, &a.Reserved, &a.CreditLimit, &a.Allowance, &a.Used,
		&a.Reset, &a.Frozen, &created, &a.Bills, &a.Business, &a.LowCredit, &a.WeekStart, &period)
	a.Created, a.PeriodStart = engine.Instant(created), engine.Instant(period)
	return err
}

// PutAccount stores an account. Balance, Reserved, Used and PeriodStart are the
// ledger's and are not touched; enterprise, kind and currency never change once made.
// An enterprise account gets its own ID as Enterprise. A lowered credit limit
// never fails: what is owed beyond it is recorded as an overdraft.
func (c *Change) PutAccount(a *tollgate.Account) error {
	if err := c.checkAccount(a); err != nil {
		return err
	}
	if a.ID == 0 {
		return c.insertAccount(a)
	}
	before, err := c.account(a.ID)
	if err != nil {
		return err
	}
	if before.Enterprise != a.Enterprise || before.Kind != a.Kind || before.Currency != a.Currency {
		return tollgate.Errorf(tollgate.CodeConflict,
			"account %q: enterprise, kind and currency cannot change; make a new account", a.Name)
	}
	touched, err := c.tx.Exec(`UPDATE account SET parent_id = $3, mode = $4, name = $5, code = $6,
		tariff_id = $7, timezone = $8, credit_limit = $9, allowance = $10, reset_period = $11, frozen = $12,
		bills = $14, business = $15, low_credit = $16, week_start = $17,
		overdraft = CASE
			WHEN $4 <> 'prepaid' OR balance - reserved + $9 >= 0 THEN ''
			WHEN overdraft <> '' THEN overdraft
			ELSE $13 END
		WHERE enterprise_id = $1 AND id = $2`,
		int64(a.Enterprise), int64(a.ID), int64(a.Parent), string(a.Mode), a.Name, a.Code,
		int64(a.Tariff), a.Timezone, a.CreditLimit, a.Allowance, string(a.Reset), a.Frozen,
		"terms changed by "+c.actor.Name,
		string(a.Bills), string(a.Business), a.LowCredit, a.WeekStart)
	if err := one(touched, err, fmt.Sprintf("account %q", a.Name)); err != nil {
		return err
	}
	after, err := c.account(a.ID)
	if err != nil {
		return err
	}
	*a = after
	return c.log(object("account", a.ID), before, after)
}

// SetFrozen freezes an account of the scope or makes it active again, and changes
// nothing else of it: terms that somebody sets at the same time stay.
func (c *Change) SetFrozen(s Scope, id tollgate.ID, frozen bool) (tollgate.Account, error) {
	before, err := c.account(id)
	if err == nil && (before.Kind == tollgate.KindHouse || s != Everything && before.Enterprise != tollgate.ID(s)) {
		err = tollgate.Errorf(tollgate.CodeNotFound, "account %d does not exist", id)
	}
	if err != nil {
		return before, err
	}
	touched, err := c.tx.Exec("UPDATE account SET frozen = $3 WHERE enterprise_id = $1 AND id = $2",
		int64(before.Enterprise), int64(id), frozen)
	if err := one(touched, err, fmt.Sprintf("account %q", before.Name)); err != nil {
		return before, err
	}
	after := before
	after.Frozen = frozen
	return after, c.log(object("account", id), before, after)
}

func (c *Change) insertAccount(a *tollgate.Account) error {
	a.Created = c.db.now().UTC().Truncate(time.Microsecond)
	a.Balance, a.Reserved, a.Used, a.PeriodStart = 0, 0, 0, time.Time{}
	if a.Kind == tollgate.KindEnterprise {
		c.give(&a.ID, &a.Enterprise)
	} else {
		c.give(&a.ID)
	}
	_, err := c.tx.Exec(`INSERT INTO account (`+accountColumns+`, overdraft)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, $11, $12, 0, $13, $14, $15,
			$16, $17, $18, $19, 0, '')`,
		int64(a.Enterprise), int64(a.ID), int64(a.Parent), string(a.Kind), string(a.Mode), a.Name,
		a.Code, string(a.Currency), int64(a.Tariff), a.Timezone, a.CreditLimit, a.Allowance,
		string(a.Reset), a.Frozen, engine.Micros(a.Created),
		string(a.Bills), string(a.Business), a.LowCredit, a.WeekStart)
	if err != nil {
		return engine.Failed(err, "storing account %q", a.Name)
	}
	return c.log(object("account", a.ID), nil, a)
}

func (c *Change) account(id tollgate.ID) (tollgate.Account, error) {
	var a tollgate.Account
	row := c.tx.Row("SELECT "+accountColumns+" FROM account WHERE id = $1", int64(id))
	return a, engine.Failed(scanAccount(row, &a), "account %d", id)
}

func (c *Change) checkAccount(a *tollgate.Account) error {
	refuse := func(format string, args ...any) error {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"account %q: %s", a.Name, fmt.Sprintf(format, args...))
	}
	a.Reset = cmp.Or(a.Reset, tollgate.Never)
	a.Bills, a.Business = cmp.Or(a.Bills, tollgate.BillAll), cmp.Or(a.Business, tollgate.BusinessOwn)
	switch {
	case a.Name == "":
		return refuse("a name is missing")
	case a.Kind == tollgate.KindHouse:
		return refuse("house accounts are made by the ledger alone")
	case !a.Currency.Valid():
		return refuse("currency %q: want 1 to 12 capital letters or digits", a.Currency)
	case a.Kind == tollgate.KindEnterprise && (a.Parent != 0 || a.Enterprise != a.ID):
		return refuse("an enterprise has no parent and no other enterprise")
	case a.Kind == tollgate.KindEnterprise && a.Mode == tollgate.ModeParent:
		return refuse("an enterprise pays for itself")
	case a.Kind != tollgate.KindEnterprise && a.Enterprise == 0:
		return refuse("it belongs to no enterprise")
	case a.Bills != tollgate.BillAll && a.Bills != tollgate.BillPrivate && a.Bills != tollgate.BillBusiness:
		return refuse("bills %q calls: want all, private or business", a.Bills)
	case a.Business != tollgate.BusinessOwn && a.Business != tollgate.BusinessEnterprise:
		return refuse("business calls paid by %q: want own or enterprise", a.Business)
	case a.LowCredit < 0:
		return refuse("low credit %s: want 0 or more", tollgate.FormatMicro(a.LowCredit))
	case a.WeekStart < 0 || a.WeekStart > 6:
		return refuse("week start %d: want 0 for Sunday to 6 for Saturday", a.WeekStart)
	case a.Mode == tollgate.ModeParent && a.Parent == 0:
		return refuse("its parent should pay, but it has none")
	}
	if _, err := time.LoadLocation(a.Timezone); err != nil || a.Timezone == "Local" {
		return refuse("time zone %q: want an IANA name such as Europe/Berlin", a.Timezone)
	}
	if err := c.require("tariff", "tariff", a.Tariff); err != nil {
		return err
	}
	if a.Kind == tollgate.KindEnterprise {
		return nil
	}
	return c.checkParents(a, refuse)
}

// parentsMax bounds how deep accounts nest.
const parentsMax = 8

func (c *Change) checkParents(a *tollgate.Account, refuse func(string, ...any) error) error {
	head, err := c.account(a.Enterprise)
	if err != nil || head.Kind != tollgate.KindEnterprise {
		return refuse("enterprise %d does not exist", a.Enterprise)
	}
	for parent, depth := a.Parent, 0; parent != 0; depth++ {
		if parent == a.ID || depth == parentsMax {
			return refuse("its parents go in a circle or are more than %d", parentsMax)
		}
		p, err := c.account(parent)
		if err != nil || p.Enterprise != a.Enterprise {
			return refuse("parent %d does not exist in its enterprise", parent)
		}
		parent = p.Parent
	}
	return nil
}

// DeleteAccount removes an account that was never used. One that calls or
// transfers name is refused with CodeConflict: freeze it instead.
func (c *Change) DeleteAccount(id tollgate.ID) error {
	a, err := c.account(id)
	if err != nil {
		return err
	}
	if a.Kind == tollgate.KindHouse {
		return tollgate.Errorf(tollgate.CodeConflict, "house accounts stay")
	}
	const used = "money or calls are booked on this account: freeze it instead"
	const named = "an extension, trunk, device, permit or group still names this account"
	for _, check := range []struct{ message, text string }{
		{"other accounts belong to this account", `SELECT 1 FROM account
			WHERE id <> $1 AND (parent_id = $1 OR enterprise_id = $1)`},
		{used, "SELECT 1 FROM transfer WHERE debit_id = $1"},
		{used, "SELECT 1 FROM transfer WHERE credit_id = $1"},
		{used, "SELECT 1 FROM cdr WHERE payer_id = $1"},
		{used, "SELECT 1 FROM account WHERE id = $1 AND reserved <> 0"},
		{used, "SELECT 1 FROM quota_log WHERE account_id = $1"},
		{named, "SELECT 1 FROM extension WHERE account_id = $1"},
		{named, "SELECT 1 FROM trunk WHERE account_id = $1"},
		{named, "SELECT 1 FROM permit WHERE account_id = $1"},
		{named, "SELECT 1 FROM account_group_member WHERE account_id = $1"},
		{"devices, tariffs or people belong to this enterprise", `SELECT 1 FROM device
			WHERE enterprise_id = $1 AND deleted_at = 0`},
		{"devices, tariffs or people belong to this enterprise", `SELECT 1 FROM tariff
			WHERE enterprise_id = $1 AND deleted_at = 0`},
		{"devices, tariffs or people belong to this enterprise", `SELECT 1 FROM administrator
			WHERE enterprise_id = $1`},
		{"groups belong to this enterprise", `SELECT 1 FROM account_group
			WHERE enterprise_id = $1`},
		{"devices, tariffs or people belong to this enterprise", `SELECT 1 FROM api_token
			WHERE enterprise_id = $1`},
	} {
		if err := c.refuseIf(check.message, check.text, int64(id)); err != nil {
			return err
		}
	}
	if err := c.refuseIfDefault(id, named); err != nil {
		return err
	}
	if _, err := c.tx.Exec("DELETE FROM account WHERE enterprise_id = $1 AND id = $2",
		int64(a.Enterprise), int64(id)); err != nil {
		return engine.Failed(err, "deleting account %d", id)
	}
	return c.log(object("account", id), a, nil)
}
