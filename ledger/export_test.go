package ledger

import (
	"context"
	"runtime"
	"time"
	"weak"

	"tollgate"
	"tollgate/store"
)

// Operation is what waits for a commit.
type Operation = operation

// The operations, as the methods of Book make them once what they were given
// is sound.
func OpSettle(s []Settlement) *Operation { return &operation{settle: s} }
func OpHold(h Hold) *Operation           { return &operation{hold: &h} }
func OpRelease(enterprise, id tollgate.ID) *Operation {
	return &operation{release: &store.Reservation{Enterprise: enterprise, ID: id}}
}

// Together commits operations in one commit, in their order.
func (b *Book) Together(ctx context.Context, operations ...*Operation) {
	for _, o := range operations {
		o.ctx, o.done = ctx, make(chan struct{})
	}
	b.commit(operations)
}

// Answer is what the caller of an operation was told.
func Answer(o *Operation) ([]tollgate.Result, Held, bool, error) {
	return o.answer.results, o.answer.held, o.answer.done, o.answer.err
}

// OpenAhead is Open for books that commit everything into the daybook that can
// be, and post nothing by themselves.
func OpenAhead(ctx context.Context, db *store.DB, o Options) (*Book, error) {
	b, err := Open(ctx, db, o)
	if err == nil && b.ahead != nil {
		b.ahead.from = 1
	}
	return b, err
}

// PostOne posts the oldest page of the daybook.
func (b *Book) PostOne(ctx context.Context) error {
	_, err := b.ahead.postOne(ctx)
	return err
}

// Unposted is how many pages wait to be posted.
func (b *Book) Unposted() int { return len(b.ahead.unposted()) }

// Crash lets go of the daybook as a process does that is killed.
func (b *Book) Crash() error { return b.ahead.book.Close() }

// HoldEntries keeps entries from the daybook until Enter.
func (b *Book) HoldEntries() <-chan *entry {
	b.ahead.entries, b.ahead.idle = make(chan *entry, 10), make(chan struct{})
	close(b.ahead.idle) // however many there are
	return b.ahead.entries
}

// Enter writes so many entries into the daybook.
func (b *Book) Enter(ctx context.Context, n int) {
	for range n {
		b.ahead.enter(ctx, <-b.ahead.entries)
	}
	b.ahead.entries = nil
}

// Answered reports whether somebody was told what became of an operation.
func Answered(o *Operation) bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// LoseSession ends the connection that the daybook is written by.
func (b *Book) LoseSession() { _ = b.ahead.book.Close() }

// CatchUpWithout is CatchUp while the pages are dropped that it waits for.
func (b *Book) CatchUpWithout(ctx context.Context) error {
	until := b.ahead.last
	b.ahead.pages = nil
	return b.ahead.postTo(ctx, until)
}

// Freeze has what comes go into another page than the oldest, as if that were being
// posted. It returns whether somebody still knows that page.
func (b *Book) Freeze() (known func() bool) {
	b.ahead.pages[0].frozen = true
	oldest := weak.Make(b.ahead.pages[0])
	return func() bool {
		runtime.GC()
		return oldest.Value() != nil
	}
}

// Crowd is from how many settlements and holds on a commit does not wait for the one before it.
const Crowd = crowd

// Gathered is how many operations come into one commit, if they come one after the
// other while an entry is being written, which it is until all have come or for ever.
func (b *Book) Gathered(forEver bool, operations []*Operation) int {
	<-b.ahead.idle
	written := func() { b.ahead.idle <- struct{}{} }
	n := make(chan int, 1)
	go func() { n <- len(b.gather(operations[0])) }()
	for _, o := range operations[1:] {
		time.Sleep(time.Millisecond) // a commit that did not wait would be closed
		b.queue <- o
	}
	for len(b.queue) > 0 && len(n) == 0 {
		time.Sleep(time.Millisecond)
	}
	if forEver {
		defer written()
	} else {
		written()
	}
	return <-n
}
