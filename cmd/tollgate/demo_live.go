package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// How busy the demonstration is.
const (
	demoCallsAtOnce = 9
	demoPause       = 4 * time.Second // before the next call of a line, at most
	demoTalk        = 50 * time.Second
	demoGuestPause  = 12 * time.Second       // before the guest tries again
	demoGuestTries  = 4                      // then somebody pays in again
	demoGuestMicro  = 150_000                // a minute to Austria
	demoCutEarly    = 250 * time.Millisecond // so that no second begins that is not paid
)

// Run places calls, several at a time, until ctx ends: each asks before it
// dials, goes on while there is money, and is cut where it ends.
func (d *demoPBX) Run(ctx context.Context, charger tollgate.Charger) error {
	var lines sync.WaitGroup
	for n := range demoCallsAtOnce {
		random := rand.New(rand.NewPCG(uint64(d.now().UnixNano()), uint64(n)))
		lines.Go(func() {
			for wait(ctx, time.Duration(random.Int64N(int64(demoPause)))) {
				d.place(ctx, charger, d.next(), time.Duration(random.ExpFloat64()*float64(demoTalk)))
			}
		})
	}
	lines.Wait()
	return nil
}

// wait sleeps; false: the demonstration is over.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// next makes up a call that is about to be placed.
func (d *demoPBX) next() tollgate.Record {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.call(d.now())
	r.Start, r.Answer = d.now(), time.Time{}
	return r
}

// entertain has a guest telephone who pays in advance, again and again, and
// somebody pay in for him when his credit has ended.
func (d *demoPBX) entertain(ctx context.Context, charger tollgate.Charger, book *ledger.Book) error {
	for {
		amount := tollgate.Money{Micro: demoGuestMicro, Currency: "EUR"}
		if _, err := book.Recharge(ctx, store.Actor{Name: "Reception"}, d.guest, amount, "cash", ""); err != nil {
			return fmt.Errorf("recharge: %w", err)
		}
		for range demoGuestTries {
			r := d.next()
			r.Extension, r.Originator, r.Caller = demoGuestLine, demoGuestLine, demoGuestLine
			r.Dialed, r.Cause = "00436641234567", 16
			d.place(ctx, charger, r, time.Hour)
			if !wait(ctx, demoGuestPause) {
				return nil
			}
		}
	}
}

// place places one call and returns when it is over.
func (d *demoPBX) place(ctx context.Context, charger tollgate.Charger, r tollgate.Record, talk time.Duration) {
	grant, err := charger.Authorize(ctx, tollgate.Attempt{
		Call: r.Call, Extension: r.Extension, Originator: r.Originator, Caller: r.Caller, Dialed: r.Dialed,
		Trunk: r.Trunk, At: r.Start,
	})
	if err != nil || !grant.Allowed {
		return
	}
	call, hangUp := context.WithCancel(ctx)
	defer hangUp()
	d.open(r.Call, hangUp)
	defer d.close(r.Call)
	wait(call, 2*time.Second)
	if r.Cause == 16 && call.Err() == nil {
		r.Answer = d.now()
		if err := charger.Answer(ctx, r.Call, r.Answer); err == nil {
			d.talk(call, charger, &r, grant, talk)
		}
	}
	r.End = d.now()
	// Also when the demonstration ends: what was talked is charged.
	_, _ = charger.Finish(context.WithoutCancel(ctx), []tollgate.Record{r})
}

// talk goes on until the people have said everything, the money ends, or
// somebody hangs up.
func (d *demoPBX) talk(
	ctx context.Context, charger tollgate.Charger, r *tollgate.Record, grant tollgate.Grant, talk time.Duration,
) {
	for ctx.Err() == nil {
		used := d.now().Sub(r.Answer)
		until := talk
		switch {
		case grant.Unlimited:
		case used < grant.RenewAt && grant.RenewAt < grant.For-demoCutEarly:
			until = min(until, grant.RenewAt)
		default:
			until = min(until, grant.For-demoCutEarly)
		}
		if wait(ctx, until-used); until == talk || until == grant.For-demoCutEarly {
			return
		}
		if next, err := charger.Renew(ctx, r.Call, d.now().Sub(r.Answer)); err == nil && next.Allowed {
			grant = next
		}
	}
}

func (d *demoPBX) open(call tollgate.CallID, hangUp context.CancelFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onLine[call] = hangUp
}

func (d *demoPBX) close(call tollgate.CallID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.onLine, call)
}

// Cancel ends a call: see tollgate.Canceler.
func (d *demoPBX) Cancel(_ context.Context, call tollgate.CallID, _ tollgate.Cause) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	hangUp := d.onLine[call]
	if hangUp == nil {
		return tollgate.Errorf(tollgate.CodeNotFound, "call %s is not in progress", call)
	}
	hangUp()
	return nil
}
