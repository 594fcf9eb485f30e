package engine

import (
	"context"
	"errors"
)

// Look runs fn with a connection for reading alone, on which statements stay
// prepared. There is no transaction: each statement sees what is committed as it
// begins. On SQLite there are few such connections, and who wants one waits.
func (db *DB) Look(ctx context.Context, fn func(*Tx) error) error {
	if db.name == PostgreSQL {
		conn, err := db.look.Conn(ctx)
		if err != nil {
			return Unavailable(err, "connecting to the database")
		}
		defer func() { _ = conn.Close() }() // back to the pool, which finds out if it is broken
		return fn(&Tx{writer: &writer{conn: conn}, db: db, ctx: context.WithoutCancel(ctx)})
	}
	select {
	case r := <-db.lookers:
		defer func() { db.lookers <- r }()
		return fn(&Tx{writer: r, db: db, ctx: context.WithoutCancel(ctx)})
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LookOnce is Look in which, on SQLite, everything is as of one instant: there
// that is cheaper, because each statement by itself locks the database anew.
func (db *DB) LookOnce(ctx context.Context, fn func(*Tx) error) error {
	if db.name == PostgreSQL {
		return db.Look(ctx, fn)
	}
	return db.Look(ctx, func(t *Tx) error {
		begin, err := t.Prepare("BEGIN")
		if err != nil {
			return err
		}
		end, err := t.Prepare("COMMIT")
		if err != nil {
			return err
		}
		if _, err := begin.Exec(); err != nil {
			return Unavailable(err, "beginning to read")
		}
		return errors.Join(fn(t), exec(end))
	})
}

func exec(s Statement) error {
	_, err := s.Exec()
	return err
}
