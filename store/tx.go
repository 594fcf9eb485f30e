package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"tollgate"
)

// retriesMax is how often a transaction is tried again after a serialisation
// failure or deadlock before the failure is returned.
const retriesMax = 8

// writer is a connection that may write, with the statements prepared on it.
type writer struct {
	conn *sql.Conn
	kept map[string]*sql.Stmt
}

// tx is one writing transaction. It sits on a connection rather than on a
// sql.Tx so that statements stay prepared from one transaction to the next and
// the bulk paths can reach the driver.
type tx struct {
	*writer
	db  *DB
	ctx context.Context
}

// inTx runs fn in one writing transaction. fn may run more than once: after a
// serialisation failure or deadlock everything it did is undone and tried again.
func (db *DB) inTx(ctx context.Context, fn func(*tx) error) error {
	for try := 0; ; try++ {
		err := db.tryTx(ctx, fn)
		if err == nil || !isTransient(err) || try == retriesMax {
			return err
		}
		pause := time.Duration(rand.Int64N(int64(time.Millisecond) << min(try, 6)))
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func (db *DB) tryTx(ctx context.Context, fn func(*tx) error) error {
	w, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.release(w)
	// From here on the caller's impatience must not tear a statement apart: on
	// SQLite that costs a goroutine for each statement, on PostgreSQL the connection.
	t := &tx{writer: w, db: db, ctx: context.WithoutCancel(ctx)}
	if _, err := w.conn.ExecContext(t.ctx, db.beginText()); err != nil {
		return unavailable(err, "beginning a transaction")
	}
	committed := false
	defer func() {
		if !committed {
			w.conn.ExecContext(t.ctx, "ROLLBACK") // the connection may be gone: undone anyway
		}
	}()
	if err := db.renewNode(t); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(t.ctx, "COMMIT"); err != nil {
		return unavailable(err, "committing")
	}
	committed = true
	return nil
}

func (db *DB) beginText() string {
	if db.engine == SQLite {
		// A transaction that begins by reading and writes later fails when
		// another process wrote in between; one that begins as a writer waits.
		return "BEGIN IMMEDIATE"
	}
	return "BEGIN"
}

func (db *DB) acquire(ctx context.Context) (*writer, error) {
	if db.engine == SQLite {
		select {
		case w := <-db.writer:
			return w, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, unavailable(err, "connecting to the database")
	}
	return &writer{conn: conn}, nil
}

func (db *DB) release(w *writer) {
	if db.engine == SQLite {
		db.writer <- w
		return
	}
	w.conn.Close() // back to the pool
}

// prepared returns text prepared on this connection. Preparing is dear on
// SQLite and the hot path runs the same few texts for ever; pgx does the same
// by itself, so on PostgreSQL exec and query are used.
func (t *tx) prepared(text string) (*sql.Stmt, error) {
	if kept, ok := t.kept[text]; ok {
		return kept, nil
	}
	kept, err := t.conn.PrepareContext(t.ctx, text)
	if err != nil {
		return nil, fmt.Errorf("preparing %.60q: %w", text, err)
	}
	t.kept[text] = kept
	return kept, nil
}

// exec runs a statement and returns how many rows it touched.
func (t *tx) exec(text string, args ...any) (int64, error) {
	r, err := t.conn.ExecContext(t.ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *tx) query(text string, args ...any) (*sql.Rows, error) {
	return t.conn.QueryContext(t.ctx, text, args...)
}

// queryRow scans the only row of a query; sql.ErrNoRows when there is none.
func (t *tx) queryRow(text string, args []any, dest ...any) error {
	return t.conn.QueryRowContext(t.ctx, text, args...).Scan(dest...)
}

// exists reports whether a query of the form SELECT EXISTS(…) is true.
func (t *tx) exists(text string, args ...any) (bool, error) {
	var found bool
	err := t.queryRow(text, args, &found)
	return found, err
}

// querier is what reading needs: a pool, or a snapshot of the books.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// inSnapshot runs fn in a read-only transaction in which every query sees the
// same instant of the books.
func (db *DB) inSnapshot(ctx context.Context, fn func(querier) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.engine == PostgreSQL {
		options.Isolation = sql.LevelRepeatableRead
	}
	t, err := db.read.BeginTx(ctx, options)
	if err != nil {
		return unavailable(err, "beginning to read")
	}
	defer t.Rollback() // nothing was written
	return fn(t)
}

func unavailable(err error, doing string) error {
	return tollgate.Errorf(tollgate.CodeUnavailable, "%s: %w", doing, err)
}

// collect scans every row of a query.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows, *T) error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// micros turns an instant into its column; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant turns a column into an instant in UTC; 0 is the zero time.
func instant(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}
