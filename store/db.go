package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"
	"math"
	"strings"
	"time"

	"tollgate"
)

// The engines, as DB.Engine names them.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgres"
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
	engine string
	write  *sql.DB      // SQLite: one connection, which is in writer or in use
	read   *sql.DB      // SQLite: a pool that cannot write; PostgreSQL: same as write
	writer chan *writer // SQLite only: whoever holds the writer writes
	now    func() time.Time
	node   node
	log    *slog.Logger
	parts  partitions // PostgreSQL only: the months that have their tables
}

// Open opens the store at url, "sqlite:PATH" or "postgres://…", creates what
// is missing and migrates it to this version. A store that a newer version has
// migrated is refused with CodeConflict.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{now: o.Now, log: o.Log}
	db.node.holder = rand.Text()
	db.node.renewAt.Store(math.MaxInt64) // until it has a number
	if err := db.connect(ctx, url); err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func (db *DB) connect(ctx context.Context, url string) error {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok && path != "" {
		return db.connectSQLite(ctx, path)
	}
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return db.connectPostgres(ctx, url)
	}
	return tollgate.Errorf(tollgate.CodeInvalid,
		"database %q: want sqlite:PATH or postgres://…", url)
}

// Close closes every connection once the transaction that writes has ended.
func (db *DB) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closingMax)
	defer cancel()
	// Its number is free again tomorrow even if this fails.
	err := db.inTx(ctx, db.leaveNode)
	if db.writer != nil {
		w := <-db.writer
		err = w.conn.Close()
	}
	err = errors.Join(err, db.write.Close())
	if db.read != db.write {
		err = errors.Join(err, db.read.Close())
	}
	return err
}

// Engine says which engine is below: SQLite or PostgreSQL.
func (db *DB) Engine() string { return db.engine }

// NewID returns an id that no row of any node has.
func (db *DB) NewID() tollgate.ID { return db.node.ids.Load().Next() }

// Ping reports whether the store answers, for health checks.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.read.PingContext(ctx); err != nil {
		return tollgate.Errorf(tollgate.CodeUnavailable, "database does not answer: %w", err)
	}
	return nil
}
