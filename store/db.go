package store

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// The engines, as DB.Engine names them.
const (
	SQLite     = engine.SQLite
	PostgreSQL = engine.PostgreSQL
)

// closingMax bounds how long Close waits for a database that does not answer.
const closingMax = 5 * time.Second

// Options is what the outside world gives a store.
type Options struct {
	Now func() time.Time // required
	Log *slog.Logger     // nil: silent
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	sql  *engine.DB
	now  func() time.Time
	node node
	log  *slog.Logger

	changes atomic.Int64 // see Changes

	adding chan struct{} // a place for each sum that is being made: see Totals

	probeRows, walkRows int // the constants; tests lower them
}

// Open opens the store at url, "sqlite:PATH" or "postgres://…", creates what
// is missing and migrates it to this version. A store that a newer version has
// migrated is refused with CodeConflict.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	database, err := engine.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	db := &DB{
		sql: database, now: o.Now, log: o.Log, adding: make(chan struct{}, addersMax),
		probeRows: probeRows, walkRows: walkRows,
	}
	db.node.holder = rand.Text()
	db.node.renewAt.Store(math.MaxInt64) // until it has a number
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return db, nil
}

// Close closes every connection once the transaction that writes has ended.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closingMax)
	defer cancel()
	if err := db.inTx(ctx, db.leaveNode); err != nil {
		db.log.Info("a node number stays taken until tomorrow", "error", err)
	}
	return db.sql.Close()
}

// Engine says which engine is below: SQLite or PostgreSQL.
func (db *DB) Engine() string { return db.sql.Name() }

// Path is the file of SQLite's database; empty on PostgreSQL.
func (db *DB) Path() string { return db.sql.Path() }

// NewID returns an id that no row of any node has.
func (db *DB) NewID() tollgate.ID { return db.node.ids.Load().Next() }

// Ping reports whether the store answers, for health checks.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.sql.Ping(ctx); err != nil {
		return tollgate.Errorf(tollgate.CodeUnavailable, "database does not answer: %w", err)
	}
	return nil
}

// Snapshot runs fn in a read-only transaction in which every query sees the same
// instant. It is for the packages of this room.
func (db *DB) Snapshot(ctx context.Context, fn func(engine.Querier) error) error {
	return db.sql.Snapshot(ctx, fn)
}

// Conn opens a connection to PostgreSQL for itself alone. It is for the packages
// of this room.
func (db *DB) Conn(ctx context.Context) (*engine.Session, error) { return db.sql.Session(ctx) }

// Aside runs what takes long and nobody waits for while nothing else of that kind is
// done. It is for the packages of this room and the ledger.
func (db *DB) Aside(fn func() error) error { return db.sql.Aside(fn) }

// Write runs fn in one writing transaction; fn may run more than once. It is for
// the packages of this room.
func (db *DB) Write(ctx context.Context, fn func(*engine.Tx) error) error { return db.inTx(ctx, fn) }

// inTx runs fn in one writing transaction; fn may run more than once.
func (db *DB) inTx(ctx context.Context, fn func(*engine.Tx) error) error {
	return db.sql.Tx(ctx, func(t *engine.Tx) error {
		if err := db.renewNode(t); err != nil {
			return err
		}
		return fn(t)
	})
}
