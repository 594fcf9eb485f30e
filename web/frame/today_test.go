package frame

import (
	"errors"
	"testing"
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
		return pages.share(scope, from, func() time.Time { return now }, func() (store.Totals, error) {
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
