package asterisk

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tollgate"
)

// outbox holds finished legs until they are settled. It keeps their order,
// tries for ever, and lets nothing that came later overtake: neither a leg nor
// a saved position.
type outbox struct {
	device tollgate.ID
	state  State
	log    *slog.Logger
	pause  pause
	most   int // legs waiting before those who add must wait
	batch  int // legs settled at a time

	mu      sync.Mutex
	letters []letter
	waiting int           // legs in letters
	settled uint64        // legs that Finish took
	problem string        // of the last try; empty: it worked
	more    chan struct{} // something was added
	room    chan struct{} // something was taken
}

// letter is a leg to settle, or what to remember once all before it are settled.
type letter struct {
	record tollgate.Record
	state  map[string]string
}

func newOutbox(c *Config) *outbox {
	return &outbox{
		device: c.Device, state: c.State, log: c.Log, pause: pause{low: c.RetryMin, high: c.RetryMax},
		most: c.MaxWaiting, batch: batchMax,
		more: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
}

// put adds a finished leg. It never waits; who adds many calls throttle.
func (o *outbox) put(leg *Leg) {
	if leg.Originator == "" {
		o.log.Warn("asterisk: nobody could be found who made a call", "call", leg.UniqueID, "dialed", leg.Dialed)
	}
	o.add(letter{record: leg.Record(o.device)})
}

// remember has a state saved once every leg put before is settled. Of several
// in a row only the last is saved.
func (o *outbox) remember(state map[string]string) { o.add(letter{state: state}) }

func (o *outbox) add(l letter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if last := len(o.letters) - 1; l.state != nil && last > 0 && o.letters[last].state != nil {
		o.letters[last] = l // not the first: that one may be under way
		return
	}
	o.letters = append(o.letters, l)
	if l.state == nil {
		o.waiting++
	}
	signal(o.more)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// throttle waits until there is room for more legs.
func (o *outbox) throttle(ctx context.Context) error {
	for {
		o.mu.Lock()
		full := o.waiting >= o.most
		o.mu.Unlock()
		if !full {
			return nil
		}
		select {
		case <-o.room:
			signal(o.room) // another may wait too
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run settles what is put until ctx ends.
func (o *outbox) run(ctx context.Context, charger tollgate.Charger) {
	for {
		records, state := o.next()
		if len(records) == 0 && state == nil {
			select {
			case <-o.more:
				continue
			case <-ctx.Done():
				return
			}
		}
		err := o.deliver(ctx, charger, records, state)
		o.note(err)
		if err == nil {
			o.taken(len(records), state != nil)
			o.pause.reset()
			continue
		}
		if ctx.Err() != nil {
			return
		}
		o.log.Error("settling finished calls failed; trying again", "waiting", o.Waiting(), "error", err)
		if o.pause.wait(ctx) != nil {
			return
		}
	}
}

// lastMax bounds the last try: whoever stops a connector waits for it.
const lastMax = 5 * time.Second

// last settles what waits when the connector has ended. Where the PBX keeps no
// journal nothing would know of these legs any more.
func (o *outbox) last(ctx context.Context, charger tollgate.Charger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMax)
	defer cancel()
	for {
		records, state := o.next()
		if len(records) == 0 && state == nil {
			return
		}
		if err := o.deliver(ctx, charger, records, state); err != nil {
			o.log.Error("finished calls are not settled at the end", "waiting", o.Waiting(), "error", err)
			return
		}
		o.taken(len(records), state != nil)
	}
}

// next returns the legs to settle now, or the state to save if that comes first.
func (o *outbox) next() ([]tollgate.Record, map[string]string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var records []tollgate.Record
	for _, l := range o.letters {
		if l.state != nil {
			if len(records) == 0 {
				return nil, l.state
			}
			break
		}
		if records = append(records, l.record); len(records) == o.batch {
			break
		}
	}
	return records, nil
}

func (o *outbox) deliver(
	ctx context.Context, charger tollgate.Charger, records []tollgate.Record, state map[string]string,
) error {
	if state != nil {
		return o.state.Save(ctx, state)
	}
	results, err := charger.Finish(ctx, records)
	if err != nil {
		return err
	}
	for i := range results {
		if results[i].Outcome == tollgate.OutcomeQuarantined {
			o.log.Warn("call put into quarantine", "call", results[i].Call.String(), "reason", results[i].Reason)
		}
	}
	return nil
}

// taken removes what was delivered from the front.
func (o *outbox) taken(records int, state bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	count := records
	if state {
		count++
	}
	clear(o.letters[:count])
	if o.letters = o.letters[count:]; len(o.letters) == 0 {
		o.letters = nil
	}
	o.waiting -= records
	o.settled += uint64(records)
	signal(o.room)
}

func (o *outbox) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.problem = ""; err != nil {
		o.problem = err.Error()
	}
}

// Waiting is how many legs wait to be settled.
func (o *outbox) Waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting
}
