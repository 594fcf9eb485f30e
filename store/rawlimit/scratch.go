package rawlimit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Scratch makes an empty schema in the PostgreSQL at source and returns the URL
// of a store in it. Call drop when done: it removes the schema and all in it.
func Scratch(ctx context.Context, source string) (target string, drop func(context.Context) error, err error) {
	u, err := url.Parse(source)
	if err != nil {
		return "", nil, fmt.Errorf("PostgreSQL URL: %w", err)
	}
	name := "bench_" + strings.ToLower(rand.Text())
	execute := func(ctx context.Context, text string) error {
		conn, err := pgx.Connect(ctx, source)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, text)
		return errors.Join(err, conn.Close(ctx))
	}
	if err := execute(ctx, "CREATE SCHEMA "+name); err != nil {
		return "", nil, fmt.Errorf("creating a schema: %w", err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String(), func(ctx context.Context) error {
		return execute(ctx, "DROP SCHEMA "+name+" CASCADE")
	}, nil
}

// MeasureRates reads all rates of the store at source, in the order of their
// key, into memory: the limit that loading a deck is held against.
func MeasureRates(ctx context.Context, source string, now func() time.Time) (Limit, error) {
	from, err := open(source)
	if err != nil {
		return Limit{}, err
	}
	ctx = context.WithoutCancel(ctx) // as in Measure
	began := now()
	c, err := read(ctx, from, "rate", "deck_id, prefix, number, class")
	took := now().Sub(began)
	return Limit{Rows: len(c.rows), Elapsed: took}, errors.Join(err, from.Close())
}
