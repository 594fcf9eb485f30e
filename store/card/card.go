// Package card keeps calling cards: a number and the hash of a PIN that open a
// prepaid account, and the batches in which they were issued. It decides
// nothing but what must be decided within one transaction: which number is
// free, and which try of a PIN is the one too many.
package card

import (
	"context"
	"math"
	"strconv"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// Card is a calling card with what its account says of it.
type Card struct {
	Enterprise  tollgate.ID
	Account     tollgate.ID // the card's own
	Batch       tollgate.ID
	BatchName   string
	Number      string
	PINHash     string            // empty: never handed out
	Expires     time.Time         // zero: never, or not before its first use
	ValidDays   int               // of 24 hours from the first use; 0: no limit
	FirstUsed   time.Time         // zero: never
	Failures    int               // wrong PINs since the last right one or lock
	LockedUntil time.Time         // zero: not locked
	Created     time.Time         //
	Currency    tollgate.Currency //
	Available   int64             // micro-units
	Frozen      bool              // the card's account, not its enterprise's
}

const selectCard = `SELECT c.enterprise_id, c.account_id, c.batch_id, b.name, c.number, c.pin_hash,
		c.expires_at, c.valid_days, c.first_used_at, c.failures, c.locked_until, c.created_at,
		a.currency, a.balance - a.reserved + a.credit_limit, a.frozen
	FROM card c
	JOIN card_batch b ON b.enterprise_id = c.enterprise_id AND b.id = c.batch_id
	JOIN account a ON a.enterprise_id = c.enterprise_id AND a.id = c.account_id`

func scanCard(row engine.Scanner, c *Card) error {
	var expires, used, locked, created int64
	err := row.Scan(&c.Enterprise, &c.Account, &c.Batch, &c.BatchName, &c.Number, &c.PINHash,
		&expires, &c.ValidDays, &used, &c.Failures, &locked, &created, &c.Currency, &c.Available, &c.Frozen)
	c.Expires, c.FirstUsed = engine.Instant(expires), engine.Instant(used)
	c.LockedUntil, c.Created = engine.Instant(locked), engine.Instant(created)
	return err
}

// Filter narrows a list of cards; zero fields do not.
type Filter struct {
	Batch  tollgate.ID
	Number string // the whole number
}

// List lists the cards of the scope, newest first.
func List(ctx context.Context, db *store.DB, s store.Scope, f Filter, p store.Paging) (
	store.Page[Card], error,
) {
	before, rows, err := cursor(p)
	if err != nil {
		return store.Page[Card]{}, err
	}
	var found []Card
	err = db.Snapshot(ctx, func(q engine.Querier) error {
		found, err = engine.List(ctx, q, scanCard, selectCard+`
			WHERE (c.enterprise_id = $1 OR $1 = 0) AND c.account_id < $2
				AND (c.batch_id = $3 OR $3 = 0) AND (c.number = $4 OR $4 = '')
			ORDER BY c.account_id DESC LIMIT $5`, int64(s), before, int64(f.Batch), f.Number, rows+1)
		return err
	})
	return paged(found, rows, func(c *Card) tollgate.ID { return c.Account }),
		engine.Failed(err, "reading cards")
}

// Get returns the card of an account; CodeNotFound when the scope has none.
func Get(ctx context.Context, db *store.DB, s store.Scope, account tollgate.ID) (Card, error) {
	var c Card
	err := db.Snapshot(ctx, func(q engine.Querier) error {
		return scanCard(q.QueryRowContext(ctx, selectCard+` WHERE c.account_id = $1
			AND (c.enterprise_id = $2 OR $2 = 0)`, int64(account), int64(s)), &c)
	})
	return c, engine.Failed(err, "card %d", account)
}

// Numbered returns the card with that number, if the device may serve it: its
// own enterprise's, or any on a device that enterprises share. Else CodeNotFound.
func Numbered(ctx context.Context, db *store.DB, number string, device tollgate.ID) (Card, error) {
	var c Card
	err := db.Snapshot(ctx, func(q engine.Querier) error {
		return scanCard(q.QueryRowContext(ctx, selectCard+`
			JOIN device d ON d.id = $2 AND d.deleted_at = 0
				AND (d.enterprise_id = 0 OR d.enterprise_id = c.enterprise_id)
			WHERE c.number = $1`, number, int64(device)), &c)
	})
	return c, engine.Failed(err, "card")
}

// Try counts a PIN as wrong before it is looked at, so that many at once count
// as many, and locks the card with the last of them. It returns until when the
// card is locked already, and then counts nothing.
func Try(ctx context.Context, db *store.DB, c *Card, now time.Time, tries int, lock time.Duration) (
	locked time.Time, err error,
) {
	err = db.Write(ctx, func(t *engine.Tx) error {
		counted, err := t.Exec(`UPDATE card SET
				locked_until = CASE WHEN failures + 1 >= $4 THEN CAST($5 AS BIGINT) ELSE 0 END,
				failures = CASE WHEN failures + 1 >= $4 THEN 0 ELSE failures + 1 END
			WHERE enterprise_id = $1 AND account_id = $2 AND locked_until <= $3`,
			int64(c.Enterprise), int64(c.Account), engine.Micros(now), tries, engine.Micros(now.Add(lock)))
		locked = time.Time{}
		if err != nil || counted == 1 {
			return err
		}
		var until int64
		err = t.QueryRow("SELECT locked_until FROM card WHERE enterprise_id = $1 AND account_id = $2",
			[]any{int64(c.Enterprise), int64(c.Account)}, &until)
		locked = engine.Instant(until)
		return err
	})
	return locked, engine.Failed(err, "counting the tries of card %d", c.Account)
}

// Forgive takes back what Try counted: the PIN was right.
func Forgive(ctx context.Context, db *store.DB, c *Card) error {
	err := db.Write(ctx, func(t *engine.Tx) error {
		_, err := t.Exec(`UPDATE card SET failures = 0, locked_until = 0
			WHERE enterprise_id = $1 AND account_id = $2`, int64(c.Enterprise), int64(c.Account))
		return err
	})
	return engine.Failed(err, "forgiving card %d", c.Account)
}

// Begin takes back what Try counted and notes the first use, from which the
// days of a card count. It returns when the card expires, zero for never.
func Begin(ctx context.Context, db *store.DB, c *Card, now time.Time) (expires time.Time, err error) {
	const day = int64(24 * time.Hour / time.Microsecond)
	err = db.Write(ctx, func(t *engine.Tx) error {
		_, err := t.Exec(`UPDATE card SET failures = 0, locked_until = 0,
				expires_at = CASE
					WHEN first_used_at <> 0 OR valid_days = 0 THEN expires_at
					WHEN expires_at = 0 OR expires_at > $3 + valid_days * $4 THEN $3 + valid_days * $4
					ELSE expires_at END,
				first_used_at = CASE WHEN first_used_at = 0 THEN $3 ELSE first_used_at END
			WHERE enterprise_id = $1 AND account_id = $2`,
			int64(c.Enterprise), int64(c.Account), engine.Micros(now), day)
		if err != nil {
			return err
		}
		var micro int64
		err = t.QueryRow("SELECT expires_at FROM card WHERE enterprise_id = $1 AND account_id = $2",
			[]any{int64(c.Enterprise), int64(c.Account)}, &micro)
		expires = engine.Instant(micro)
		return err
	})
	return expires, engine.Failed(err, "noting the use of card %d", c.Account)
}

// Unlock ends the lock of a card in the scope, as a change that is logged;
// CodeNotFound when the scope has no such card.
func Unlock(c *store.Change, s store.Scope, account tollgate.ID) error {
	var until int64
	err := c.Tx().QueryRow(`SELECT locked_until FROM card
		WHERE account_id = $1 AND (enterprise_id = $2 OR $2 = 0)`, []any{int64(account), int64(s)}, &until)
	if err != nil {
		return engine.Failed(err, "card %d", account)
	}
	if _, err := c.Tx().Exec("UPDATE card SET failures = 0, locked_until = 0 WHERE account_id = $1",
		int64(account)); err != nil {
		return engine.Failed(err, "unlocking card %d", account)
	}
	type lock struct {
		Until time.Time `json:"locked_until"`
	}
	return c.Log("card "+account.String(), lock{engine.Instant(until)}, lock{})
}

// cursor reads where a page that is ordered by falling id begins, and how many
// rows it has.
func cursor(p store.Paging) (before int64, rows int, err error) {
	before, rows = math.MaxInt64, p.Rows
	if p.After != "" {
		if before, err = strconv.ParseInt(p.After, 10, 64); err != nil {
			return 0, 0, tollgate.Errorf(tollgate.CodeInvalid, "cursor %.40q: not one of ours", p.After)
		}
	}
	if rows <= 0 {
		rows = store.PageRowsDefault
	}
	return before, min(rows, store.PageRowsMax), nil
}

// paged cuts what a query for one row more found to one page.
func paged[T any](found []T, rows int, id func(*T) tollgate.ID) store.Page[T] {
	if len(found) <= rows {
		return store.Page[T]{Items: found}
	}
	return store.Page[T]{Items: found[:rows], Next: id(&found[rows-1]).String()}
}
