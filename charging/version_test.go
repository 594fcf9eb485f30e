package charging

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestVersionsAreShared has ten ask while a question is under way: none of them
// gets its answer, and one more question answers all.
func TestVersionsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v versions
		var asked atomic.Int64
		ask := func(context.Context) (int64, error) { //nolint:unparam // as it is asked
			n := asked.Add(1)
			time.Sleep(time.Second)
			return n, nil
		}
		answers := make(chan int64, 11)
		get := func() {
			version, err := v.get(t.Context(), ask)
			if err != nil {
				t.Error(err)
			}
			answers <- version
		}
		go get()
		synctest.Wait()
		for range 10 {
			go get()
		}
		if first := <-answers; first != 1 {
			t.Errorf("the first got answer %d, want 1", first)
		}
		for range 10 {
			if version := <-answers; version != 2 {
				t.Errorf("who came later got answer %d, want 2", version)
			}
		}
		if n := asked.Load(); n != 2 {
			t.Errorf("the store was asked %d times, want 2", n)
		}
		synctest.Wait()
		if get(); <-answers != 3 {
			t.Error("who asks when all is quiet does not get an answer of his own")
		}
	})
}

// TestVersionsEnd has a store that does not answer, and one that fails.
func TestVersionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v versions
		hangs := func(ctx context.Context) (int64, error) { <-ctx.Done(); return 0, ctx.Err() }
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := v.get(hasty, hangs); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v, want the end of the context after a second", time.Since(began), err)
		}
		if _, err := v.get(t.Context(), hangs); err == nil || time.Since(began) > 2*versionWait {
			t.Errorf("after %s: %v, want an error", time.Since(began), err)
		}
	})
}
