package store

import (
	"fmt"
	"strings"

	"tollgate"
)

// insertRowsMax is how many rows one INSERT carries: enough that the cost of a
// statement is spread, and far from SQLite's limit of 32,766 values.
const insertRowsMax = 128

// insertValues is the rows of one INSERT in the making.
type insertValues struct{ values []any }

func (v *insertValues) id(x tollgate.ID) { v.values = append(v.values, int64(x)) }
func (v *insertValues) int(x int64)      { v.values = append(v.values, x) }
func (v *insertValues) text(x string)    { v.values = append(v.values, x) }
func (v *insertValues) bool(x bool)      { v.values = append(v.values, x) }
func (v *insertValues) null()            { v.values = append(v.values, nil) }

// insertText is an INSERT of so many rows.
func insertText(into table, rows int) string {
	row := "(" + strings.Repeat("?,", len(into.columns)-1) + "?)"
	return fmt.Sprintf("INSERT OR FAIL INTO %s (%s) VALUES %s%s", into.name,
		strings.Join(into.columns, ", "), strings.Repeat(row+",", rows-1), row)
}

// insertMany writes n rows by prepared INSERTs of many rows each, and what is
// left by INSERTs of one.
func (t *tx) insertMany(into table, n int, write func(i int, w rowWriter)) error {
	_, err := t.insertManyCounted(into, "", n, write)
	return err
}

// insertManyCounted is insertMany with a clause such as ON CONFLICT DO NOTHING
// at the end; it returns how many rows were inserted.
func (t *tx) insertManyCounted(into table, clause string, n int,
	write func(i int, w rowWriter),
) (int, error) {
	many := min(insertRowsMax, 32_000/len(into.columns))
	v := &insertValues{values: make([]any, 0, many*len(into.columns))}
	inserted := 0
	for i := 0; i < n; {
		rows := many
		if n-i < many {
			rows = 1
		}
		statement, err := t.prepared(insertText(into, rows) + clause)
		if err != nil {
			return inserted, err
		}
		v.values = v.values[:0]
		for range rows {
			write(i, v)
			i++
		}
		r, err := statement.ExecContext(t.ctx, v.values...)
		if err != nil {
			return inserted, err
		}
		touched, err := r.RowsAffected()
		if err != nil {
			return inserted, err
		}
		inserted += int(touched)
	}
	return inserted, nil
}
