package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"tollgate"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// connectionsMax bounds each of the two pools on PostgreSQL.
const connectionsMax = 16

// schemaLock is the advisory lock under which tables are made, so that two
// nodes starting at once do not both try.
const schemaLock = 0x746f6c6c67617465 // "tollgate"

// connectPostgres opens a pool that writes and one that reads. The planner does
// not know that lists are read a page at a time: left alone it sorts a whole
// history, above all where tables were never analysed, instead of walking an
// index and stopping. So the reading pool sorts only what no index orders.
func (db *DB) connectPostgres(ctx context.Context, url string) error {
	db.name = PostgreSQL
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "database address: %w", err)
	}
	config.DialFunc = dialer(config.ConnectTimeout).DialContext
	pool := func(settings map[string]string) *sql.DB {
		c := config.Copy()
		maps.Copy(c.RuntimeParams, settings)
		p := stdlib.OpenDB(*c)
		p.SetMaxOpenConns(connectionsMax)
		p.SetMaxIdleConns(connectionsMax)
		p.SetConnMaxIdleTime(5 * time.Minute)
		return p
	}
	// Compiling a statement takes longer than any of ours runs.
	write := pool(map[string]string{"jit": "off"})
	read := pool(map[string]string{"jit": "off", "enable_sort": "off", "enable_bitmapscan": "off"})
	// Who looks asks for some rows by their keys. Of tables that were never analysed,
	// or were empty when a statement was planned, the planner would read all instead.
	look := pool(map[string]string{
		"jit": "off", "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
	})
	look.SetMaxOpenConns(lookersMax)
	if err := write.PingContext(ctx); err != nil {
		return errors.Join(Unavailable(err, "connecting to the database"),
			write.Close(), read.Close(), look.Close())
	}
	db.write, db.read, db.look = write, read, look
	db.parts.made = map[string]bool{}
	return nil
}

// LockSchema makes whoever else wants to change tables wait for the end of
// this transaction. On SQLite everybody who writes waits anyway.
func (t *Tx) LockSchema() error {
	if t.db.name == SQLite {
		return nil
	}
	_, err := t.Exec("SELECT pg_advisory_xact_lock($1)", int64(schemaLock))
	return err
}

// postgresProblem sorts an error of the server by its SQLSTATE; ok is false
// for other errors (PostgreSQL manual, appendix A).
func postgresProblem(err error) (p problem, ok bool) {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return 0, false
	}
	switch e.Code {
	case "23505":
		return problemDuplicate, true
	case "23503":
		return problemReference, true
	case "23514", // a CHECK
		"22003", // a number out of range
		"22021", // text that is not UTF-8, or has a zero byte
		"54000": // too long for an index
		return problemCheck, true
	case "40001", "40P01",
		"55P03": // a lock did not come in time
		return problemTransient, true
	}
	return problemOther, true
}

// IsLate reports whether a lock did not come in time.
func IsLate(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "55P03"
}

// partitions remembers which partitions exist, so that a batch asks only once.
type partitions struct {
	mu   sync.Mutex
	made map[string]bool
}

// EnsurePartition makes the partition of a table for keys from, until not
// included, if it is not there. It makes it beside the table and attaches it: creating
// it in place would wait for every reader of the table, and hold up those to come.
//
// It needs a connection of its own while a transaction of the caller waits for it.
// A node that changes tables may wait for that transaction and make this wait for
// itself, which the server cannot see: so this gives up soon, with an error that
// has the caller's transaction undone and tried again.
func (db *DB) EnsurePartition(ctx context.Context, table, part string, from, until int64) error {
	db.parts.mu.Lock()
	defer db.parts.mu.Unlock()
	if db.parts.made[part] {
		return nil
	}
	err := db.tryTx(ctx, func(t *Tx) error {
		if _, err := t.Exec("SET LOCAL lock_timeout = '1s'"); err != nil {
			return err
		}
		if err := t.LockSchema(); err != nil {
			return err
		}
		found, err := t.Exists("SELECT to_regclass($1) IS NOT NULL", part)
		if err != nil || found {
			return err
		}
		if _, err := t.Exec(fmt.Sprintf(
			"CREATE TABLE %s (LIKE %s INCLUDING ALL)", part, table)); err != nil {
			return err
		}
		_, err = t.Exec(fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%d)",
			table, part, from, until))
		return err
	})
	if err != nil {
		return fmt.Errorf("making table %s: %w", part, err)
	}
	db.parts.made[part] = true
	return nil
}
