package daybook

import (
	"context"
	"sync/atomic"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// The daybook of PostgreSQL. Who keeps it has ownLock alone, in the session that
// writes it: a session that is lost can write no more. Who works in the tables
// beside it has ownLock with others, for one transaction, and waits until nothing
// is ahead of the tables. presenceLock is held by every server, and says to the
// others that it is there; nothing depends on it but how often they try.
const (
	ownLock      = 0x64617962 // "dayb"
	presenceLock = 0x64617970
)

// table is a daybook in a table.
type table struct {
	db      *store.DB
	session *engine.Session // nil: none, or it is lost
	token   atomic.Int64    // who keeps the daybook, while it is us; else 0
}

func openTable(_ context.Context, db *store.DB) (medium, error) { return &table{db: db}, nil }

// own tries to keep the daybook, if no other server is there.
func (t *table) own(ctx context.Context) (owned bool, err error) {
	if t.token.Load() != 0 {
		return true, nil
	}
	defer func() {
		if err != nil {
			t.lose()
		}
	}()
	if t.session == nil {
		if t.session, err = t.db.Conn(ctx); err != nil {
			return false, err
		}
		// A session whose host vanished must not keep the daybook for hours.
		if _, err = t.session.Exec(ctx, `SELECT set_config('tcp_keepalives_idle', '10', false),
			set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false),
			set_config('tcp_user_timeout', '25000', false)`); err != nil {
			return false, engine.Failed(err, "opening the daybook")
		}
		if _, err = t.session.Exec(ctx, "SELECT pg_advisory_lock_shared($1, hashtext(current_schema()))",
			presenceLock); err != nil {
			return false, engine.Unavailable(err, "saying that this server is there")
		}
	}
	left, err := Left(ctx, t.db)
	switch {
	case err != nil:
	case left: // somebody has to post it: who keeps it, or we when he is gone
		owned, err = t.wait(ctx, ownLock)
	default:
		if owned, err = t.alone(ctx); owned {
			owned, err = t.try(ctx, ownLock)
		}
	}
	if err != nil || !owned {
		return false, err
	}
	token := int64(t.db.NewID())
	if _, err := t.session.Exec(ctx, "UPDATE daybook_mark SET volume = $1", token); err != nil {
		return false, engine.Failed(err, "saying who keeps the daybook")
	}
	t.token.Store(token)
	return true, nil
}

// wait waits for a lock, but not for ever: the server may take a while to notice
// that who has it is gone.
func (t *table) wait(ctx context.Context, lock int) (bool, error) {
	if _, err := t.session.Exec(ctx, "SET lock_timeout = '10s'"); err != nil {
		return false, engine.Failed(err, "waiting for the daybook")
	}
	_, err := t.session.Exec(ctx, "SELECT pg_advisory_lock($1, hashtext(current_schema()))", lock)
	late := engine.IsLate(err)
	if err == nil || late {
		_, err = t.session.Exec(ctx, "RESET lock_timeout")
	}
	return err == nil && !late, engine.Failed(err, "waiting for the daybook")
}

// alone reports whether this is the only server.
func (t *table) alone(ctx context.Context) (bool, error) {
	alone, err := t.try(ctx, presenceLock)
	if err != nil || !alone {
		return false, err
	}
	return true, t.unlock(ctx, presenceLock)
}

func (t *table) try(ctx context.Context, lock int) (got bool, err error) {
	err = t.session.Row(ctx, "SELECT pg_try_advisory_lock($1, hashtext(current_schema()))", lock).Scan(&got)
	return got, engine.Failed(err, "locking the daybook")
}

func (t *table) unlock(ctx context.Context, lock int) error {
	_, err := t.session.Exec(ctx, "SELECT pg_advisory_unlock($1, hashtext(current_schema()))", lock)
	return engine.Failed(err, "unlocking the daybook")
}

// lose ends the session: what it had is free for others.
func (t *table) lose() {
	if t.session != nil {
		_ = t.session.Close() // it is of no use any more
	}
	t.session = nil
	t.token.Store(0)
}

func (t *table) disown(ctx context.Context) error {
	if t.token.Load() == 0 {
		return nil
	}
	t.token.Store(0)
	if err := t.unlock(ctx, ownLock); err != nil {
		t.lose() // and with the session the lock
	}
	return nil
}

// Name says what it is.
func (t *table) Name() string { return "in table daybook" }

func (t *table) mark() int64 { return t.token.Load() }

func (t *table) write(ctx context.Context, seq int64, body []byte) error {
	if t.token.Load() == 0 {
		return tollgate.Errorf(tollgate.CodeUnavailable, "the daybook is lost: the connection to the database broke")
	}
	_, err := t.session.Exec(ctx, "INSERT INTO daybook (seq, body) VALUES ($1, $2)", seq, body)
	if err != nil {
		t.lose()
		return engine.Unavailable(err, "writing into the daybook")
	}
	return nil
}

func (t *table) unposted(ctx context.Context, after int64, fn func(int64, []byte) error) error {
	for {
		type entry struct {
			seq  int64
			body []byte
		}
		var found []entry
		err := t.db.Snapshot(ctx, func(q engine.Querier) (err error) {
			found, err = engine.List(ctx, q, func(row engine.Scanner, e *entry) error { return row.Scan(&e.seq, &e.body) },
				"SELECT seq, body FROM daybook WHERE seq > $1 ORDER BY seq LIMIT 100", after)
			return err
		})
		if err != nil || len(found) == 0 {
			return engine.Failed(err, "reading the daybook")
		}
		for _, e := range found {
			after = e.seq
			if err := fn(e.seq, e.body); err != nil {
				return err
			}
		}
	}
}

// Posted has nothing to do: who posts deletes.
func (t *table) Posted(int64) {}

// Wanted looks whether anybody waits for the lock.
func (t *table) Wanted(ctx context.Context) (wanted bool, err error) {
	if t.token.Load() == 0 {
		return false, nil // it is not ours that they wait for
	}
	err = t.db.Snapshot(ctx, func(q engine.Querier) error {
		return q.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM pg_locks
			WHERE locktype = 'advisory' AND NOT granted AND classid = $1
			AND objid = hashtext(current_schema())::bigint & 4294967295
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`, ownLock).Scan(&wanted)
	})
	return wanted, engine.Failed(err, "looking who waits for the daybook")
}

func (t *table) Close() error {
	t.lose()
	return nil
}

// ErrLeft says that a process which kept the daybook left something in it that is
// not in the tables.
var ErrLeft = tollgate.Errorf(tollgate.CodeUnavailable, "the daybook has to be posted first: try again")

// Beside begins a transaction on tables of which another process may keep the
// daybook: it waits until nothing is ahead of them, and keeps it so.
func Beside(p *store.Posting) error {
	if p.Tx().Engine() == store.SQLite {
		return nil
	}
	_, err := p.Tx().Exec("SELECT pg_advisory_xact_lock_shared($1, hashtext(current_schema()))", ownLock)
	if err != nil {
		return engine.Failed(err, "waiting for the daybook")
	}
	left, err := p.Tx().Exists("SELECT EXISTS(SELECT 1 FROM daybook)")
	if err == nil && left {
		return ErrLeft
	}
	return engine.Failed(err, "looking into the daybook")
}
