package engine

import (
	"database/sql/driver"
	"fmt"
	"math"
	"runtime"
	"strings"

	"tollgate"
)

// insertRows is how many rows one INSERT may carry, each count a statement that
// stays prepared: the most is enough that the cost of a statement is spread, and
// far from SQLite's limit of 32,766 values; the fewer are for small commits.
func insertRows() []int { return []int{128, 64, 32, 16, 8, 4, 2, 1} }

// insertValues is the values of one statement in the making.
type insertValues struct {
	values  []driver.NamedValue
	columns int // in a row
}

func (v *insertValues) add(x driver.Value) {
	v.values = append(v.values, driver.NamedValue{Ordinal: len(v.values) + 1, Value: x})
}

// above is the value of the row before in the column that is next. Mostly it is
// the same, and then need not be put on the heap once more.
func (v *insertValues) above() driver.Value {
	if i := len(v.values) - v.columns; i >= 0 {
		return v.values[i].Value
	}
	return nil
}

func (v *insertValues) ID(x tollgate.ID) { v.Int(int64(x)) }

func (v *insertValues) Int(x int64) {
	if above, ok := v.above().(int64); ok && above == x {
		v.add(v.above())
	} else {
		v.add(x)
	}
}

func (v *insertValues) Text(x string) {
	if above, ok := v.above().(string); ok && above == x {
		v.add(v.above())
	} else {
		v.add(x)
	}
}

func (v *insertValues) Bool(x bool) { v.add(x) }
func (v *insertValues) Null()       { v.add(nil) }

// insertText is an INSERT of so many rows.
func insertText(into Table, rows int, clause string) string {
	row := "(" + strings.Repeat("?,", len(into.Columns)-1) + "?)"
	return fmt.Sprintf("INSERT OR FAIL INTO %s (%s) VALUES %s%s%s", into.Name,
		strings.Join(into.Columns, ", "), strings.Repeat(row+",", rows-1), row, clause)
}

// directKey names a statement without putting its text together.
type directKey struct {
	name, clause string
	rows         int
}

// direct returns a statement prepared by the driver itself. database/sql checks
// and copies every value, which for a call's row costs as much as its indexes.
func (t *Tx) direct(key directKey, text func() string) (driver.StmtExecContext, error) {
	if kept, ok := t.driven[key]; ok {
		return kept, nil
	}
	var made driver.Stmt
	err := t.conn.Raw(func(c any) (err error) {
		conn, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return fmt.Errorf("driver connection is a %T", c)
		}
		made, err = conn.PrepareContext(t.ctx, text())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("preparing to write %q: %w", key.name, err)
	}
	kept, ok := made.(directStatement)
	if !ok {
		return nil, fmt.Errorf("driver statement is a %T", made)
	}
	t.driven[key] = kept
	return kept, nil
}

// directStatement is a statement as the driver keeps it.
type directStatement interface {
	driver.Stmt
	driver.StmtExecContext
}

// InsertMany writes n rows by prepared INSERTs of many rows each, and what is
// left by INSERTs of fewer. Each ends with the clause, such as ON CONFLICT DO
// NOTHING; it returns how many rows were inserted. It is SQLite's.
func (t *Tx) InsertMany(into Table, clause string, n int,
	write func(i int, w RowWriter),
) (int, error) {
	inserted, i := 0, 0
	for _, rows := range insertRows() {
		if n-i < rows || t.aside && rows > asideRows {
			continue
		}
		statement, err := t.direct(directKey{into.Name, clause, rows},
			func() string { return insertText(into, rows, clause) })
		if err != nil {
			return inserted, err
		}
		for n-i >= rows {
			t.room.columns = len(into.Columns)
			touched, err := t.run(statement, func(v *insertValues) {
				for range rows {
					write(i, v)
					i++
				}
			})
			if err != nil {
				return inserted, err
			}
			inserted += touched
		}
	}
	return inserted, nil
}

// Repeat runs one statement n times; write is called before each with what takes
// its arguments. It returns how many times it touched a row. It is SQLite's.
func (t *Tx) Repeat(text string, n int, write func(i int, w RowWriter)) (hits int, err error) {
	statement, err := t.direct(directKey{name: text}, func() string { return text })
	for i := 0; i < n && err == nil; i++ {
		var touched int
		t.room.columns = math.MaxInt // there is no row above
		touched, err = t.run(statement, func(v *insertValues) { write(i, v) })
		hits += min(touched, 1)
	}
	return hits, err
}

// run runs a statement once.
func (t *Tx) run(statement driver.StmtExecContext, write func(*insertValues)) (int, error) {
	if t.aside {
		runtime.Gosched()
	}
	t.room.values = t.room.values[:0]
	write(&t.room)
	r, err := statement.ExecContext(t.ctx, t.room.values)
	if err != nil {
		return 0, err
	}
	touched, err := r.RowsAffected()
	return int(touched), err
}
