package store

import (
	"context"

	"tollgate"
	"tollgate/store/internal/engine"
)

// AccountFilter narrows a list of accounts; zero fields do not. House accounts
// are listed only when asked for by Kind.
type AccountFilter struct {
	Kind   tollgate.AccountKind
	Parent tollgate.ID
	Search string // somewhere in the name or the code, in any case
}

// Accounts lists accounts by enterprise and name.
func (db *DB) Accounts(ctx context.Context, s Scope, f AccountFilter, p Paging) (
	Page[tollgate.Account], error,
) {
	after, err := p.unmark(3)
	if err != nil {
		return Page[tollgate.Account]{}, err
	}
	var c conditions
	c.scope("enterprise_id", s)
	if f.Kind != "" {
		c.and("kind = ?", string(f.Kind))
	} else {
		c.and("kind <> 'house'")
	}
	if f.Parent != 0 {
		c.and("parent_id = ?", int64(f.Parent))
	}
	if f.Search != "" {
		pattern := containsPattern(f.Search)
		c.and(`(LOWER(name) LIKE ? ESCAPE '\' OR LOWER(code) LIKE ? ESCAPE '\')`, pattern, pattern)
	}
	if after != nil {
		c.and("(enterprise_id, name, id) > (?, ?, ?)", after.int(0), after.text(1), after.int(2))
	}
	found, err := engine.List(ctx, db.sql.Read(), scanAccount, "SELECT "+accountColumns+" FROM account"+c.clause()+
		" ORDER BY enterprise_id, name, id"+p.limit(), c.args...)
	return paged(p, found, func(a *tollgate.Account) string {
		return mark(a.Enterprise, a.Name, a.ID)
	}), engine.Failed(err, "reading accounts")
}

// Account returns one account; CodeNotFound when it is not in the scope.
func (db *DB) Account(ctx context.Context, s Scope, id tollgate.ID) (tollgate.Account, error) {
	var a tollgate.Account
	err := scanAccount(db.sql.Read().QueryRowContext(ctx, "SELECT "+accountColumns+
		" FROM account WHERE id = $1 AND (enterprise_id = $2 OR $2 = 0)", int64(id), int64(s)), &a)
	return a, engine.Failed(err, "account %d", id)
}

const transferColumns = `enterprise_id, id, debit_id, credit_id, amount, currency, kind, cdr_id,
	note, author, request, created_at`

func scanTransfer(row engine.Scanner, t *tollgate.Transfer) error {
	var at int64
	err := row.Scan(&t.Enterprise, &t.ID, &t.Debit, &t.Credit, &t.Amount, &t.Currency, &t.Kind,
		&t.CDR, &t.Note, &t.By, &t.Key, &at)
	t.At = engine.Instant(at)
	return err
}

// Transfers lists the transfers of an account, newest first.
func (db *DB) Transfers(ctx context.Context, s Scope, account tollgate.ID, p Paging) (
	Page[tollgate.Transfer], error,
) {
	before, err := p.before()
	if err != nil {
		return Page[tollgate.Transfer]{}, err
	}
	// Each half walks its own index and stops at the page's end.
	found, err := engine.List(ctx, db.sql.Read(), scanTransfer, `SELECT * FROM (
		SELECT `+transferColumns+` FROM transfer
			WHERE debit_id = $1 AND id < $3 AND (enterprise_id = $2 OR $2 = 0)
			ORDER BY id DESC LIMIT $4) d
		UNION ALL SELECT * FROM (
		SELECT `+transferColumns+` FROM transfer
			WHERE credit_id = $1 AND id < $3 AND (enterprise_id = $2 OR $2 = 0)
			ORDER BY id DESC LIMIT $4) c
		ORDER BY 2 DESC LIMIT $4`, int64(account), int64(s), before, p.rows()+1)
	return paged(p, found, func(t *tollgate.Transfer) string { return mark(t.ID) }),
		engine.Failed(err, "reading the transfers of account %d", account)
}

// before is the cursor of a list ordered by falling id.
func (p Paging) before() (int64, error) {
	after, err := p.unmark(1)
	if err != nil || after == nil {
		return 1<<63 - 1, err
	}
	return after.int(0), nil
}
