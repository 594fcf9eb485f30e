// Package engine runs SQL on SQLite and on PostgreSQL as if they were one:
// connections, transactions, bulk writing, and what a failure means. It knows
// no table.
package engine

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tollgate"
)

// The engines, as DB.Name names them.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgres"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	name    string
	write   *sql.DB      // SQLite: one connection, which is in writer or in use
	read    *sql.DB      // a pool for reading alone
	look    *sql.DB      // PostgreSQL only: see Look
	writer  chan *writer // SQLite only: whoever holds the writer writes
	path    string       // SQLite only: of its file
	lookers chan *writer // SQLite only: see Look
	parts   partitions   // PostgreSQL only: those that are known to be there

	background sync.Mutex // see Aside

	// SQLite only: see copyLog.
	written chan struct{} // something was
	closing chan struct{}
	copied  chan struct{} // closed when copyLog has ended
	restart atomic.Bool   // the log has become long
}

// Open opens the database at url, "sqlite:PATH" or "postgres://…".
func Open(ctx context.Context, url string) (*DB, error) {
	db := &DB{}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok && path != "" {
		return db, db.connectSQLite(ctx, path)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return db, db.connectPostgres(ctx, url)
	}
	return nil, tollgate.Errorf(tollgate.CodeInvalid,
		"database %q: want sqlite:PATH or postgres://…", url)
}

// Close closes every connection once the transaction that writes has ended.
func (db *DB) Close() error {
	var err error
	if db.writer != nil {
		close(db.closing)
		<-db.copied
		w := <-db.writer
		for _, statement := range w.driven {
			err = errors.Join(err, statement.Close())
		}
		err = errors.Join(err, w.conn.Close())
		for range lookersMax {
			err = errors.Join(err, (<-db.lookers).conn.Close())
		}
	}
	if db.look != nil {
		err = errors.Join(err, db.look.Close())
	}
	return errors.Join(err, db.write.Close(), db.read.Close())
}

// Name says which engine it is: SQLite or PostgreSQL.
func (db *DB) Name() string { return db.name }

// Path is the file of SQLite's database; empty on PostgreSQL.
func (db *DB) Path() string { return db.path }

// Read returns the database for reading outside of a transaction.
func (db *DB) Read() Querier { return db.read }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// Querier is what reading needs: a pool, or a snapshot of everything.
type Querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// Scanner is one row of a result.
type Scanner interface{ Scan(dest ...any) error }

// List runs a query and scans its rows.
func List[T any](ctx context.Context, q Querier, scan func(Scanner, *T) error,
	text string, args ...any,
) ([]T, error) {
	rows, err := q.QueryContext(ctx, text, args...)
	return scanned(rows, err, scan)
}

// scanned scans the rows of a query, if it did not fail, and closes them.
func scanned[T any](rows *sql.Rows, err error, scan func(Scanner, *T) error) ([]T, error) {
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

// Micros turns an instant into its column; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Instant turns a column into an instant in UTC; 0 is the zero time.
func Instant(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}

// IDText turns ids into their column: with a space between them.
func IDText(ids []tollgate.ID) string {
	var b []byte
	for i, id := range ids {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return string(b)
}

// IDs reads what IDText wrote.
func IDs(text string) (ids []tollgate.ID, err error) {
	for field := range strings.FieldsSeq(text) {
		var id tollgate.ID
		if err := id.UnmarshalText([]byte(field)); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}
