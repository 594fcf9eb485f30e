package rawlimit

import (
	"context"
	"fmt"
	"time"

	"tollgate/store"
)

// Commits makes a store at url and times how long the bare driver takes for so
// many commits, one after the other, each of one row inserted by a prepared
// statement and as durable as the store's own.
func Commits(ctx context.Context, url string, commits int, now func() time.Time) (time.Duration, error) {
	fresh, err := store.Open(ctx, url, store.Options{Now: now})
	if err != nil {
		return 0, err
	}
	if err := fresh.Close(); err != nil {
		return 0, err
	}
	bare, err := open(url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = bare.Close() }()
	conn, err := bare.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "CREATE TABLE bare (id BIGINT PRIMARY KEY, amount BIGINT)"); err != nil {
		return 0, err
	}
	insert, err := conn.PrepareContext(ctx, "INSERT INTO bare (id, amount) VALUES ($1, $2)")
	if err != nil {
		return 0, err
	}
	defer func() { _ = insert.Close() }()
	began := now()
	for i := range commits {
		if _, err := insert.ExecContext(ctx, int64(i), int64(i)); err != nil {
			return 0, fmt.Errorf("commit %d: %w", i, err)
		}
	}
	return now().Sub(began), nil
}
