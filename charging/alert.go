package charging

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"tollgate"
	"tollgate/ledger"
)

// alertQueue is how many alerts may wait to be kept, and how many a listener
// may lag behind; more are only logged.
const alertQueue = 1000

// bell raises alerts: they are kept by Run, and handed to whoever listens.
type bell struct {
	raised chan tollgate.Alert

	mu        sync.Mutex
	listeners map[chan tollgate.Alert]struct{}
	low       map[tollgate.ID]bool     // accounts whose low credit was told
	doubted   map[tollgate.CallID]bool // calls of which it was told that another has their id
}

func newBell() *bell {
	return &bell{
		raised:    make(chan tollgate.Alert, alertQueue),
		listeners: make(map[chan tollgate.Alert]struct{}), low: make(map[tollgate.ID]bool),
		doubted: make(map[tollgate.CallID]bool),
	}
}

// Raise notes what somebody should look at. It never blocks.
func (f *Office) Raise(a tollgate.Alert) {
	a.At = micros(f.now())
	if c := f.board.find(a.Call); c != nil && a.Enterprise == 0 {
		s := c.snapshot()
		a.Account = cmp.Or(a.Account, s.Payer)
		if d := f.current.Load(); d != nil && d.sites[s.Attempt.Call.Device] != nil {
			a.Enterprise = s.enterprise(d)
		}
	}
	f.log.Warn("alert", "kind", a.Kind, "account", a.Account, "call", a.Call.String(), "text", a.Text)
	select {
	case f.bell.raised <- a:
	default:
		f.log.Error("an alert was not kept: too many at once", "kind", a.Kind)
	}
}

// alertsAtOnce is how many calls of one delivery are told of one by one: a file of
// many thousands would fill the queue, and nobody reads so many.
const alertsAtOnce = 20

// tell raises alerts about calls that were stored.
func (f *Office) tell(alerts []alerted, settlements []ledger.Settlement, results []tollgate.Result) {
	told, more := 0, 0
	for _, a := range alerts {
		cdr := &settlements[a.place].CDR
		switch {
		case results[a.place].Outcome != tollgate.OutcomeStored:
		case told == alertsAtOnce:
			more++
		default:
			told++
			f.Raise(tollgate.Alert{
				Enterprise: cdr.Enterprise, Kind: a.kind, Account: cdr.Payer, Call: cdr.Call,
				Text: "a call of extension " + cmp.Or(cdr.Originator, cdr.Extension, cdr.Caller) +
					" was marked private without the permission",
			})
		}
	}
	if more > 0 {
		f.Raise(tollgate.Alert{
			Kind: tollgate.AlertNotPrivate,
			Text: fmt.Sprintf("%d more calls of one delivery were marked private without the permission", more),
		})
	}
}

// KeepAlerts keeps what was raised so far, for a program that does not call Run.
func (f *Office) KeepAlerts(ctx context.Context) {
	for {
		select {
		case a := <-f.bell.raised:
			f.keep(ctx, a)
		default:
			return
		}
	}
}

// Alerts returns the alerts raised from now on. A reader that is too slow loses
// some and never holds anybody up. Call cancel when done.
func (f *Office) Alerts() (alerts <-chan tollgate.Alert, cancel func()) {
	ch := make(chan tollgate.Alert, alertQueue)
	f.bell.mu.Lock()
	defer f.bell.mu.Unlock()
	f.bell.listeners[ch] = struct{}{}
	return ch, func() {
		f.bell.mu.Lock()
		defer f.bell.mu.Unlock()
		delete(f.bell.listeners, ch)
	}
}

// keep stores an alert and tells the listeners.
func (f *Office) keep(ctx context.Context, a tollgate.Alert) {
	if err := f.kept.PutAlert(ctx, &a); err != nil {
		f.log.Error("an alert was not kept", "kind", a.Kind, "text", a.Text, "error", err)
	}
	f.bell.mu.Lock()
	defer f.bell.mu.Unlock()
	for ch := range f.bell.listeners {
		select {
		case ch <- a:
		default:
		}
	}
}

// lowCredit notes how much an account has left. It reports true the first time
// that it is low, until it no longer is.
func (b *bell) lowCredit(account tollgate.ID, low bool) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	news = low && !b.low[account]
	if low {
		b.low[account] = true
	} else {
		delete(b.low, account)
	}
	return news
}
