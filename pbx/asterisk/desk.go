package asterisk

import (
	"context"
	"slices"
	"sync"
	"time"

	"tollgate"
)

const sentMax = 50_000 // unique ids of legs remembered as sent

// desk decides which finished legs go out, each once. The manager interface and
// the journal both report a leg; the interface knows more about it, so while it
// is connected the journal's word waits a moment for it.
type desk struct {
	outbox *outbox
	grace  time.Duration
	since  time.Time // legs that ended before are not for us

	mu      sync.Mutex
	sent    map[string]bool
	order   []string // of sent, oldest first
	held    []heldLeg
	up      bool // the manager interface is followed
	last    time.Time
	rescued uint64 // legs the journal knew and the interface did not, though connected
}

type heldLeg struct {
	leg   Leg
	until time.Time
	from  int64 // position in the journal where its call begins
}

func newDesk(outbox *outbox, grace time.Duration) *desk {
	return &desk{outbox: outbox, grace: grace, sent: map[string]bool{}}
}

// live takes legs from the manager interface.
func (d *desk) live(ctx context.Context, legs []Leg) error {
	d.mu.Lock()
	for i := range legs {
		d.send(&legs[i])
	}
	d.mu.Unlock()
	return d.outbox.throttle(ctx)
}

// journal takes legs from the journal, whose calls begin at a position in it.
func (d *desk) journal(ctx context.Context, legs []Leg, from int64, now time.Time) error {
	d.mu.Lock()
	for i := range legs {
		switch {
		case d.sent[sentKey(&legs[i])]:
		case d.up:
			d.held = append(d.held, heldLeg{leg: legs[i], until: now.Add(d.grace), from: from})
		default:
			d.send(&legs[i])
		}
	}
	d.mu.Unlock()
	return d.outbox.throttle(ctx)
}

// tick sends the held legs whose time is up.
func (d *desk) tick(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = slices.DeleteFunc(d.held, func(h heldLeg) bool {
		if d.sent[sentKey(&h.leg)] {
			return true
		}
		if d.up && now.Before(h.until) {
			return false
		}
		if d.up {
			d.rescued++
		}
		d.send(&h.leg)
		return true
	})
}

// floor returns the lowest position that a held leg still needs, or limit.
func (d *desk) floor(limit int64) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.held {
		limit = min(limit, h.from)
	}
	return limit
}

// connected notes whether the manager interface is followed.
func (d *desk) connected(up bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.up = up
}

// send puts a leg into the outbox if it was not there before. The lock is held,
// so that a position remembered afterwards stands behind it.
func (d *desk) send(leg *Leg) {
	key := sentKey(leg)
	if d.sent[key] || leg.End.Before(d.since) {
		return
	}
	if len(d.order) >= sentMax {
		delete(d.sent, d.order[0])
		d.order = d.order[1:]
	}
	d.sent[key] = true
	d.order = append(d.order, key)
	d.last = leg.End
	d.outbox.put(leg)
}

func sentKey(leg *Leg) string {
	id := tollgate.CallID{UniqueID: leg.UniqueID, Leg: leg.Sequence}
	return id.String()
}
