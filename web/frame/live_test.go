package frame

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate"
)

// TestCallsAreLookedAtOnce: however many pages are open, they share one look at
// the calls in progress, and each sees its own company's.
func TestCallsAreLookedAtOnce(t *testing.T) {
	now, looks := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), atomic.Int32{}
	s := &Site{Options: Options{
		Now: func() time.Time { return now },
		Live: func(owner tollgate.ID) []tollgate.LiveCall {
			if owner != 0 {
				t.Errorf("one company was asked for")
			}
			looks.Add(1)
			return []tollgate.LiveCall{{Enterprise: 1, ID: 1}, {Enterprise: 2, ID: 2}, {Enterprise: 1, ID: 3}}
		},
	}}
	var pages sync.WaitGroup
	for i := range 30 {
		pages.Go(func() {
			owner := tollgate.ID(i % 4)
			var ids []tollgate.ID
			for _, c := range s.Calls(owner) {
				ids = append(ids, c.ID)
			}
			want := [][]tollgate.ID{{1, 2, 3}, {1, 3}, {2}, nil}[owner]
			if count := s.CallCount(owner); !slices.Equal(ids, want) || count != len(want) {
				t.Errorf("owner %d: %v, %d calls, want %v", owner, ids, count, want)
			}
		})
	}
	pages.Wait()
	for _, step := range []struct {
		name  string
		do    func()
		looks int32
	}{
		{"at once", func() {}, 1},
		{"a little later", func() { now = now.Add(liveFresh - 1) }, 1},
		{"at the next second", func() { now = now.Add(time.Second - liveFresh + 1) }, 2},
		{"after a call was ended", s.Overtaken, 3},
		{"the clock was put back", func() { now = now.Add(-time.Hour) }, 4},
	} {
		step.do()
		if s.Calls(1); looks.Load() != step.looks {
			t.Fatalf("%s: %d looks, want %d", step.name, looks.Load(), step.looks)
		}
	}
}
