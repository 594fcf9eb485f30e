package charging

import (
	"context"
	"slices"
	"sync"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// tick is how often clocks are looked at: for periods that end, and for money
// that is held for calls of which nothing is heard.
const tick = time.Second

// Run returns quotas to zero when their period ends, releases money held for
// calls of which nothing is heard, and keeps alerts, until ctx ends.
func (f *Office) Run(ctx context.Context) error {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	last := time.Time{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-f.bell.raised:
			f.keep(ctx, a)
		case at := <-clock.C:
			passed := tick
			if !last.IsZero() {
				passed = at.Sub(last)
			}
			last = at
			if err := f.sweep(ctx, passed); err != nil && ctx.Err() == nil {
				f.log.Error("looking after calls in progress and quotas", "error", err)
			}
		}
	}
}

// sweep does what is due after so much time has passed. It is not read off the
// clock, which may jump: money that is held must not come free by that.
func (f *Office) sweep(ctx context.Context, passed time.Duration) error {
	for _, c := range f.board.due(passed) {
		if err := f.expire(ctx, c); err != nil {
			return err
		}
	}
	now := f.now()
	if err := f.expireLost(ctx, now); err != nil {
		return err
	}
	return f.resetAll(ctx, now)
}

// lostEvery is how often the store is asked for reservations that no call here
// knows of: the answer of their commit was lost, or their node has died.
const lostEvery = 30 * time.Second

func (f *Office) expireLost(ctx context.Context, now time.Time) error {
	if now.Sub(f.lastLost).Abs() < lostEvery {
		return nil
	}
	page, err := f.kept.Reservations(ctx, store.Everything, store.ReservationFilter{Expired: now},
		store.Paging{Rows: store.PageRowsMax})
	if err != nil {
		return err
	}
	d := f.current.Load()
	for i := range page.Items {
		r := &page.Items[i]
		if c := f.board.find(r.Call); c != nil && c.reservation() == r.ID {
			continue // it is looked after
		}
		lost := f.reloaded(d, r)
		lost.patience = 0
		if err := f.expire(ctx, lost); err != nil {
			return err
		}
	}
	f.lastLost = now
	return nil
}

// expire releases the money of a call of which nothing was heard for too long,
// and forgets one that is over.
func (f *Office) expire(ctx context.Context, c *liveCall) error {
	c.mu.Lock()
	s, id, over := c.state, c.id, c.over
	c.mu.Unlock()
	switch {
	case over:
		f.board.drop(s.Attempt.Call)
		return nil
	case !c.turn.TryLock():
		return nil // it is heard of right now
	}
	defer c.turn.Unlock()
	if c.waits() > 0 {
		return nil // it was heard of just now
	}
	if err := f.release(ctx, c, true); err != nil {
		return err
	}
	c.remember()
	if s.Answered.IsZero() && f.board.find(s.Attempt.Call) == c {
		f.board.drop(s.Attempt.Call) // it may be asked for again
	}
	if id != 0 && !s.Answered.IsZero() {
		f.Raise(tollgate.Alert{
			Enterprise: c.enterprise, Kind: tollgate.AlertOrphan, Account: s.Payer, Call: s.Attempt.Call,
			Text: "nobody reported the end of a call to " + s.Number.Masked() + "; what was held for it is released: " +
				tollgate.Money{Micro: s.Held, Currency: s.Currency}.String(),
		})
	}
	return nil
}

// reloadCalls finds the calls that were in progress when the program ended.
func (f *Office) reloadCalls(ctx context.Context) error {
	d := f.current.Load()
	for paging := (store.Paging{Rows: store.PageRowsMax}); ; {
		page, err := f.kept.Reservations(ctx, store.Everything, store.ReservationFilter{}, paging)
		if err != nil {
			return err
		}
		for i := range page.Items {
			f.board.put(page.Items[i].Call, f.reloaded(d, &page.Items[i]))
		}
		if paging.After = page.Next; page.Next == "" {
			return nil
		}
	}
}

// reloaded makes the call of a reservation. One that cannot be read is left to
// expire.
func (f *Office) reloaded(d *directory, r *store.Reservation) *liveCall {
	c, err := reload(r)
	if err != nil {
		f.log.Error("a reservation cannot be read and is left to expire", "call", r.Call, "error", err)
		c.state.Attempt.Call = r.Call
	}
	c.cancellable = f.cancels(d.sites[r.Call.Device])
	return c
}

