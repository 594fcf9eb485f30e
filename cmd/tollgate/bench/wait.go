package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tollgate/store"
	"tollgate/store/daybook"

	"golang.org/x/sync/errgroup"
)

// authorizeP99 measures how long an answer takes when calls come at half the
// rate that can be sustained: of a hundred calls, one waits longer. The limit is
// one commit of one row. What of that is the disk's, and not ours, is measured
// too: calls that come at the same pace and wait for the daybook, and nothing else.
func authorizeP99(postgres bool) work {
	return func(ctx context.Context, o Options) (m Measurement, err error) {
		bare, err := o.bareCommit(ctx, postgres)
		if err != nil {
			return m, err
		}
		calls := max(min(o.Calls, pairsMax)/2, 1)
		var shortest, every time.Duration // of one round
		_, err = o.fastest(func(round int) (p99 time.Duration, err error) {
			err = o.withOffice(ctx, postgres, round, func(ctx context.Context, p *placer) error {
				took, err := p.pairs(ctx, calls, false)
				if err != nil {
					return err
				}
				pace := 2 * took / time.Duration(calls)
				p99, err = o.wait(ctx, calls, pace, func(caller, n int) error {
					return p.authorize(ctx, p.attempt(caller, calls+n, false))
				}, func(caller, n int) error {
					return p.settle(ctx, p.attempt(caller, calls+n, false))
				})
				if round == 0 || p99 < shortest {
					shortest, every = p99, pace
				}
				return err
			})
			return p99, err
		})
		if err != nil {
			return m, err
		}
		alone, err := o.fastest(func(round int) (time.Duration, error) {
			return o.daybookAlone(ctx, postgres, round, calls, every)
		})
		m = Measurement{
			Value: float64(shortest.Microseconds()), Unit: "µs", Limit: float64(bare.Microseconds()),
			LimitOf: fmt.Sprintf("one commit of one row; 0.1 is wanted; the daybook alone, at %.0f calls/s: %d µs",
				1/every.Seconds(), alone.Microseconds()),
		}
		m.Ratio = m.Limit / m.Value
		return m, err
	}
}

// wait places a call every so often and returns how long the slowest of a hundred
// waited, counted from when it should have been placed. What is to be done after
// it is not counted.
func (o Options) wait(
	ctx context.Context, calls int, every time.Duration, place, after func(caller, n int) error,
) (time.Duration, error) {
	began := o.Now()
	waits := make([][]time.Duration, callers)
	group, ctx := errgroup.WithContext(ctx)
	for caller := range callers {
		group.Go(func() error {
			for n := 0; n < (calls+callers-1)/callers && ctx.Err() == nil; n++ {
				due := began.Add(time.Duration(n*callers+caller) * every)
				if pause := due.Sub(o.Now()); pause > 0 {
					time.Sleep(pause)
				}
				if err := place(caller, n); err != nil {
					return err
				}
				waits[caller] = append(waits[caller], o.Now().Sub(due))
				if err := after(caller, n); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	all := slices.Concat(waits...)
	slices.Sort(all)
	return all[len(all)*99/100], nil
}

// daybookAlone is the wait for a daybook into which all that waits is written at
// once, a few bytes for each.
func (o Options) daybookAlone(
	ctx context.Context, postgres bool, round, calls int, every time.Duration,
) (p99 time.Duration, err error) {
	err = o.withRoom(ctx, postgres, fmt.Sprintf("daybook-%d", round), func(url string) error {
		return o.withStore(ctx, url, func(db *store.DB) error {
			p99, err = o.inDaybook(ctx, db, calls, every)
			return err
		})
	})
	return p99, err
}

// inDaybook is daybookAlone in a store.
func (o Options) inDaybook(
	ctx context.Context, db *store.DB, calls int, every time.Duration,
) (p99 time.Duration, err error) {
	book, err := daybook.Open(ctx, db)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if _, _, err := book.Own(ctx, func(int64, []byte) error { return nil }); err != nil {
		return 0, err
	}
	waiting := make(chan chan error, callers)
	group := new(errgroup.Group)
	group.Go(func() error { return writeAll(ctx, book, waiting) })
	p99, err = o.wait(ctx, calls, every, func(int, int) error {
		written := make(chan error, 1)
		waiting <- written
		return <-written
	}, func(int, int) error { return nil })
	close(waiting)
	return p99, errors.Join(err, group.Wait())
}

// entryBytes is what a call takes in an entry of the daybook.
const entryBytes = 120

func writeAll(ctx context.Context, book *daybook.Daybook, waiting <-chan chan error) error {
	var first error
	for one := range waiting {
		all := []chan error{one}
		for range len(waiting) {
			all = append(all, <-waiting)
		}
		seq := book.Last() + 1
		err := book.Write(ctx, seq, make([]byte, len(all)*entryBytes))
		book.Posted(seq)
		for _, written := range all {
			written <- err
		}
		if first == nil {
			first = err
		}
	}
	return first
}
