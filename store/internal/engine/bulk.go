package engine

import "tollgate"

// Table is where rows are written in bulk: its columns in the order in which
// the row's writer is called.
type Table struct {
	Name    string
	Columns []string
}

// RowWriter takes the values of one row, column by column.
type RowWriter interface {
	ID(tollgate.ID)
	Int(int64)
	Text(string)
	Bool(bool)
	Null()
}

// Insert inserts n rows; write is called once for each, in order. It fails as
// a whole, so that IsDuplicate holds when a key exists already.
func (t *Tx) Insert(into Table, n int, write func(i int, w RowWriter)) error {
	if n == 0 {
		return nil
	}
	if t.db.name == SQLite {
		_, err := t.InsertMany(into, "", n, write)
		return err
	}
	return t.copyIn(into, n, write)
}
