package store

import (
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// ensureMonths makes the partitions that rows need which lie at these instants;
// bound turns the first instant of a month into the key of the table. SQLite
// has no partitions.
func (p *Posting) ensureMonths(table string, n int, at func(i int) time.Time,
	bound func(time.Time) int64,
) error {
	if p.tx.Engine() == SQLite {
		return nil
	}
	ctx, _ := p.tx.Read()
	var from, until time.Time // of the month before, nearly always the same
	for i := range n {
		t := at(i).UTC()
		if !t.Before(from) && t.Before(until) {
			continue
		}
		from = time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
		until = from.AddDate(0, 1, 0)
		err := p.db.sql.EnsurePartition(ctx, table, table+"_"+from.Format("200601"), bound(from), bound(until))
		if err != nil {
			return err
		}
	}
	return nil
}

// cdr is parted by when calls started, transfer by when its ids were made.
func startBound(t time.Time) int64 { return engine.Micros(t) }
func idBound(t time.Time) int64    { return int64(tollgate.FirstID(t)) }