// askedAs is the name under which a record's call was authorised, if it was.
func askedAs(r *tollgate.Record) tollgate.CallID {
	if r.Attempt != "" {
		return tollgate.CallID{Device: r.Call.Device, UniqueID: r.Attempt}
	}
	return r.Call
}

// endsAll reports whether a record ends all that was authorised, and is not one of
// several lines: it has the very name that was asked for.
func endsAll(r *tollgate.Record) bool { return askedAs(r) == r.Call }

// callOf finds the call that a record ends; nil if nobody asked for it here.
func (f *Office) callOf(r *tollgate.Record) *liveCall { return f.board.find(askedAs(r)) }

// callNamed finds a call by the name it was authorised under, here or on another
// node; nil if nobody knows of it.
func (f *Office) callNamed(ctx context.Context, name tollgate.CallID) (*liveCall, error) {
	if c := f.board.find(name); c != nil {
		return c, nil
	}
	page, err := f.kept.Reservations(ctx, store.Everything, store.ReservationFilter{Call: name}, store.Paging{})
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		f.board.adopt(name, f.reloaded(f.current.Load(), &page.Items[i]))
	}
	return f.board.find(name), nil
}

// seekMax is how many calls are looked for in one question.
const seekMax = 500

// seek finds the calls that another node authorised, in their reservations: who
// pays was decided there. calls are those that are known here.
func (f *Office) seek(ctx context.Context, d *directory, records []tollgate.Record, calls []*liveCall) error {
	names := make(map[tollgate.ID][]string) // by device
	for i := range records {
		r := &records[i]
		if s := d.sites[r.Call.Device]; calls[i] == nil && s != nil && r.Direction == tollgate.Outbound &&
			(r.Attempt != "" || s.device.Control || s.device.Kind != tollgate.DeviceAsterisk) {
			names[r.Call.Device] = append(names[r.Call.Device], askedAs(r).UniqueID)
		}
	}
	for device, all := range names {
		if err := f.seekOn(ctx, d, device, all); err != nil {
			return err
		}
	}
	for i := range records {
		if calls[i] == nil {
			calls[i] = f.callOf(&records[i])
		}
	}
	return nil
}

// settles returns the reservation that a record settles, 0 if it leaves it
// alone: of several lines under one authorisation one gave up while another talks.
func settles(r *tollgate.Record, c *liveCall) tollgate.ID {
	if !endsAll(r) && r.Answer.IsZero() && !c.snapshot().Answered.IsZero() {
		return 0
	}
	return c.reservation()
}

// seekOn finds those of the calls of a device that have a reservation.
func (f *Office) seekOn(ctx context.Context, d *directory, device tollgate.ID, names []string) error {
	if len(names) > seekMax/10 { // many that just come in: mostly no call of the device is up
		page, err := f.kept.Reservations(ctx, store.Everything,
			store.ReservationFilter{Device: device}, store.Paging{Rows: 1})
		if err != nil || len(page.Items) == 0 {
			return err
		}
	}
	for some := range slices.Chunk(names, seekMax) {
		page, err := f.kept.Reservations(ctx, store.Everything,
			store.ReservationFilter{Device: device, Names: some}, store.Paging{Rows: store.PageRowsMax})
		if err != nil {
			return err
		}
		for i := range page.Items {
			f.board.adopt(page.Items[i].Call, f.reloaded(d, &page.Items[i]))
		}
	}
	return nil
}

// hangUp notes which calls are over after their records were settled. A call
// that was not answered may go on over another trunk: it only has no money, unless
// more was asked for while it was settled.
func (f *Office) hangUp(
	ctx context.Context, records []tollgate.Record, calls []*liveCall, settlements []ledger.Settlement,
) {
	for i, c := range calls {
		over := !records[i].Answer.IsZero() || endsAll(&records[i])
		if c == nil || !over && c.reservation() != settlements[i].Reservation {
			continue
		}
		had := c.end(over)
		if over {
			f.board.retire(askedAs(&records[i]), c)
		}
		if had == 0 || had == settlements[i].Reservation {
			continue
		}
		if _, err := f.book.Release(ctx, 0, had); err != nil { // it expires
			f.log.Error("releasing what was held for a call that ended", "call", records[i].Call, "error", err)
		}
	}
}

// periods remembers which periods of which quotas have begun, so that the
// ledger is asked once for each.
type periods struct {
	mu    sync.Mutex
	since map[tollgate.ID]time.Time
}

func newPeriods() *periods { return &periods{since: make(map[tollgate.ID]time.Time)} }

func (p *periods) older(id tollgate.ID, start time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.since[id].Before(start)
}

func (p *periods) set(id tollgate.ID, start time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since[id] = start
}
