package engine

import (
	"fmt"
	"slices"
	"strings"

	"tollgate"
)

// insertRows is how many rows one INSERT may carry, each count a statement that
// stays prepared: the most is enough that the cost of a statement is spread, and
// far from SQLite's limit of 32,766 values; the fewer are for small commits.
func insertRows() []int { return []int{128, 32, 8, 1} }

// insertValues is the rows of one INSERT in the making.
type insertValues struct{ values []any }

func (v *insertValues) ID(x tollgate.ID) { v.values = append(v.values, int64(x)) }
func (v *insertValues) Int(x int64)      { v.values = append(v.values, x) }
func (v *insertValues) Text(x string)    { v.values = append(v.values, x) }
func (v *insertValues) Bool(x bool)      { v.values = append(v.values, x) }
func (v *insertValues) Null()            { v.values = append(v.values, nil) }

// insertText is an INSERT of so many rows.
func insertText(into Table, rows int) string {
	row := "(" + strings.Repeat("?,", len(into.Columns)-1) + "?)"
	return fmt.Sprintf("INSERT OR FAIL INTO %s (%s) VALUES %s%s", into.Name,
		strings.Join(into.Columns, ", "), strings.Repeat(row+",", rows-1), row)
}

// InsertMany writes n rows by prepared INSERTs of many rows each, and what is
// left by INSERTs of fewer. Each ends with the clause, such as ON CONFLICT DO
// NOTHING; it returns how many rows were inserted. It is SQLite's.
func (t *Tx) InsertMany(into Table, clause string, n int,
	write func(i int, w RowWriter),
) (int, error) {
	v := &insertValues{}
	inserted, i := 0, 0
	for _, rows := range insertRows() {
		if n-i < rows {
			continue
		}
		statement, err := t.Prepare(insertText(into, rows) + clause)
		if err != nil {
			return inserted, err
		}
		for n-i >= rows {
			v.values = slices.Grow(v.values[:0], rows*len(into.Columns))
			for range rows {
				write(i, v)
				i++
			}
			touched, err := statement.Exec(v.values...)
			if err != nil {
				return inserted, err
			}
			inserted += int(touched)
		}
	}
	return inserted, nil
}
