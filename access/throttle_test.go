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

func TestThrottlePair(t *testing.T) {
	th := newThrottle()
	now := noon
	for i := range failuresFreePair {
		if w := waits(t, th, "anna", "198.51.100.1", now); w != 0 {
			t.Fatalf("failure %d waits %s, want none", i, w)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		want *= time.Second
		if w := waits(t, th, "anna", "198.51.100.1", now); w != want {
			t.Fatalf("waits %s, want %s", w, want)
		}
		for _, other := range [][2]string{{"anna", "198.51.100.2"}, {"bert", "198.51.100.1"}} {
			if w := waits(t, th, other[0], other[1], now); w != 0 {
				t.Fatalf("%s waits %s", other, w)
			}
			th.succeeded(other[0], other[1], now)
		}
		now = now.Add(want)
		if w := waits(t, th, "anna", "198.51.100.1", now); w != 0 {
			t.Fatalf("after its wait it waits %s more", w)
		}
	}
	if w := waits(t, th, "anna", "198.51.100.1", now.Add(failureForgotten*20)); w != 0 {
		t.Errorf("after five hours of quiet it waits %s", w)
	}
	if c := th.pairs.find(keyOf("anna", "198.51.100.1")).count; c != 1 {
		t.Errorf("after five hours of quiet it counts %d, want 1", c)
	}
}

// TestThrottleName guesses for a week from any number of addresses, as often as
// it is heard, and logs the owner in from a new place every day.
func TestThrottleName(t *testing.T) {
	th := newThrottle()
	const days = 7
	heard := 0
	for hours := range days * 24 {
		for step := range 60 {
			now := noon.Add(time.Duration(hours)*time.Hour + time.Duration(step)*time.Minute)
			if waits(t, th, "anna", fmt.Sprintf("2001:db8:%x:%x::", hours, step), now) == 0 {
				heard++
			}
		}
		if hours%24 == 0 {
			th.proved("anna", fmt.Sprintf("192.0.2.%d", hours/24), noon.Add(time.Duration(hours)*time.Hour))
		}
	}
	if most := failuresFreeName + 10 + days*96; heard < failuresFreeName || heard > most {
		t.Errorf("%d guesses were heard in %d days, want at most %d", heard, days, most)
	}
}

func TestThrottleSuccess(t *testing.T) {
	th := newThrottle()
	for i := range 10 * failuresFreeName {
		address := fmt.Sprintf("2001:db8:%x::", i)
		if w := waits(t, th, "anna", address, noon); w != 0 {
			t.Fatalf("attempt %d waits %s, want none", i, w)
		}
		th.succeeded("anna", address, noon)
	}
	for range failuresFreeName {
		waits(t, th, "bert", "192.0.2.1", noon) // waits soon, and is no failure then
	}
	for i := range failuresFreeName {
		waits(t, th, "bert", fmt.Sprintf("2001:db8:%x::", i), noon)
	}
	if w := waits(t, th, "bert", "192.0.2.2", noon); w == 0 {
		t.Error("a name that strangers guessed a hundred times does not wait")
	}
	th.proved("bert", "192.0.2.2", noon)
	if w := waits(t, th, "bert", "192.0.2.2", noon); w != 0 {
		t.Errorf("where it was let in it waits %s", w)
	}
	if th.isKnown("bert", "192.0.2.2", noon.Add(knownForgotten)) {
		t.Error("after a month it is still known")
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
		{"IPv4 within IPv6", "192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"},
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
			th.succeeded("mallory", "192.0.2.1", noon)
		}
	}
	if heard != failuresFreeAddress {
		t.Errorf("%d guesses were heard, want %d", heard, failuresFreeAddress)
	}
}

func TestThrottleIsBounded(t *testing.T) {
	th := newThrottle()
	for i := range throttleKeysMax + 500 {
		name, address := fmt.Sprint("name", i), fmt.Sprint("address", i)
		waits(t, th, name, address, noon)
		waits(t, th, name, address, noon)
		th.succeeded(name, fmt.Sprint("home", i), noon)
	}
	for what, kept := range map[string]*tally{
		"pairs": th.pairs, "addresses": th.addresses, "names": th.names, "known": th.known,
	} {
		if n := len(kept.byKey); n != throttleKeysMax || kept.order.Len() != n {
			t.Errorf("%d %s and %d in order, want %d", n, what, kept.order.Len(), throttleKeysMax)
		}
	}
	if th.names.find(keyOf("name0", "")) != nil {
		t.Error("the longest quiet name is still there")
	}
}
