package engine

import "context"

// Look runs fn with a connection for reading alone, on which statements stay
// prepared. There is no transaction: each statement sees what is committed as it
// begins. On SQLite there are few such connections, and who wants one waits.
func (db *DB) Look(ctx context.Context, fn func(*Tx) error) error {
	if db.name == PostgreSQL {
		conn, err := db.read.Conn(ctx)
		if err != nil {
			return Unavailable(err, "connecting to the database")
		}
		defer conn.Close() // back to the pool
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
