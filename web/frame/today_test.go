package frame

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tollgate/store"
)

// TestADayIsAddedUpOnce: a sum that took a second is everybody's for ten, but
// never another day's or another company's.
func TestADayIsAddedUpOnce(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	midnight, sums := now.Truncate(24*time.Hour), int64(0)
	failing := errors.New("no database")
	var fail error
	var pages tally
	look := func(scope store.Scope, from time.Time) (Sum, error) {
		return pages.day(scope).share(t.Context(), from, true, func() time.Time { return now }, func() (store.Totals, error) {
			now = now.Add(time.Second)
			sums++
			return store.Totals{Calls: sums}, fail
		})
	}
	for _, step := range []struct {
		name  string
		pass  time.Duration
		scope store.Scope
		from  time.Time
		fail  error
		sum   int64
	}{
		{"the first", 0, 7, midnight, nil, 1},
		{"another page", 9 * time.Second, 7, midnight, nil, 1},
		{"another company", 0, 8, midnight, nil, 2},
		{"when it is due", time.Second, 7, midnight, nil, 3},
		{"the next day", time.Second, 7, midnight.AddDate(0, 0, 1), nil, 4},
		{"the other company's is still good", time.Second, 8, midnight, nil, 2},
		{"it fails", time.Minute, 8, midnight, failing, 0},
		{"a failure is no sum", 0, 8, midnight, nil, 6},
		{"the clock was put back", -time.Hour, 8, midnight, nil, 7},
	} {
		now, fail = now.Add(step.pass), step.fail
		before := now
		got, err := look(step.scope, step.from)
		if !errors.Is(err, step.fail) || got.Calls != step.sum {
			t.Errorf("%s: sum %d (%v), want %d", step.name, got.Calls, err, step.sum)
		}
		if now.After(before) && err == nil && !got.At.Equal(before) {
			t.Errorf("%s: of %v, want %v", step.name, got.At, before)
		}
	}
}

// TestNobodyWaitsForALongSum: where there is an older sum of the day, it is handed
// out while another is made, once for all.
func TestNobodyWaitsForALongSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d daySum
		midnight, sums := time.Now(), int64(0)
		look := func(ctx context.Context) (Sum, error) {
			return d.share(ctx, midnight, true, time.Now, func() (store.Totals, error) {
				sums++
				n := sums
				time.Sleep(time.Minute)
				return store.Totals{Calls: n}, nil
			})
		}
		gone, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := look(gone); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("whoever has gone: %v", err)
		}
		var all sync.WaitGroup
		ask := func(want int64, within time.Duration) {
			all.Go(func() {
				asked := time.Now()
				got, err := look(t.Context())
				if took := time.Since(asked); got.Calls != want || err != nil || took > within {
					t.Errorf("sum %d after %v (%v), want %d", got.Calls, took, err, want)
				}
			})
		}
		for range 10 {
			ask(1, time.Minute)
		}
		all.Wait()
		time.Sleep(11 * time.Minute)
		for range 10 {
			ask(1, sumPatience)
		}
		all.Wait()
		time.Sleep(2 * time.Minute)
		ask(2, 0)
		all.Wait()
		if sums != 2 {
			t.Errorf("%d sums were made", sums)
		}
	})
}

// TestAFreshPageHasFreshSums: where a sum is quickly made, whoever opens a page gets
// one of now; whoever looks again and again shares.
func TestAFreshPageHasFreshSums(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d daySum
		sums := int64(0)
		for i, fresh := range []bool{true, true, false, false, true} {
			got, err := d.share(t.Context(), time.Time{}, fresh, time.Now, func() (store.Totals, error) {
				sums++
				time.Sleep(sumPatience / 2)
				return store.Totals{Calls: sums}, nil
			})
			if want := []int64{1, 2, 2, 2, 3}[i]; got.Calls != want || err != nil {
				t.Errorf("look %d: sum %d (%v), want %d", i, got.Calls, err, want)
			}
		}
	})
}
