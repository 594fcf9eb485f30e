package access

import (
	"container/list"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// How failed logins are slowed down: the first few cost nothing, then each
// doubles the wait. Names are watched against one account being tried from many
// places, addresses against one place trying many accounts.
const (
	failuresFreeName    = 5
	failuresFreeAddress = 20
	waitMin             = time.Second
	waitMax             = 15 * time.Minute
	failuresForgotten   = time.Hour // without another failure
	throttleKeysMax     = 10_000    // of each kind; the longest quiet is dropped
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

// throttle remembers failed logins by name and by address.
type throttle struct {
	mu        sync.Mutex
	names     *failures
	addresses *failures
}

func newThrottle() *throttle {
	return &throttle{names: newFailures(failuresFreeName), addresses: newFailures(failuresFreeAddress)}
}

// attempt counts a login as failed before it is tried, so that many at once
// count as many, or returns a *Throttled. Call succeeded when it went well.
// An empty name is not watched.
func (t *throttle) attempt(name, address string, now time.Time) error {
	address = network(address)
	t.mu.Lock()
	defer t.mu.Unlock()
	wait := t.addresses.wait(address, now)
	if name != "" {
		wait = max(wait, t.names.wait(name, now))
	}
	if wait > 0 {
		return &Throttled{Wait: wait}
	}
	t.addresses.add(address, now)
	if name != "" {
		t.names.add(name, now)
	}
	return nil
}

// succeeded takes the attempt back, and with it all failures of the name. The
// address keeps its other failures: one good account must not clear the way
// for guessing others.
func (t *throttle) succeeded(name, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names.remove(name)
	t.addresses.takeBack(network(address))
}

// network is what an address is watched as: itself, or for IPv6 its /64, which
// is what one customer has.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// failures counts by key and forgets the longest quiet when there are too many.
type failures struct {
	free  int
	byKey map[string]*list.Element
	order *list.List // of *failure, the newest first
}

type failure struct {
	key   string
	count int
	last  time.Time
}

func newFailures(free int) *failures {
	return &failures{free: free, byKey: map[string]*list.Element{}, order: list.New()}
}

// wait is how long key has to wait from now; 0: not at all.
func (f *failures) wait(key string, now time.Time) time.Duration {
	e, ok := f.byKey[key]
	if !ok {
		return 0
	}
	entry := e.Value.(*failure)
	if entry.count < f.free || now.Sub(entry.last) >= failuresForgotten {
		return 0
	}
	wait := waitMax
	if doublings := entry.count - f.free; doublings < 10 { // 1 s doubled ten times is beyond waitMax
		wait = min(waitMax, waitMin<<doublings)
	}
	return max(0, entry.last.Add(wait).Sub(now))
}

func (f *failures) add(key string, now time.Time) {
	e, ok := f.byKey[key]
	if !ok {
		e = f.order.PushFront(&failure{key: key})
		f.byKey[key] = e
		if f.order.Len() > throttleKeysMax {
			f.remove(f.order.Back().Value.(*failure).key)
		}
	}
	entry := e.Value.(*failure)
	if now.Sub(entry.last) >= failuresForgotten {
		entry.count = 0
	}
	entry.count++
	entry.last = now
	f.order.MoveToFront(e)
}

func (f *failures) takeBack(key string) {
	e, ok := f.byKey[key]
	if !ok {
		return
	}
	entry := e.Value.(*failure)
	if entry.count--; entry.count <= 0 {
		f.remove(key)
	}
}

func (f *failures) remove(key string) {
	if e, ok := f.byKey[key]; ok {
		f.order.Remove(e)
		delete(f.byKey, key)
	}
}
