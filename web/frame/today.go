package frame

import (
	"context"
	"sync"
	"time"

	"tollgate/store"
)

// restAfterSum is how many times longer than it took to make a sum is good for:
// however many look, adding up keeps a core busy for an eleventh of the time.
const restAfterSum = 10

// Sum is what the calls of a day added up to at an instant.
type Sum struct {
	store.Totals
	At time.Time // calls in the tables by then are in it
}

// tally is the day's sums as all open pages share them: adding up a million calls
// takes seconds, and every page asks every two.
type tally struct {
	mu sync.Mutex
	of map[store.Scope]*daySum
}

type daySum struct {
	mu   sync.Mutex // held while the sum is made: who wants it too waits for it
	from time.Time
	sum  Sum
	due  time.Time // when another is made
}

// Since adds up the calls of a scope that began at from or later, or hands out a
// sum made for somebody else a little earlier.
func (s *Site) Since(ctx context.Context, scope store.Scope, from time.Time) (Sum, error) {
	return s.tally.share(scope, from, s.Now, func() (store.Totals, error) {
		return s.Store.Totals(ctx, scope, store.CDRFilter{From: from})
	})
}

func (t *tally) share(
	scope store.Scope, from time.Time, now func() time.Time, add func() (store.Totals, error),
) (Sum, error) {
	d := t.day(scope)
	d.mu.Lock()
	defer d.mu.Unlock()
	begun := now()
	if d.from.Equal(from) && !begun.Before(d.sum.At) && begun.Before(d.due) {
		return d.sum, nil
	}
	totals, err := add()
	if err != nil {
		return Sum{}, err
	}
	ended := now()
	d.from, d.sum = from, Sum{totals, begun}
	d.due = ended.Add(restAfterSum * ended.Sub(begun))
	return d.sum, nil
}

func (t *tally) day(scope store.Scope) *daySum {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = make(map[store.Scope]*daySum)
	}
	d := t.of[scope]
	if d == nil {
		d = &daySum{}
		t.of[scope] = d
	}
	return d
}
