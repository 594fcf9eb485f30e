package store

import "tollgate"

// table is where rows are written in bulk: its columns in the order in which
// the row's writer is called.
type table struct {
	name    string
	columns []string
}

// rowWriter takes the values of one row, column by column.
type rowWriter interface {
	id(tollgate.ID)
	int(int64)
	text(string)
	bool(bool)
	null()
}

// insertRows inserts n rows; write is called once for each, in order. It fails
// as a whole, with a problemDuplicate when a key exists already.
func (t *tx) insertRows(into table, n int, write func(i int, w rowWriter)) error {
	if n == 0 {
		return nil
	}
	if t.db.engine == SQLite {
		return t.insertMany(into, n, write)
	}
	return t.copyIn(into, n, write)
}

var (
	rateTable = table{"rate", []string{
		"deck_id", "prefix", "number", "class", "name", "price", "price_peak", "connect_fee",
		"per", "first_interval", "next_interval",
	}}
	attributionTable = table{"attribution", []string{
		"prefix", "class", "country", "destination", "area_code",
	}}
)

func writeRate(w rowWriter, deck tollgate.ID, r *tollgate.Rate) {
	w.id(deck)
	w.text(r.Prefix)
	w.text(r.Number)
	w.text(string(r.Class))
	w.text(r.Name)
	w.text(r.Price)
	w.text(r.PricePeak)
	w.text(r.ConnectFee)
	w.text(r.Per)
	w.text(r.First)
	w.text(r.Next)
}
