package engine

import (
	"fmt"
	"slices"
	"strings"

	"tollgate"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// copyMin is from how many rows on they are copied on PostgreSQL: for fewer, going
// to the server and back twice costs more than COPY saves.
const copyMin = 200

// deferred is a statement that waits for the next one, to go to the server with it.
type deferred struct {
	text  string
	args  []any
	check func(touched int64, err error) error
}

// ExecLater runs a statement before whatever the transaction does next, and at
// the latest before the commit: what waits goes to the server together. Check is
// told what became of it, unless one before it failed; what it returns fails the
// transaction. On SQLite it runs at once.
func (t *Tx) ExecLater(check func(touched int64, err error) error, text string, args ...any) error {
	if t.db.name == SQLite {
		return check(t.Exec(text, args...))
	}
	t.waiting = append(t.waiting, deferred{text, args, check})
	return nil
}

// InsertLater is Insert like ExecLater; failed says what an error means.
func (t *Tx) InsertLater(into Table, n int, write func(i int, w RowWriter), failed func(error) error) error {
	if n == 0 {
		return nil
	}
	if t.db.name == SQLite || n >= copyMin {
		return failed(t.Insert(into, n, write))
	}
	text, args := insertColumns(into, n, write)
	return t.ExecLater(func(_ int64, err error) error { return failed(err) }, text, args...)
}

// catchUp runs what waits. The first failure is the transaction's.
func (t *Tx) catchUp() error {
	if len(t.waiting) == 0 || t.failed != nil {
		return t.failed
	}
	var batch pgx.Batch
	for _, d := range t.waiting {
		batch.Queue(d.text, d.args...)
	}
	waited := t.waiting
	t.waiting = nil
	t.failed = t.pgx(func(c *pgx.Conn) error {
		results := c.SendBatch(t.ctx, &batch)
		for _, d := range waited {
			tag, err := results.Exec()
			if err := d.check(tag.RowsAffected(), err); err != nil {
				_ = results.Close() // it would say the same again
				return err
			}
		}
		return results.Close()
	})
	return t.failed
}

// pgx has the driver itself do something that database/sql has no words for.
func (w *writer) pgx(do func(*pgx.Conn) error) error {
	return w.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("driver connection is a %T", driver)
		}
		return do(c.Conn())
	})
}

// columnRows is rows in the making, each column an array.
type columnRows struct {
	columns []columnRow
	at      int // the column that is written next
}

// columnRow is one column: of the arrays one is used.
type columnRow struct {
	ints  []int64
	texts []string
	bools []bool
	nulls []int // places of the first
	n     int
}

func (c *columnRows) next() *columnRow {
	column := &c.columns[c.at%len(c.columns)]
	c.at++
	column.n++
	return column
}

func (c *columnRows) ID(x tollgate.ID) { c.Int(int64(x)) }
func (c *columnRows) Int(x int64)      { n := c.next(); n.ints = append(n.ints, x) }
func (c *columnRows) Text(x string)    { n := c.next(); n.texts = append(n.texts, CleanText(x)) }
func (c *columnRows) Bool(x bool)      { n := c.next(); n.bools = append(n.bools, x) }

// Null is of a column of numbers: no other has any.
func (c *columnRows) Null() {
	n := c.next()
	n.nulls, n.ints = append(n.nulls, n.n-1), append(n.ints, 0)
}

// array is the column as an argument, and its type.
func (c *columnRow) array() (value any, of string) {
	switch {
	case c.texts != nil:
		return c.texts, "text"
	case c.bools != nil:
		return c.bools, "boolean"
	case c.nulls == nil:
		return c.ints, "bigint"
	}
	numbers := make([]pgtype.Int8, len(c.ints))
	for i, v := range c.ints {
		numbers[i] = pgtype.Int8{Int64: v, Valid: !slices.Contains(c.nulls, i)}
	}
	return numbers, "bigint"
}

// insertColumns is an INSERT of rows that takes each column as an array, so that
// it is one prepared statement for any number of them.
func insertColumns(into Table, n int, write func(i int, w RowWriter)) (text string, args []any) {
	rows := columnRows{columns: make([]columnRow, len(into.Columns))}
	for i := range n {
		write(i, &rows)
	}
	arrays := make([]string, len(into.Columns))
	args = make([]any, len(into.Columns))
	for i := range rows.columns {
		var of string
		args[i], of = rows.columns[i].array()
		arrays[i] = fmt.Sprintf("$%d::%s[]", i+1, of)
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT * FROM unnest(%s)", into.Name,
		strings.Join(into.Columns, ", "), strings.Join(arrays, ", ")), args
}
