// Package outbox is the table services_billing as the accounting works with it:
// finished calls wait there until they are fetched, marked as paid, and deleted.
// It is an outbox beside the archive: emptying it touches no call and no money.
//
// Whatever changes many rows does so in pieces, each a transaction of its own, so
// that finished calls never wait for it long. Each piece is complete and in the
// operation log; asked again after an interruption, the rest is done.
package outbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollgate/store"
	"tollgate/store/internal/engine"
)

// Limits of a page that is read and of a piece that is written.
const (
	PageRowsMax  = 5_000
	pieceRowsMax = 2_000
)

const logObject = "services_billing"

// Row is one call as the accounting gets it.
type Row struct {
	ID           int64 // counted by the store, never given twice
	UniqueID     string
	Extension    string // who started the call
	Originator   string // whose line put it into the public network
	DialedNumber string // without feature codes and route prefixes
	Timestamp    int64  // Unix seconds of its start
	Duration     int64  // seconds of talk
	Private      bool
}

const selectRow = `SELECT id, uniqueid, extension, originator, "dialedNumber", timestamp, duration, private
	FROM services_billing`

// Unpaid reads the unpaid calls of the scope whose id is greater than after, by
// id, 1 to PageRowsMax of them.
func Unpaid(ctx context.Context, db *store.DB, s store.Scope, after int64, rows int) ([]Row, error) {
	rows = max(1, min(rows, PageRowsMax))
	text, args := selectRow+" WHERE retrieved_at = 0 AND id > $1 ORDER BY id LIMIT $2", []any{after, rows}
	if s != store.Everything {
		text = selectRow + " WHERE retrieved_at = 0 AND id > $1 AND enterprise_id = $3 ORDER BY id LIMIT $2"
		args = append(args, int64(s))
	}
	var page []Row
	err := db.Snapshot(ctx, func(q engine.Querier) (err error) {
		page, err = engine.List(ctx, q, func(row engine.Scanner, r *Row) error {
			return row.Scan(&r.ID, &r.UniqueID, &r.Extension, &r.Originator, &r.DialedNumber,
				&r.Timestamp, &r.Duration, &r.Private)
		}, text, args...)
		return err
	})
	return page, engine.Failed(err, "reading unpaid calls")
}

// Follow has the row of a call say what was decided about it later: whose it is,
// and whether it is private. It is deleted, unless the accounting fetched it, if
// selective billing leaves the call out; where it is gone already nothing is done.
func Follow(p *store.Posting, e *store.Entry) error {
	c := e.CDR
	name := store.ListedName(c.Call)
	if e.Unlisted {
		_, err := p.Tx().Exec("DELETE FROM services_billing WHERE uniqueid = $1 AND cdr_id = $2 AND +retrieved_at = 0",
			name, int64(c.ID))
		return engine.Failed(err, "deleting call %d from what the accounting gets", c.ID)
	}
	_, err := p.Tx().Exec(`UPDATE services_billing SET private = $3, enterprise_id = $4, account_id = $5
		WHERE uniqueid = $1 AND cdr_id = $2`,
		name, int64(c.ID), c.Number.Private, int64(c.Enterprise), int64(c.Payer))
	return engine.Failed(err, "telling the accounting who pays call %d", c.ID)
}

// Unknown is the error of a Mark that named calls which are not there, or names
// that two calls have: then ids must be used.
type Unknown struct {
	IDs       []int64
	UniqueIDs []string
	Ambiguous []string
}

// Error says how many calls are unknown.
func (u *Unknown) Error() string {
	return fmt.Sprintf("%d ids and %d uniqueids are not there, %d uniqueids are those of several calls",
		len(u.IDs), len(u.UniqueIDs), len(u.Ambiguous))
}

// Mark marks calls of the scope as paid now, by id and by uniqueid, and returns
// how many were not before. If one of them does not exist it marks none and
// returns *Unknown.
func Mark(ctx context.Context, db *store.DB, s store.Scope, by store.Actor, now time.Time,
	ids []int64, uniqueIDs []string,
) (marked int64, err error) {
	all, err := find(ctx, db, s, ids, uniqueIDs)
	if err != nil {
		return 0, err
	}
	for piece := range slices.Chunk(all, pieceRowsMax) {
		var n int64
		err := db.Post(ctx, func(p *store.Posting) (err error) {
			args := append(make([]any, 0, len(piece)+2), int64(s), engine.Micros(now))
			for _, id := range piece {
				args = append(args, id)
			}
			// What is looked up is the id: the plus keeps the index of unpaid calls out of it.
			n, err = p.Tx().Exec(`UPDATE services_billing SET retrieved_at = $2
				WHERE +retrieved_at = 0 AND (+enterprise_id = $1 OR $1 = 0) AND id IN (`+places(3, len(piece)),
				args...)
			if err != nil || n == 0 {
				return err
			}
			return p.Log(by, "mark calls retrieved", logObject, map[string]int64{"marked": n})
		})
		if err != nil {
			return marked, engine.Failed(err, "marking calls as paid")
		}
		marked += n
	}
	return marked, nil
}

