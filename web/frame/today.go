package frame

import (
	"context"
	"sync"
	"time"

	"tollgate/store"
)

// restAfterSum is how many times longer than it took to make a sum is good for:
// however many pages look again and again, adding up keeps a core busy for an
// eleventh of the time.
const restAfterSum = 10

const (
	sumPatience = 300 * time.Millisecond // for a sum to be made, where there is an older one
	sumTimeMax  = 10 * time.Minute       // for making one
)

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
	mu     sync.Mutex
	from   time.Time
	sum    Sum
	err    error         // why there is none
	due    time.Time     // when another is made for whoever looks again and again
	quick  bool          // one is made within sumPatience, also for whoever has just come
	making chan struct{} // closed when the one that is being made is there; nil: none is
}

// Since adds up the calls of a scope that began at from or later, or hands out a
// sum made for somebody else a little earlier. Fresh asks for one of now, where that
// is quickly made: a page is opened once, and then looks again and again.
func (s *Site) Since(ctx context.Context, scope store.Scope, from time.Time, fresh bool) (Sum, error) {
	return s.tally.day(scope).share(ctx, from, fresh, s.Now, func() (store.Totals, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sumTimeMax) // others wait for it too
		defer cancel()
		return s.Store.Totals(ctx, scope, store.CDRFilter{From: from})
	})
}

// share returns the day's sum. One that is due is made anew by itself; where that
// takes long, whoever asks gets the one before.
func (d *daySum) share(
	ctx context.Context, from time.Time, fresh bool, now func() time.Time, add func() (store.Totals, error),
) (Sum, error) {
	for {
		d.mu.Lock()
		sum, same, at := d.sum, d.from.Equal(from) && d.err == nil, now()
		if same && !at.Before(sum.At) && at.Before(d.due) && (!fresh || !d.quick) {
			d.mu.Unlock()
			return sum, nil
		}
		making := d.making
		if making == nil {
			making = make(chan struct{})
			d.making = making
			go d.renew(from, now, add)
		}
		d.mu.Unlock()
		var late <-chan time.Time
		if same {
			late = time.After(sumPatience)
		}
		select {
		case <-making:
		case <-late:
			return sum, nil
		case <-ctx.Done():
			return Sum{}, ctx.Err()
		}
		d.mu.Lock()
		sum, made, err := d.sum, d.from.Equal(from), d.err
		d.mu.Unlock()
		if made { // else it was another day's
			return sum, err
		}
	}
}

func (d *daySum) renew(from time.Time, now func() time.Time, add func() (store.Totals, error)) {
	begun := now()
	totals, err := add()
	ended := now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.from, d.sum, d.err = from, Sum{totals, begun}, err
	if err != nil {
		d.sum = Sum{}
	}
	took := ended.Sub(begun)
	d.due, d.quick = ended.Add(restAfterSum*took), took < sumPatience
	close(d.making)
	d.making = nil
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
