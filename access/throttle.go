package access

import (
	"container/list"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// How failed logins are slowed down: the first few cost nothing, then each
// doubles the wait. Who guesses is watched by where they are, so that they wait
// and the owner of the name at another address does not: an address trying one
// name, and one trying many. A name as a whole has a far larger allowance, which
// it takes many addresses to use up; then it waits for all but those from where
// it was let in before. So whoever has any number of addresses hears a hundred
// answers about one name at first, and about a hundred a day from then on.
const (
	failuresFreePair    = 5   // of one name from one address
	failuresFreeAddress = 20  // of one address, whatever the names
	failuresFreeName    = 100 // of one name from wherever it was never let in
	waitMin             = time.Second
	waitMax             = 15 * time.Minute
	failureForgotten    = 15 * time.Minute    // one, for each such time without another
	knownForgotten      = 30 * 24 * time.Hour // from where a name was let in, after the last time
	throttleKeysMax     = 10_000              // of each kind; the longest quiet is dropped
)

// Throttled is the error of a login that came too soon after failed ones. The
// password was not looked at.
type Throttled struct {
	Wait time.Duration // until the next attempt is heard
}

// Error says how long to wait.
func (t *Throttled) Error() string {
	return fmt.Sprintf("too many failed logins: try again in %s", t.Wait.Round(time.Second))
}

// throttle remembers failed logins, and from where names were let in.
type throttle struct {
	mu        sync.Mutex
	pairs     *tally // of a name and an address
	addresses *tally
	names     *tally
	known     *tally // pairs that were let in
}

func newThrottle() *throttle {
	return &throttle{pairs: newTally(), addresses: newTally(), names: newTally(), known: newTally()}
}

// check returns a *Throttled if a login would not be heard now, and counts nothing.
func (t *throttle) check(name, address string, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused(name, Network(address), now)
}

// attempt counts a login as failed before it is tried, so that many at once
// count as many, or returns a *Throttled. Call succeeded when it went well.
// An empty name is not watched.
func (t *throttle) attempt(name, address string, now time.Time) error {
	address = Network(address)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refused(name, address, now); err != nil {
		return err
	}
	t.addresses.add(keyOf("", address), now)
	if name != "" {
		t.pairs.add(keyOf(name, address), now)
		if !t.knows(name, address, now) {
			t.names.add(keyOf(name, ""), now)
		}
	}
	return nil
}

func (t *throttle) refused(name, address string, now time.Time) error {
	wait := t.addresses.wait(keyOf("", address), failuresFreeAddress, now)
	if name != "" {
		wait = max(wait, t.pairs.wait(keyOf(name, address), failuresFreePair, now))
		if !t.knows(name, address, now) {
			wait = max(wait, t.names.wait(keyOf(name, ""), failuresFreeName, now))
		}
	}
	if wait > 0 {
		return &Throttled{Wait: wait}
	}
	return nil
}

// succeeded takes an attempt back, and with it all failures of the name from
// there, which is known from then on. The address keeps its other failures, or
// one good account would clear the way for guessing others; the name keeps
// those of strangers, or each login of its owner would grant them a hundred more.
func (t *throttle) succeeded(name, address string, now time.Time) {
	address = Network(address)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addresses.takeBack(keyOf("", address))
	if !t.knows(name, address, now) {
		t.names.takeBack(keyOf(name, ""))
	}
	t.vouch(name, address, now)
}

// proved lets a name in from where it proved itself by other means than a password.
func (t *throttle) proved(name, address string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.vouch(name, Network(address), now)
}

func (t *throttle) vouch(name, address string, now time.Time) {
	t.pairs.remove(keyOf(name, address))
	t.known.add(keyOf(name, address), now)
}

// isKnown reports whether the name was let in from there before.
func (t *throttle) isKnown(name, address string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.knows(name, Network(address), now)
}

func (t *throttle) knows(name, address string, now time.Time) bool {
	e := t.known.find(keyOf(name, address))
	return e != nil && now.Sub(e.last) < knownForgotten
}

// Network is what an address is watched as: itself, or for IPv6 its /64, which
// is what one customer has.
func Network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// key stands for a name, an address, or both: strangers choose how long those are.
type key [sha256.Size]byte

func keyOf(name, address string) key {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q", name, address))
}

// tally counts by key and forgets the longest quiet when there are too many.
type tally struct {
	byKey map[key]*list.Element
	order *list.List // of *counted, the newest first
}

type counted struct {
	key   key
	count int
	last  time.Time
}

func newTally() *tally { return &tally{byKey: map[key]*list.Element{}, order: list.New()} }

// find returns what is counted of a key, nil if nothing is.
func (t *tally) find(k key) *counted {
	if e, ok := t.byKey[k]; ok {
		return e.Value.(*counted)
	}
	return nil
}

// wait is how long a key with that many free failures has to wait from now; 0: not at all.
func (t *tally) wait(k key, free int, now time.Time) time.Duration {
	c := t.find(k)
	if c == nil {
		return 0
	}
	doublings := c.left(now) - free
	if doublings < 0 {
		return 0
	}
	wait := waitMax
	if doublings < 10 { // 1 s doubled ten times is beyond waitMax
		wait = min(waitMax, waitMin<<doublings)
	}
	return max(0, c.last.Add(wait).Sub(now))
}

// left is what is not forgotten of the count.
func (c *counted) left(now time.Time) int {
	return max(0, c.count-int(now.Sub(c.last)/failureForgotten))
}

func (t *tally) add(k key, now time.Time) {
	e, ok := t.byKey[k]
	if !ok {
		e = t.order.PushFront(&counted{key: k})
		t.byKey[k] = e
		if t.order.Len() > throttleKeysMax {
			t.remove(t.order.Back().Value.(*counted).key)
		}
	}
	c := e.Value.(*counted)
	c.count = c.left(now) + 1
	c.last = now
	t.order.MoveToFront(e)
}

func (t *tally) takeBack(k key) {
	if c := t.find(k); c != nil {
		if c.count--; c.count <= 0 {
			t.remove(k)
		}
	}
}

func (t *tally) remove(k key) {
	if e, ok := t.byKey[k]; ok {
		t.order.Remove(e)
		delete(t.byKey, k)
	}
}
