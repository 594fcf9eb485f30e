// Package rawlimit measures how fast the bare database driver writes the rows
// that a batch of calls leaves behind: the limit that ingest is held against.
// Only benchmarks and tests use it.
package rawlimit

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"tollgate/store"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver that is measured
)

// tables are those that ingest fills, with what their rows are ordered by.
var tables = []struct{ name, order string }{
	{"cdr_key", "cdr_id"},
	{"cdr", "id"},
	{"transfer", "id"},
	{"usage", "enterprise_id, day, account_id"},
	{"services_billing", "id"},
}

// Limit is what was measured.
type Limit struct {
	Calls   int // rows of cdr
	Rows    int // of all tables
	Elapsed time.Duration
}

// content is the rows of one table.
type content struct {
	name    string
	columns []string
	rows    [][]any
}

// Measure reads the final rows of the store at source and writes them into the
// fresh store at target: prepared INSERTs of one row on SQLite, COPY on
// PostgreSQL, a transaction for every perCommit calls, durable as the store
// itself is. Only the writing is timed. Both stores are of one engine.
func Measure(ctx context.Context, source, target string, perCommit int, now func() time.Time) (
	Limit, error,
) {
	fresh, err := store.Open(ctx, target, store.Options{Now: now})
	if err != nil {
		return Limit{}, err
	}
	if err := fresh.Close(); err != nil {
		return Limit{}, err
	}
	from, err := open(source)
	if err != nil {
		return Limit{}, err
	}
	defer func() { _ = from.Close() }()
	to, err := open(target)
	if err != nil {
		return Limit{}, err
	}
	defer func() { _ = to.Close() }()
	var all []content
	for _, t := range tables {
		c, err := read(ctx, from, t.name, t.order)
		if err != nil {
			return Limit{}, fmt.Errorf("reading %s: %w", t.name, err)
		}
		all = append(all, c)
	}
	write := insert
	if !strings.HasPrefix(target, "sqlite:") {
		write = copyIn
		if err := partition(ctx, from, to); err != nil {
			return Limit{}, fmt.Errorf("making partitions: %w", err)
		}
	}
	conn, err := to.Conn(ctx)
	if err != nil {
		return Limit{}, err
	}
	defer func() { _ = conn.Close() }()
	l := Limit{Calls: len(all[1].rows)}
	for _, c := range all {
		l.Rows += len(c.rows)
	}
	// A context that can end costs the SQLite driver a goroutine for each
	// statement; the limit shall not be paid for that.
	ctx = context.WithoutCancel(ctx)
	began := now()
	if err := writeAll(ctx, conn, all, perCommit, write); err != nil {
		return Limit{}, err
	}
	l.Elapsed = now().Sub(began)
	return l, nil
}

// open opens a database with the bare driver, as the store does.
func open(url string) (*sql.DB, error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return sql.Open("pgx", url)
	}
	return sql.Open("sqlite", "file:"+path+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"+
		"&_pragma=cache_size(-65536)")
}

func read(ctx context.Context, db *sql.DB, table, order string) (c content, err error) {
	c.name = table
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" ORDER BY "+order)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	if c.columns, err = rows.Columns(); err != nil {
		return c, err
	}
	for rows.Next() {
		row := make([]any, len(c.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return c, err
		}
		c.rows = append(c.rows, row)
	}
	return c, rows.Err()
}

// partition makes the partitions of the one database in the other.
func partition(ctx context.Context, from, to *sql.DB) error {
	rows, err := from.QueryContext(ctx, `SELECT 'CREATE TABLE ' || part.relname || ' PARTITION OF ' ||
			parent.relname || ' ' || pg_get_expr(part.relpartbound, part.oid)
		FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid
		JOIN pg_class parent ON parent.oid = inhparent
		WHERE parent.relkind = 'p' AND pg_table_is_visible(parent.oid)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if _, err := to.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return rows.Err()
}

type writer func(ctx context.Context, conn *sql.Conn, c content) error

// writeAll writes every table in the same number of commits.
func writeAll(ctx context.Context, conn *sql.Conn, all []content, perCommit int, write writer) error {
	commits := max(1, (len(all[1].rows)+perCommit-1)/perCommit)
	for i := range commits {
		if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
			return err
		}
		for _, c := range all {
			from, until := len(c.rows)*i/commits, len(c.rows)*(i+1)/commits
			part := content{c.name, c.columns, c.rows[from:until]}
			if err := write(ctx, conn, part); err != nil {
				return fmt.Errorf("writing %s: %w", c.name, err)
			}
		}
		if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
			return err
		}
	}
	return nil
}

func insert(ctx context.Context, conn *sql.Conn, c content) error {
	statement, err := conn.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s?)", c.name,
		strings.Join(c.columns, ", "), strings.Repeat("?, ", len(c.columns)-1)))
	if err != nil {
		return err
	}
	defer func() { _ = statement.Close() }()
	for _, row := range c.rows {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

func copyIn(ctx context.Context, conn *sql.Conn, c content) error {
	return conn.Raw(func(driver any) error {
		d, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", driver)
		}
		_, err := d.Conn().CopyFrom(ctx, pgx.Identifier{c.name}, c.columns, pgx.CopyFromRows(c.rows))
		return err
	})
}
