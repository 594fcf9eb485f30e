package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"time"

	"tollgate"
)

// The engines, as DB.Engine names them.
const (
	SQLite     = "sqlite"
	PostgreSQL = "postgres"
)

// Options is what the outside world gives a store.
type Options struct {
	Now  func() time.Time // required
	Node int              // 0 to tollgate.NodeMax; nodes that share a database differ
	Log  *slog.Logger     // nil: silent
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	engine string
	write  *sql.DB      // SQLite: one connection, which is in writer or in use
	read   *sql.DB      // SQLite: a pool that cannot write; PostgreSQL: same as write
	writer chan *writer // SQLite only: whoever holds the writer writes
	now    func() time.Time
	ids    *tollgate.IDSource
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
	db := &DB{now: o.Now, ids: tollgate.NewIDSource(o.Node, o.Now), log: o.Log}
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
	var err error
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
func (db *DB) NewID() tollgate.ID { return db.ids.Next() }

// Ping reports whether the store answers, for health checks.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.read.PingContext(ctx); err != nil {
		return tollgate.Errorf(tollgate.CodeUnavailable, "database does not answer: %w", err)
	}
	return nil
}
