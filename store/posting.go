package store

import (
	"context"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Posting is one transaction on the books, as the ledger makes them. Its
// methods write many rows at once and decide nothing.
type Posting struct {
	tx *engine.Tx
	db *DB
}

// Post runs fn in one transaction on the books and returns after the commit.
// fn may run again after a conflict between nodes: it starts from nothing then.
// When the commit itself fails it is not known whether it happened.
func (db *DB) Post(ctx context.Context, fn func(*Posting) error) error {
	return db.inTx(ctx, func(t *engine.Tx) error { return fn(&Posting{tx: t, db: db}) })
}

// Look runs fn with a posting that is for reading alone: what it reads is
// committed. On SQLite all of it is as of one instant, on PostgreSQL each statement
// sees what is as it begins.
func (db *DB) Look(ctx context.Context, fn func(*Posting) error) error {
	return db.sql.LookOnce(ctx, func(t *engine.Tx) error { return fn(&Posting{tx: t, db: db}) })
}

// InsertEntries writes calls whose keys were claimed.
func (p *Posting) InsertEntries(entries []Entry) error {
	err := p.ensureMonths("cdr", len(entries),
		func(i int) time.Time { return entries[i].CDR.Start }, startBound)
	if err != nil {
		return err
	}
	err = p.tx.InsertLater(cdrTable, len(entries), func(i int, w engine.RowWriter) {
		writeEntry(w, &entries[i])
	}, func(err error) error { return engine.Failed(err, "storing %d calls", len(entries)) })
	if err != nil {
		return err
	}
	return p.insertListed(entries)
}

var transferTable = engine.Table{Name: "transfer", Columns: []string{
	"enterprise_id", "id", "debit_id", "credit_id", "amount", "currency", "kind", "cdr_id", "note",
	"author", "request", "created_at",
}}

// InsertTransfers writes transfers as they are; their balances are added by
// AddBalances.
func (p *Posting) InsertTransfers(transfers []tollgate.Transfer) error {
	err := p.ensureMonths("transfer", len(transfers),
		func(i int) time.Time { return transfers[i].ID.Time() }, idBound)
	if err != nil {
		return err
	}
	return p.tx.InsertLater(transferTable, len(transfers), func(i int, w engine.RowWriter) {
		t := &transfers[i]
		w.ID(t.Enterprise)
		w.ID(t.ID)
		w.ID(t.Debit)
		w.ID(t.Credit)
		w.Int(t.Amount)
		w.Text(string(t.Currency))
		w.Text(string(t.Kind))
		w.ID(t.CDR)
		w.Text(t.Note)
		w.Text(t.By)
		w.Text(t.Key)
		w.Int(engine.Micros(t.At))
	}, func(err error) error { return engine.Failed(err, "storing %d transfers", len(transfers)) })
}

// OverdraftByTransfer begins the reason of an overdraft that a transfer made; its id
// follows.
const OverdraftByTransfer = "transfer "

// Delta is what a commit adds to one account, everything together.
type Delta struct {
	Enterprise tollgate.ID
	Account    tollgate.ID
	Balance    int64       // micro-units
	Used       int64       // micro-units of a quota
	Reserved   int64       // micro-units held for calls in progress
	Cause      tollgate.ID // the first transfer from it, recorded if the account goes below what it may owe
}

// overdraftByHold is the reason where no transfer is: money was held by what the
// account might spend before somebody changed its terms.
const overdraftByHold = "terms changed while money was held"

func (d *Delta) reason() string {
	if d.Cause == 0 {
		return overdraftByHold
	}
	return OverdraftByTransfer + d.Cause.String()
}

const addBalance = `UPDATE account SET balance = balance + $3, used = used + $4, reserved = reserved + $5,
	overdraft = CASE
		WHEN mode <> 'prepaid' OR balance + $3 - reserved - $5 >= -credit_limit THEN ''
		WHEN overdraft <> '' THEN overdraft
		ELSE $6 END
	WHERE enterprise_id = $1 AND id = $2`

const addBalances = `UPDATE account SET balance = balance + d.added, used = used + d.used_more,
	reserved = reserved + d.held_more,
	overdraft = CASE
		WHEN mode <> 'prepaid' OR balance + d.added - reserved - d.held_more >= -credit_limit THEN ''
		WHEN overdraft <> '' THEN overdraft
		ELSE d.reason END
	FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[])
		AS d(in_enterprise, of_account, added, used_more, held_more, reason)
	WHERE enterprise_id = d.in_enterprise AND id = d.of_account`

// AddBalances adds to many accounts, each in one statement, so that money that
// was held for a call and its charge change places at once. It never refuses a
// finished call: a prepaid account that goes below its limit keeps the reason.
// An account that is not in its enterprise is CodeNotFound.
func (p *Posting) AddBalances(deltas []Delta) error {
	if len(deltas) == 0 {
		return nil
	}
	if p.tx.Engine() == SQLite {
		return p.addBalancesOneByOne(deltas)
	}
	enterprises, accounts := make([]int64, len(deltas)), make([]int64, len(deltas))
	added, used, held := make([]int64, len(deltas)), make([]int64, len(deltas)), make([]int64, len(deltas))
	reasons := make([]string, len(deltas))
	for i, d := range deltas {
		enterprises[i], accounts[i] = int64(d.Enterprise), int64(d.Account)
		added[i], used[i], held[i], reasons[i] = d.Balance, d.Used, d.Reserved, d.reason()
	}
	return p.tx.ExecLater(func(touched int64, err error) error { return allFound(touched, len(deltas), err) },
		addBalances, enterprises, accounts, added, used, held, reasons)
}

func (p *Posting) addBalancesOneByOne(deltas []Delta) error {
	found, err := p.tx.Repeat(addBalance, len(deltas), func(i int, w engine.RowWriter) {
		d := &deltas[i]
		w.ID(d.Enterprise)
		w.ID(d.Account)
		w.Int(d.Balance)
		w.Int(d.Used)
		w.Int(d.Reserved)
		w.Text(d.reason())
	})
	return allFound(int64(found), len(deltas), err)
}

// allFound says what became of adding to so many balances.
func allFound(found int64, wanted int, err error) error {
	if err == nil && found != int64(wanted) {
		return tollgate.Errorf(tollgate.CodeNotFound, "%d of %d accounts do not exist", int64(wanted)-found, wanted)
	}
	return engine.Failed(err, "adding to %d balances", wanted)
}

// Purse is what the ledger must know of an account to post to it.
type Purse struct {
	Enterprise tollgate.ID
	ID         tollgate.ID
	Kind       tollgate.AccountKind
	Currency   tollgate.Currency
}

// Purse returns an account to post to; CodeNotFound when it does not exist.
func (p *Posting) Purse(id tollgate.ID) (Purse, error) {
	purse := Purse{ID: id}
	err := p.tx.QueryRow("SELECT enterprise_id, kind, currency FROM account WHERE id = $1",
		[]any{int64(id)}, &purse.Enterprise, &purse.Kind, &purse.Currency)
	return purse, engine.Failed(err, "account %d", id)
}

// House returns the enterprise's house account of that name and currency, made
// if it does not exist. CodeNotFound when the enterprise does not.
func (p *Posting) House(enterprise tollgate.ID, currency tollgate.Currency, name string) (
	id tollgate.ID, err error,
) {
	_, err = p.tx.Exec(`INSERT INTO account (`+accountColumns+`, overdraft)
		SELECT enterprise_id, CAST($2 AS BIGINT), 0, 'house', 'postpaid', CAST($3 AS TEXT), '', CAST($4 AS TEXT),
			0, timezone, 0, 0, 0, 0, 0, 'never', FALSE, CAST($5 AS BIGINT), 'all', 'own', 0, 1, 0, ''
		FROM account WHERE enterprise_id = $1 AND id = $1
		ON CONFLICT (enterprise_id, currency, name) WHERE kind = 'house' DO NOTHING`,
		int64(enterprise), int64(p.db.NewID()), name, string(currency), engine.Micros(p.db.now()))
	if err != nil {
		return 0, engine.Failed(err, "making house account %s %s", name, currency)
	}
	return p.FindHouse(enterprise, currency, name)
}

// FindHouse is House that makes nothing: CodeNotFound when there is none.
func (p *Posting) FindHouse(enterprise tollgate.ID, currency tollgate.Currency, name string) (
	id tollgate.ID, err error,
) {
	err = p.tx.QueryRow(`SELECT id FROM account
		WHERE enterprise_id = $1 AND currency = $2 AND name = $3 AND kind = 'house'`,
		[]any{int64(enterprise), string(currency), name}, &id)
	return id, engine.Failed(err, "house account %s %s of enterprise %d", name, currency, enterprise)
}

// ClaimRequest claims a request's idempotency key for a transfer. When the key
// was claimed before, it returns the transfer that was made then.
func (p *Posting) ClaimRequest(enterprise tollgate.ID, key string, transfer tollgate.ID) (
	earlier *tollgate.Transfer, err error,
) {
	touched, err := p.tx.Exec(`INSERT INTO request_key (enterprise_id, request, transfer_id)
		VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, int64(enterprise), key, int64(transfer))
	if err != nil || touched == 1 {
		return nil, engine.Failed(err, "claiming request %q", key)
	}
	earlier = &tollgate.Transfer{}
	row := p.tx.Row(`SELECT `+transferColumns+` FROM transfer
		WHERE enterprise_id = $1 AND id = (SELECT transfer_id FROM request_key
			WHERE enterprise_id = $1 AND request = $2)`, int64(enterprise), key)
	return earlier, engine.Failed(scanTransfer(row, earlier), "reading the transfer of request %q", key)
}

// Log writes to the operation log what a person did to the books.
func (p *Posting) Log(a Actor, action, object string, after any) error {
	return p.db.logOperation(p.tx, a, action, object, nil, after)
}
