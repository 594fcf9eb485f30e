package charging

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a configuration that takes a second to say its version.
type slow struct{ asked atomic.Int64 }

func (s *slow) ConfigVersion(context.Context) (int64, error) {
	n := s.asked.Add(1)
	time.Sleep(time.Second)
	return n, nil
}

func (*slow) Changes() int64 { return 0 }

// hanging is one that never does.
type hanging struct{}

func (hanging) ConfigVersion(ctx context.Context) (int64, error) { <-ctx.Done(); return 0, ctx.Err() }
func (hanging) Changes() int64                                   { return 0 }

// swift is one that says it at once.
type swift struct {
	version, changes int64
	meanwhile        func() // done while it is read
}

func (s *swift) ConfigVersion(context.Context) (int64, error) {
	version := s.version
	if s.meanwhile != nil {
		s.meanwhile()
		s.meanwhile = nil
	}
	return version, nil
}

func (s *swift) Changes() int64 { return s.changes }

// An answer is good for others for a moment, until this process changes something.
func TestVersionsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v versions
		var of swift
		get := func(want int64, why string) {
			t.Helper()
			if got, err := v.get(t.Context(), &of); err != nil || got != want {
				t.Errorf("%s: %d, %v, want %d", why, got, err, want)
			}
			synctest.Wait()
		}
		get(0, "at first")
		of.version++
		get(0, "right after another process changed it")
		time.Sleep(versionKept)
		synctest.Wait()
		get(1, "a moment later")
		of.version, of.changes = 2, 1
		get(2, "right after this process changed it")
		time.Sleep(versionKept - time.Nanosecond)
		of.version++
		get(2, "as long as it is kept")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		get(3, "and no longer")
		time.Sleep(versionKept)
		synctest.Wait()
		of.meanwhile = func() { of.version, of.changes = 4, 2 }
		get(3, "while this process changes it")
		get(4, "right after that")
	})
}

// TestVersionsAreShared has ten ask while a question is under way: none of them
// gets its answer, and one more question answers all.
func TestVersionsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v versions
		var of slow
		answers := make(chan int64, 11)
		get := func() {
			version, err := v.get(t.Context(), &of)
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
		if n := of.asked.Load(); n != 2 {
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
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := v.get(hasty, hanging{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("after %s: %v, want the end of the context after a second", time.Since(began), err)
		}
		if _, err := v.get(t.Context(), hanging{}); err == nil || time.Since(began) > 2*versionWait {
			t.Errorf("after %s: %v, want an error", time.Since(began), err)
		}
	})
}
