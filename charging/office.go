// Package charging is the one way a call becomes money. A finished record goes
// in; the called number is brought to normal form, payer and carrier are found,
// both sides are priced, and ledger commits the result. What cannot be
// understood goes to quarantine with the reason; nothing is dropped.
package charging

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// BatchMax is the largest number of records that one commit settles; a longer
// batch is split.
const BatchMax = 5000

// Options is what an Office is handed.
type Options struct {
	Now func() time.Time // required
	Log *slog.Logger     // nil: silent
	// AllCancellable says that every device can end a call in progress, not only
	// those that are followed and controlled.
	AllCancellable bool
}

// Office prices and charges calls with the configuration that is in force. It
// is a tollgate.Charger and safe for concurrent use.
type Office struct {
	db   *store.DB
	book *ledger.Book
	now  func() time.Time
	log  *slog.Logger

	kept      keeper
	board     *switchboard // calls in progress
	refusals  refusals
	bell      *bell
	anyDevice bool // can end its calls
	periods   *periods
	lastLost  time.Time // only sweep touches it

	current  atomic.Pointer[directory]
	versions versions
	reload   sync.Mutex // held while a new directory is built

	mu        sync.Mutex
	listeners map[chan []tollgate.CDR]struct{}
}

var _ tollgate.Charger = (*Office)(nil)

// keeper is where calls in progress and alerts are kept over a restart.
type keeper interface {
	NewID() tollgate.ID
	Reservations(ctx context.Context, scope store.Scope, filter store.ReservationFilter, p store.Paging) (
		store.Page[store.Reservation], error)
	PutAlert(ctx context.Context, alert *tollgate.Alert) error
}

// New reads the configuration, compiles its tariffs, and finds the calls in progress. It returns an error
// where the store cannot be read; a tariff that does not compile is reported
// on every call it would price, not here.
func New(ctx context.Context, db *store.DB, book *ledger.Book, o Options) (*Office, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f := emptyOffice(db, book, o)
	f.db = db
	if _, err := f.directory(ctx); err != nil {
		return nil, err
	}
	return f, f.reloadCalls(ctx)
}

// emptyOffice is an office without a configuration and without calls.
func emptyOffice(kept keeper, book *ledger.Book, o Options) *Office {
	return &Office{
		kept: kept, book: book, now: o.Now, log: o.Log, anyDevice: o.AllCancellable,
		board: newSwitchboard(), bell: newBell(), periods: newPeriods(),
		listeners: make(map[chan []tollgate.CDR]struct{}),
	}
}

// Finish settles finished legs: see tollgate.Charger.
func (f *Office) Finish(ctx context.Context, records []tollgate.Record) ([]tollgate.Result, error) {
	if n := len(records); 0 < n && n <= BatchMax {
		return f.finish(ctx, records)
	}
	results := make([]tollgate.Result, 0, len(records))
	for len(records) > 0 {
		n := min(len(records), BatchMax)
		done, err := f.finish(ctx, records[:n])
		if err != nil {
			return nil, err
		}
		results = append(results, done...)
		records = records[n:]
	}
	return results, nil
}

func (f *Office) finish(ctx context.Context, records []tollgate.Record) ([]tollgate.Result, error) {
	d, err := f.directory(ctx)
	if err != nil {
		return nil, err
	}
	settlements := make([]ledger.Settlement, len(records))
	spans := make([]tollgate.Span, spansPerSide*2*len(records))
	now := f.now()
	calls := make([]*liveCall, len(records))
	for i := range records {
		calls[i] = f.callOf(&records[i])
	}
	if err := f.seek(ctx, d, records, calls); err != nil {
		return nil, err
	}
	var alerts []alerted
	for i := range records {
		s := &settlements[i]
		room := spans[spansPerSide*2*i:]
		s.CDR.Customer.Spans = room[:0:spansPerSide]
		s.CDR.Cost.Spans = room[spansPerSide : spansPerSide : 2*spansPerSide]
		var made *decision
		if calls[i] != nil {
			then := calls[i].decision()
			made, s.Reservation = &then, settles(&records[i], calls[i])
		}
		if alert := d.settle(&records[i], now, made, s); alert != "" {
			alerts = append(alerts, alerted{i, alert})
		}
		if made != nil && s.Reason != "" {
			made.keep(&s.Record)
		}
	}
	if err := f.freshenQuotas(ctx, d, settlements, now); err != nil {
		return nil, err
	}
	results, err := f.book.Settle(ctx, settlements)
	if err != nil {
		return nil, err
	}
	f.hangUp(ctx, records, calls, settlements)
	f.tell(alerts, settlements, results)
	f.announce(settlements, results)
	f.doubt(ctx, settlements, results)
	return results, nil
}

// alerted is a record, by its place in the batch, that somebody should look at.
type alerted struct {
	place int
	kind  tollgate.AlertKind
}

// spansPerSide is room for the spans of nearly every call; a call that crosses
// more bands than that allocates its own.
const spansPerSide = 2

// listenerQueue is how many commits a listener may lag behind before it loses some.
const listenerQueue = 64

// Subscribe returns the calls of every commit from now on. A reader that is
// too slow loses commits and never holds anybody up. Call cancel when done.
func (f *Office) Subscribe() (calls <-chan []tollgate.CDR, cancel func()) {
	ch := make(chan []tollgate.CDR, listenerQueue)
	f.mu.Lock()
	f.listeners[ch] = struct{}{}
	f.mu.Unlock()
	return ch, func() {
		f.mu.Lock()
		delete(f.listeners, ch)
		f.mu.Unlock()
	}
}

// announce tells the listeners which calls a commit stored.
func (f *Office) announce(settlements []ledger.Settlement, results []tollgate.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.listeners) == 0 {
		return
	}
	var stored []tollgate.CDR
	for i := range results {
		if results[i].Outcome == tollgate.OutcomeStored {
			cdr := settlements[i].CDR
			cdr.ID = results[i].CDR
			stored = append(stored, cdr)
		}
	}
	if len(stored) == 0 {
		return
	}
	for ch := range f.listeners {
		select {
		case ch <- stored:
		default:
		}
	}
}