// find returns the ids of all calls that are named, in order and each once.
func find(ctx context.Context, db *store.DB, s store.Scope, ids []int64, uniqueIDs []string) ([]int64, error) {
	var unknown Unknown
	all := make([]int64, 0, len(ids)+len(uniqueIDs))
	for piece := range slices.Chunk(ids, pieceRowsMax) {
		found, err := lookUp(ctx, db, s, "id", piece)
		if err != nil {
			return nil, err
		}
		there := make(map[int64]bool, len(found))
		for _, r := range found {
			there[r.id] = true
			all = append(all, r.id)
		}
		for _, id := range piece {
			if !there[id] {
				unknown.IDs = append(unknown.IDs, id)
			}
		}
	}
	for piece := range slices.Chunk(uniqueIDs, pieceRowsMax) {
		found, err := lookUp(ctx, db, s, "uniqueid", piece)
		if err != nil {
			return nil, err
		}
		calls := make(map[string]int, len(found))
		for _, r := range found {
			calls[r.uniqueID]++
			all = append(all, r.id)
		}
		for _, name := range piece {
			switch {
			case calls[name] == 0:
				unknown.UniqueIDs = append(unknown.UniqueIDs, name)
			case calls[name] > 1:
				unknown.Ambiguous = append(unknown.Ambiguous, name)
			}
		}
	}
	if len(unknown.IDs)+len(unknown.UniqueIDs)+len(unknown.Ambiguous) > 0 {
		return nil, &unknown
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

type named struct {
	id       int64
	uniqueID string
}

// lookUp reads the calls whose column has one of the values.
func lookUp[T int64 | string](ctx context.Context, db *store.DB, s store.Scope, column string, values []T) (
	found []named, err error,
) {
	args := append(make([]any, 0, len(values)+1), int64(s))
	for _, v := range values {
		args = append(args, v)
	}
	err = db.Snapshot(ctx, func(q engine.Querier) error {
		found, err = engine.List(ctx, q, func(row engine.Scanner, n *named) error {
			return row.Scan(&n.id, &n.uniqueID)
		}, "SELECT id, uniqueid FROM services_billing WHERE (+enterprise_id = $1 OR $1 = 0) AND "+column+
			" IN ("+places(2, len(values)), args...)
		return err
	})
	return found, engine.Failed(err, "looking for calls to mark")
}

// places is "$first, …)" for n arguments.
func places(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String() + ")"
}

// Prune deletes the paid calls of the scope and returns how many there were.
func Prune(ctx context.Context, db *store.DB, s store.Scope, by store.Actor) (deleted int64, err error) {
	return remove(ctx, db, s, by, "prune calls", "retrieved_at > 0")
}

// Purge deletes all calls of the scope that are there when it begins, paid or
// not, and returns how many there were.
func Purge(ctx context.Context, db *store.DB, s store.Scope, by store.Actor) (deleted int64, err error) {
	return remove(ctx, db, s, by, "purge calls", "id > 0")
}

func remove(ctx context.Context, db *store.DB, s store.Scope, by store.Actor, action, which string) (
	deleted int64, err error,
) {
	var last int64
	err = db.Snapshot(ctx, func(q engine.Querier) error {
		return q.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM services_billing").Scan(&last)
	})
	if err != nil {
		return 0, engine.Failed(err, "looking for calls to delete")
	}
	text, args := which+" AND id <= $1", []any{last, pieceRowsMax}
	if s != store.Everything {
		text, args = text+" AND enterprise_id = $3", append(args, int64(s))
	}
	for {
		var n int64
		err := db.Post(ctx, func(p *store.Posting) (err error) {
			n, err = p.Tx().Exec("DELETE FROM services_billing WHERE id IN (SELECT id FROM services_billing WHERE "+
				text+" LIMIT $2)", args...)
			if err != nil || n == 0 {
				return err
			}
			return p.Log(by, action, logObject, map[string]int64{"deleted": n})
		})
		if err != nil {
			return deleted, engine.Failed(err, "deleting listed calls")
		}
		deleted += n
		if n == 0 {
			return deleted, nil
		}
	}
}
