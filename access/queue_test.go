package access

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"tollgate"
)

func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2, 3)
		ctx, cancel := context.WithCancel(t.Context())
		answers := make(chan error, 9)
		enter := func() {
			_, err := q.enter(ctx)
			answers <- err
		}
		for range 9 {
			go enter()
			synctest.Wait() // until it is in, waits, or was sent away
		}
		cancel()
		synctest.Wait()
		var codes []tollgate.ErrorCode
		gone := 0
		for range 9 {
			err := <-answers
			if errors.Is(err, context.Canceled) {
				gone++
				continue
			}
			codes = append(codes, tollgate.CodeOf(err))
		}
		const busy = tollgate.CodeUnavailable
		want := []tollgate.ErrorCode{"", "", busy, busy, busy, busy}
		if len(codes) != len(want) || gone != 3 {
			t.Fatalf("answers %q and %d gave up, want %q and 3", codes, gone, want)
		}
		for i := range want {
			if codes[i] != want[i] {
				t.Errorf("answers %q, want %q", codes, want)
			}
		}
		if len(q.present) != 2 {
			t.Errorf("%d are left, want the two in their places", len(q.present))
		}
	})
}
