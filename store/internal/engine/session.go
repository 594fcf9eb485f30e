package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Session is one connection to PostgreSQL for as long as it lasts: what it locks
// is locked until it ends, however it ends. It is not safe for concurrent use.
type Session struct{ conn *sql.Conn }

// Session opens one.
func (db *DB) Session(ctx context.Context) (*Session, error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, Unavailable(err, "connecting to the database")
	}
	return &Session{conn}, nil
}

// Exec runs a statement by itself and returns how many rows it touched.
func (s *Session) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	r, err := s.conn.ExecContext(context.WithoutCancel(ctx), text, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Row runs a query for one row.
func (s *Session) Row(ctx context.Context, text string, args ...any) Scanner {
	return s.conn.QueryRowContext(context.WithoutCancel(ctx), text, args...)
}

// Close ends the session and with it the connection, which must not go back to
// those that others use: it has locks.
func (s *Session) Close() error {
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn }) // which is how a connection is thrown away
	return s.conn.Close()
}
