package engine

import (
	"cmp"
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

	// SQLite only.
	kept   map[string]*sql.Stmt
	driven map[directKey]directStatement // prepared by the driver itself
	room   insertValues                  // for the values of one statement
}

// Tx is one writing transaction. It sits on a connection rather than on a
// sql.Tx so that statements stay prepared from one transaction to the next and
// the bulk paths can reach the driver.
type Tx struct {
	*writer
	db  *DB
	ctx context.Context

	aside bool // see StepAside

	// PostgreSQL only: see ExecLater.
	waiting []deferred
	failed  error // why something that waited failed
}

// Tx runs fn in one writing transaction. fn may run more than once: after a
// serialisation failure or deadlock everything it did is undone and tried again.
func (db *DB) Tx(ctx context.Context, fn func(*Tx) error) error {
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

func (db *DB) tryTx(ctx context.Context, fn func(*Tx) error) error {
	w, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.release(w)
	// From here on the caller's impatience must not tear a statement apart: on
	// SQLite that costs a goroutine for each statement, on PostgreSQL the connection.
	t := &Tx{writer: w, db: db, ctx: context.WithoutCancel(ctx)}
	if _, err := w.conn.ExecContext(t.ctx, db.beginText()); err != nil {
		return Unavailable(err, "beginning a transaction")
	}
	committed := false
	defer func() {
		if !committed {
			_, _ = w.conn.ExecContext(t.ctx, "ROLLBACK") // the connection may be gone: undone anyway
		}
	}()
	if err := fn(t); err != nil {
		return cmp.Or(t.failed, err) // after a failure all else fails, for that reason
	}
	if err := t.catchUp(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(t.ctx, "COMMIT"); err != nil {
		return Unavailable(err, "committing")
	}
	committed = true
	if db.name == SQLite {
		db.wrote(w)
	}
	return nil
}

func (db *DB) beginText() string {
	if db.name == SQLite {
		// A transaction that begins by reading and writes later fails when
		// another process wrote in between; one that begins as a writer waits.
		return "BEGIN IMMEDIATE"
	}
	return "BEGIN"
}

func (db *DB) acquire(ctx context.Context) (*writer, error) {
	if db.name == SQLite {
		select {
		case w := <-db.writer:
			return w, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, Unavailable(err, "connecting to the database")
	}
	return &writer{conn: conn}, nil
}

func (db *DB) release(w *writer) {
	if db.name == SQLite {
		db.writer <- w
		return
	}
	_ = w.conn.Close() // back to the pool, which finds out if it is broken
}

// Prepare returns a text prepared on this connection, for what runs again and
// again. On PostgreSQL the driver does the same for every text by itself.
func (t *Tx) Prepare(text string) (Statement, error) {
	if t.db.name == PostgreSQL {
		return Statement{t: t, text: text}, nil
	}
	if kept, ok := t.kept[text]; ok {
		return Statement{t: t, kept: kept}, nil
	}
	kept, err := t.conn.PrepareContext(t.ctx, text)
	if err != nil {
		return Statement{}, fmt.Errorf("preparing %.60q: %w", text, err)
	}
	t.kept[text] = kept
	return Statement{t: t, kept: kept}, nil
}

// Statement is a text that runs again and again.
type Statement struct {
	t    *Tx
	text string    // PostgreSQL
	kept *sql.Stmt // SQLite
}

// Exec runs the statement and returns how many rows it touched.
func (s Statement) Exec(args ...any) (int64, error) {
	if s.kept == nil {
		return s.t.Exec(s.text, args...)
	}
	r, err := s.kept.ExecContext(s.t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Row runs the statement for one row.
func (s Statement) Row(args ...any) Scanner {
	if s.kept == nil {
		return s.t.Row(s.text, args...)
	}
	return s.kept.QueryRowContext(s.t.ctx, args...)
}

// Query runs the statement; the caller closes its rows.
func (s Statement) Query(args ...any) (*sql.Rows, error) {
	if s.kept == nil {
		return s.t.Query(s.text, args...)
	}
	return s.kept.QueryContext(s.t.ctx, args...)
}

// ListIn is List in a writing transaction, with a text that runs again and again.
func ListIn[T any](t *Tx, scan func(Scanner, *T) error, text string, args ...any) ([]T, error) {
	statement, err := t.Prepare(text)
	if err != nil {
		return nil, err
	}
	rows, err := statement.Query(args...)
	return scanned(rows, err, scan)
}

// Exec runs a statement and returns how many rows it touched.
func (t *Tx) Exec(text string, args ...any) (int64, error) {
	if err := t.catchUp(); err != nil {
		return 0, err
	}
	r, err := t.conn.ExecContext(t.ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query runs a query; the caller closes its rows.
func (t *Tx) Query(text string, args ...any) (*sql.Rows, error) {
	if err := t.catchUp(); err != nil {
		return nil, err
	}
	return t.conn.QueryContext(t.ctx, text, args...)
}

// QueryRow scans the only row of a query; sql.ErrNoRows when there is none.
func (t *Tx) QueryRow(text string, args []any, dest ...any) error {
	return t.Row(text, args...).Scan(dest...)
}

// Row runs a query for one row.
func (t *Tx) Row(text string, args ...any) Scanner {
	if err := t.catchUp(); err != nil {
		return unread{err}
	}
	return t.conn.QueryRowContext(t.ctx, text, args...)
}

// Read returns the transaction for reading, and the context to do so with.
func (t *Tx) Read() (context.Context, Querier) {
	_ = t.catchUp() // what failed is remembered, and all that follows fails
	return t.ctx, t.conn
}

// Try runs fn. What it did is undone if it failed, and the transaction goes on,
// unless there is an error.
func (t *Tx) Try(fn func() error) (failed, err error) {
	if _, err := t.Exec("SAVEPOINT try"); err != nil {
		return nil, err
	}
	if failed = fn(); failed == nil {
		failed = t.catchUp()
	}
	if failed != nil {
		t.waiting, t.failed = nil, nil
		if _, err := t.conn.ExecContext(t.ctx, "ROLLBACK TO SAVEPOINT try"); err != nil {
			return failed, err
		}
	}
	_, err = t.Exec("RELEASE SAVEPOINT try")
	return failed, err
}

// unread is a row that cannot be read.
type unread struct{ error }

func (u unread) Scan(...any) error { return u.error }

// Engine says which engine it is: SQLite or PostgreSQL.
func (t *Tx) Engine() string { return t.db.name }

// Exists reports whether a query of the form SELECT EXISTS(…) is true.
func (t *Tx) Exists(text string, args ...any) (bool, error) {
	var found bool
	err := t.QueryRow(text, args, &found)
	return found, err
}

// Snapshot runs fn in a read-only transaction in which every query sees the
// same instant of the books.
func (db *DB) Snapshot(ctx context.Context, fn func(Querier) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.name == PostgreSQL {
		options.Isolation = sql.LevelRepeatableRead
	}
	t, err := db.read.BeginTx(ctx, options)
	if err != nil {
		return Unavailable(err, "beginning to read")
	}
	defer t.Rollback() // nothing was written
	return fn(t)
}

// Unavailable says that the database could not be reached while doing something.
func Unavailable(err error, doing string) error {
	return tollgate.Errorf(tollgate.CodeUnavailable, "%s: %w", doing, err)
}
