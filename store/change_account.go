package store

import (
	"fmt"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
	"tollgate/store/internal/terms"
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
	var before tollgate.Account
	if a.ID != 0 {
		var err error
		if before, err = c.account(a.ID); err != nil {
			return err
		}
	}
	if err := c.checkAccount(&before, a); err != nil {
		return err
	}
	if a.ID == 0 {
		return c.insertAccount(a)
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

// checkAccount holds an account against what an account can be, and against the others.
func (c *Change) checkAccount(before, a *tollgate.Account) error {
	if err := terms.Check(a); err != nil {
		return err
	}
	if err := c.require("tariff", "tariff", a.Tariff); err != nil {
		return err
	}
	if a.Kind != tollgate.KindEnterprise {
		if err := c.checkParents(a); err != nil {
			return err
		}
	}
	if a.Name != before.Name {
		if err := terms.FreeName(c.tx, a); err != nil {
			return err
		}
	}
	if a.Tariff == 0 || a.Tariff == before.Tariff && a.Mode == before.Mode && a.Parent == before.Parent {
		return nil // whoever has a wrong tariff from before can still be frozen
	}
	payer := *a
	for payer.Mode == tollgate.ModeParent {
		var err error
		if payer, err = c.account(payer.Parent); err != nil {
			return err
		}
	}
	return c.CheckTariff(a.Tariff, fmt.Sprintf("account %q", payer.Name), payer.Currency)
}

// CheckTariff fails with CodeInvalid where a tariff is not in the currency of
// the money that pays by it.
func (c *Change) CheckTariff(id tollgate.ID, whose string, currency tollgate.Currency) error {
	t, err := c.tariff(id)
	if err != nil {
		return err
	}
	return terms.Priced(&t, whose, currency)
}

// parentsMax bounds how deep accounts nest.
const parentsMax = 8

func (c *Change) checkParents(a *tollgate.Account) error {
	refuse := func(format string, args ...any) error {
		return tollgate.Errorf(tollgate.CodeInvalid, "account %q: %s", a.Name, fmt.Sprintf(format, args...))
	}
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
	for _, use := range terms.Uses() {
		if err := c.refuseIf(use.Message, use.Query, int64(id)); err != nil {
			return err
		}
	}
	if err := c.refuseIfDefault(id, terms.Named); err != nil {
		return err
	}
	if _, err := c.tx.Exec("DELETE FROM account WHERE enterprise_id = $1 AND id = $2",
		int64(a.Enterprise), int64(id)); err != nil {
		return engine.Failed(err, "deleting account %d", id)
	}
	return c.log(object("account", id), a, nil)
}
