package access

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// waits returns how long an attempt has to wait; 0: it was heard.
func waits(t *testing.T, th *throttle, name, address string, now time.Time) time.Duration {
	t.Helper()
	err := th.attempt(name, address, now)
	throttled, ok := errors.AsType[*Throttled](err)
	if err != nil && !ok {
		t.Fatalf("attempt: %v, want *Throttled", err)
	}
	if !ok {
		return 0
	}
	return throttled.Wait
}

func TestThrottleName(t *testing.T) {
	th := newThrottle()
	now := noon
	for i := range failuresFreeName {
		if w := waits(t, th, "anna", fmt.Sprintf("192.0.2.%d", i), now); w != 0 {
			t.Fatalf("failure %d waits %s, want none", i, w)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		want *= time.Second
		if w := waits(t, th, "anna", "198.51.100.1", now); w != want {
			t.Fatalf("waits %s, want %s", w, want)
		}
		if w := waits(t, th, "bert", "198.51.100.2", now); w != 0 {
			t.Fatalf("another name waits %s", w)
		}
		th.succeeded("bert", "198.51.100.2")
		now = now.Add(want)
		if w := waits(t, th, "anna", fmt.Sprintf("203.0.113.%d", want/time.Second%250), now); w != 0 {
			t.Fatalf("after its wait it waits %s more", w)
		}
	}
	if w := waits(t, th, "anna", "198.51.100.3", now.Add(failuresForgotten)); w != 0 {
		t.Errorf("after an hour of quiet it waits %s", w)
	}
}

func TestThrottleSuccessClearsTheName(t *testing.T) {
	th := newThrottle()
	for i := range 10 * failuresFreeName {
		if w := waits(t, th, "anna", fmt.Sprintf("192.0.2.%d", i), noon); w != 0 {
			t.Fatalf("attempt %d waits %s, want none", i, w)
		}
		if i%failuresFreeName == failuresFreeName-1 {
			th.succeeded("anna", fmt.Sprintf("192.0.2.%d", i))
		}
	}
}

func TestThrottleAddress(t *testing.T) {
	tests := []struct {
		name          string
		address, same string
		other         string
	}{
		{"IPv4", "192.0.2.1", "192.0.2.1", "192.0.2.2"},
		{"IPv6 by /64", "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"},
		{"no address", "pipe", "pipe", "other"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			th := newThrottle()
			for i := range failuresFreeAddress {
				if w := waits(t, th, fmt.Sprint("name", i), test.address, noon); w != 0 {
					t.Fatalf("failure %d waits %s, want none", i, w)
				}
			}
			if w := waits(t, th, "fresh", test.same, noon); w != time.Second {
				t.Errorf("waits %s, want 1s", w)
			}
			if w := waits(t, th, "fresh", test.other, noon); w != 0 {
				t.Errorf("another address waits %s", w)
			}
		})
	}
}

// TestThrottleOneGoodAccount shows that logging in well between guesses does
// not clear the way for guessing.
func TestThrottleOneGoodAccount(t *testing.T) {
	th := newThrottle()
	heard := 0
	for i := range 10 * failuresFreeAddress {
		if waits(t, th, fmt.Sprint("victim", i), "192.0.2.1", noon) == 0 {
			heard++
		}
		if waits(t, th, "mallory", "192.0.2.1", noon) == 0 {
			th.succeeded("mallory", "192.0.2.1")
		}
	}
	if heard != failuresFreeAddress {
		t.Errorf("%d guesses were heard, want %d", heard, failuresFreeAddress)
	}
}

func TestThrottleIsBounded(t *testing.T) {
	th := newThrottle()
	for i := range throttleKeysMax + 500 {
		waits(t, th, fmt.Sprint("name", i), fmt.Sprint("address", i), noon)
	}
	if n := len(th.names.byKey); n != throttleKeysMax {
		t.Errorf("%d names, want %d", n, throttleKeysMax)
	}
	if n := th.addresses.order.Len(); n != throttleKeysMax {
		t.Errorf("%d addresses, want %d", n, throttleKeysMax)
	}
	if _, ok := th.names.byKey["name0"]; ok {
		t.Error("the longest quiet name is still there")
	}
}
