package ledger

import (
	"slices"
	"sync"
	"time"

	"tollgate"
)

// Stats counts what the writer has committed since it was made.
type Stats struct {
	Stored, Duplicate, Quarantined int64     // settlements by outcome
	Rows                           Histogram // settlements and postings in a commit
	Time                           Histogram // microseconds that a commit took
	Unposted                       int       // calls and reservations in the daybook and not in the tables yet
}

// Histogram counts values by size.
type Histogram struct {
	Bounds []int64 // rising; a value belongs to the first bound that it does not exceed
	Counts []int64 // by bound, and one more for values beyond the last
	Sum    int64   // of the values
}

func newHistogram(bounds ...int64) Histogram {
	return Histogram{Bounds: bounds, Counts: make([]int64, len(bounds)+1)}
}

func (h *Histogram) add(value int64) {
	place, _ := slices.BinarySearch(h.Bounds, value)
	h.Counts[place]++
	h.Sum += value
}

func (h *Histogram) clone() Histogram {
	return Histogram{Bounds: slices.Clone(h.Bounds), Counts: slices.Clone(h.Counts), Sum: h.Sum}
}

// counters is Stats in the making.
type counters struct {
	mu    sync.Mutex
	stats Stats
}

func newCounters() *counters {
	return &counters{stats: Stats{
		Rows: newHistogram(1, 10, 100, 1000, 10_000),
		Time: newHistogram(1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000),
	}}
}

// commit counts one commit.
func (c *counters) commit(batch []*operation, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows := 0
	for _, o := range batch {
		rows += o.rows()
		for i := range o.answer.results {
			switch o.answer.results[i].Outcome {
			case tollgate.OutcomeStored:
				c.stats.Stored++
			case tollgate.OutcomeDuplicate:
				c.stats.Duplicate++
			case tollgate.OutcomeQuarantined:
				c.stats.Quarantined++
			}
		}
	}
	c.stats.Rows.add(int64(rows))
	c.stats.Time.add(took.Microseconds())
}

// Stats returns what the writer has committed so far.
func (b *Book) Stats() Stats {
	b.counters.mu.Lock()
	defer b.counters.mu.Unlock()
	s := b.counters.stats
	s.Rows, s.Time = s.Rows.clone(), s.Time.clone()
	if b.ahead != nil {
		s.Unposted = b.ahead.waiting()
	}
	return s
}
