// Package daybook is the book of first entry: what the ledger decided is kept
// here, and acknowledged, before it is posted into the tables. An entry is text
// of the ledger's own; this room keeps it, in order, until it is posted. On
// SQLite it is a file beside the database, on PostgreSQL a table.
package daybook

import (
	"context"
	"errors"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// EntryBytesMax bounds one entry.
const EntryBytesMax = 64 << 20

// Daybook is the daybook of a store. One process keeps it at a time. Its methods
// are not safe for concurrent use; Write may run beside Mark and Fence, and Posted
// and Wanted beside everything.
type Daybook struct {
	medium
	db    *store.DB
	owned bool
	last  int64 // the newest entry
}

// medium is what entries are kept in.
type medium interface {
	own(ctx context.Context) (bool, error)
	disown(ctx context.Context) error
	// write returns when the entry is durable.
	write(ctx context.Context, seq int64, body []byte) error
	// unposted hands over the entries after one, in their order.
	unposted(ctx context.Context, after int64, fn func(seq int64, body []byte) error) error
	// Posted says that the tables have all entries up to this one.
	Posted(seq int64)
	// Wanted reports whether another process waits to work in the tables.
	Wanted(ctx context.Context) (bool, error)
	Close() error
	Name() string
	// mark is what Mark compares and sets.
	mark() int64
}

// Open opens the daybook of a store. Nobody keeps it yet.
func Open(ctx context.Context, db *store.DB) (*Daybook, error) {
	open := openTable
	if db.Engine() == store.SQLite {
		open = openFile
	}
	m, err := open(ctx, db)
	if err != nil {
		return nil, err
	}
	return &Daybook{medium: m, db: db}, nil
}

// Own tries to keep the daybook, and hands over the entries that the tables do
// not have, in their order. Not owned means that another process keeps it, or, on
// PostgreSQL, works in the tables. Posted is up to which entry the tables have come.
func (d *Daybook) Own(ctx context.Context, fn func(seq int64, body []byte) error) (
	owned bool, posted int64, err error,
) {
	if d.owned, err = d.own(ctx); err != nil || !d.owned {
		return false, 0, err
	}
	if posted, err = Marked(ctx, d.db); err == nil {
		d.last = posted
		err = d.unposted(ctx, d.last, func(seq int64, body []byte) error {
			if seq != d.last+1 {
				return tollgate.Errorf(tollgate.CodeConflict,
					"the daybook %s goes on with entry %d after %d, so it is not of these tables: "+
						"if they were put back from a copy, move it away", d.Name(), seq, d.last)
			}
			d.last = seq
			return fn(seq, body)
		})
	}
	if err != nil {
		return false, 0, errors.Join(err, d.Disown(ctx))
	}
	return true, posted, nil
}

// Owned reports whether this process keeps the daybook.
func (d *Daybook) Owned() bool { return d.owned }

// Disown lets others keep the daybook. The tables have all of it.
func (d *Daybook) Disown(ctx context.Context) error {
	d.owned = false
	return d.disown(ctx)
}

// Write keeps an entry, the one after the last, and returns once it is durable.
// After an error it is not known whether the entry is there: the daybook must be
// owned anew, which tells.
func (d *Daybook) Write(ctx context.Context, seq int64, body []byte) error {
	if !d.owned {
		return tollgate.Errorf(tollgate.CodeConflict, "entry %d of a daybook that this process does not keep", seq)
	}
	if len(body) > EntryBytesMax || seq != d.last+1 {
		return tollgate.Errorf(tollgate.CodeInvalid, "entry %d after %d, of %d bytes: at most %d",
			seq, d.last, len(body), EntryBytesMax)
	}
	if err := d.write(ctx, seq, body); err != nil {
		return err
	}
	d.last = seq
	return nil
}

// ErrLost says that this process does not keep the daybook any more.
var ErrLost = tollgate.Errorf(tollgate.CodeUnavailable, "another process keeps the daybook now")

// Mark notes in the transaction that posts them that the entries after one, up to
// another, are in the tables. ErrLost says that they are already, or that another
// process keeps the daybook now.
func (d *Daybook) Mark(p *store.Posting, after, upTo int64) error {
	touched, err := p.Tx().Exec("UPDATE daybook_mark SET posted = $3 WHERE posted = $2 AND volume = $1",
		d.mark(), after, upTo)
	if err == nil && touched == 0 {
		return ErrLost
	}
	if err == nil && upTo > after && p.Tx().Engine() == store.PostgreSQL {
		_, err = p.Tx().Exec("DELETE FROM daybook WHERE seq <= $1", upTo)
	}
	return engine.Failed(err, "marking how far the daybook is posted")
}

// Fence makes sure, in a transaction on the tables that goes past the daybook,
// that this process keeps it.
func (d *Daybook) Fence(p *store.Posting, posted int64) error {
	if p.Tx().Engine() == store.SQLite {
		return nil // the lock on the file ends with the process
	}
	return d.Mark(p, posted, posted)
}

// Left reports whether a process that ended may have left entries which are not
// posted. On PostgreSQL they may be those of a process that keeps the daybook.
func Left(ctx context.Context, db *store.DB) (bool, error) {
	if db.Engine() == store.SQLite {
		return fileLeft(db)
	}
	var left bool
	err := db.Snapshot(ctx, func(q engine.Querier) error {
		return q.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM daybook)`).Scan(&left)
	})
	return left, engine.Failed(err, "looking into the daybook")
}

// Marked returns up to which entry the tables have come.
func Marked(ctx context.Context, db *store.DB) (posted int64, err error) {
	err = db.Snapshot(ctx, func(q engine.Querier) error {
		return q.QueryRowContext(ctx, "SELECT posted FROM daybook_mark").Scan(&posted)
	})
	return posted, engine.Failed(err, "reading how far the daybook is posted")
}

// Last is the number of the newest entry that is known.
func (d *Daybook) Last() int64 { return d.last }
