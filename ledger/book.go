// Package ledger keeps the books: double entry, every amount once, every
// finished call exactly one charge. All that changes money goes through one
// writer, which gathers what is waiting, applies it in one transaction, and
// answers after the commit. See DESIGN.md.
package ledger

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"
)

const (
	// commitRowsMax is how many settlements one commit carries unless Options says
	// otherwise: enough that the cost of a commit is spread thin, few enough that
	// whoever waits behind it does not wait long.
	commitRowsMax = 10_000
	// queueMax is how many operations may wait; more wait to be let in.
	queueMax = 4096
)

// Options is what the outside world gives a book.
type Options struct {
	Now     func() time.Time // required
	Log     *slog.Logger     // nil: silent
	RowsMax int              // settlements in one commit; 0: 10,000
	// Inline commits each operation by itself before its method returns, without Run:
	// for simulations, in which nothing may depend on how goroutines take turns.
	Inline bool
}

// Book is the books of one node. Operations wait until Run runs and are safe
// for concurrent use.
type Book struct {
	db      *store.DB // nil where the store is a stand-in
	store   Store
	ahead   *ahead      // nil: commits go into the tables
	inline  *sync.Mutex // held while an operation is committed inline; nil: Run commits
	now     func() time.Time
	log     *slog.Logger
	rowsMax int
	queue   chan *operation
	stopped chan struct{} // closed when Run has ended

	counters *counters

	// What the writer knows of accounts; only Run touches it. Enterprise and
	// currency of an account never change, so it is forgotten only when a commit fails.
	purses map[tollgate.ID]store.Purse
	houses map[house]tollgate.ID

	// Room for what a commit adds up; only the writer touches it.
	deltas map[tollgate.ID]*store.Delta
	usage  map[store.UsageKey]*store.UsageCount
}

// house names a house account.
type house struct {
	enterprise tollgate.ID
	currency   tollgate.Currency
	name       string
}

// The house accounts: the other side of charges, and of what people pay in.
const (
	houseRevenue = "revenue"
	houseFunding = "funding"
)

// New opens the books of a store.
func New(db *store.DB, o Options) *Book {
	b := NewOn(shelf{db, true}, o)
	b.db = db
	return b
}

// Open opens the books of a store for whoever serves it: what many decide at
// once goes into the daybook first, and is posted into the tables from there. It
// posts what an earlier process left. The daybook is kept until Run ends.
func Open(ctx context.Context, db *store.DB, o Options) (*Book, error) {
	b := New(db, o)
	var err error
	b.ahead, err = openAhead(ctx, db, b)
	if err == nil && db.Engine() == store.SQLite && !b.ahead.book.Owned() {
		err = tollgate.Errorf(tollgate.CodeConflict, "another process keeps the daybook of %s", db.Path())
	}
	return b, err
}

// Recover posts what a process decided that was killed before it was in the
// tables. Whoever opens the books of a store beside Open does that first.
func Recover(ctx context.Context, db *store.DB, o Options) error {
	left, err := daybook.Left(ctx, db)
	if err != nil || !left {
		return err
	}
	a, err := openAhead(ctx, db, New(db, o))
	if err == nil {
		err = a.book.Close()
	}
	return err
}

// CatchUp returns when all that was acknowledged is in the tables.
func (b *Book) CatchUp(ctx context.Context) error {
	if b.ahead == nil {
		return nil
	}
	return b.ahead.catchUp(ctx)
}

// NewOn opens books that anything keeps. They have no Audit.
func NewOn(s Store, o Options) *Book {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.RowsMax <= 0 {
		o.RowsMax = commitRowsMax
	}
	b := &Book{
		store: s, now: o.Now, log: o.Log, rowsMax: o.RowsMax,
		queue: make(chan *operation, queueMax), stopped: make(chan struct{}), counters: newCounters(),
	}
	if o.Inline {
		b.inline = new(sync.Mutex)
	}
	b.forget()
	return b
}

func (b *Book) forget() {
	b.purses, b.houses = map[tollgate.ID]store.Purse{}, map[house]tollgate.ID{}
}

// operation is one request that waits for a commit. Exactly one of the first
// group is what it asks.
type operation struct {
	ctx     context.Context
	settle  []Settlement
	post    *posting
	reprice *repricing
	quota   *quotaChange
	hold    *Hold
	release *store.Reservation // its enterprise and id

	state  atomic.Int32  // waiting, then taken by the writer or left by its caller
	done   chan struct{} // closed when it is answered
	answer answer
}

const (
	waiting int32 = iota
	taken
	left
)

// rows is how much of a commit the operation takes.
func (o *operation) rows() int {
	if o.reprice != nil {
		return len(o.reprice.settlements)
	}
	return max(1, len(o.settle))
}

func rowsOf(batch []*operation) (rows int) {
	for _, o := range batch {
		rows += o.rows()
	}
	return rows
}

func (o *operation) finish(a answer) {
	o.answer = a
	close(o.done)
}

// do hands an operation to the writer and waits for its commit. The context
// ends the waiting only: once the writer has taken the operation, do returns
// what became of it.
func (b *Book) do(ctx context.Context, o *operation) error {
	o.ctx, o.done = ctx, make(chan struct{})
	if b.inline != nil {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.inline.Lock()
		defer b.inline.Unlock()
		b.commit([]*operation{o})
		return o.answer.err
	}
	select {
	case b.queue <- o:
	case <-ctx.Done():
		return ctx.Err()
	case <-b.stopped:
		return errStopped()
	}
	select {
	case <-o.done:
	case <-ctx.Done():
		if o.state.CompareAndSwap(waiting, left) {
			return ctx.Err()
		}
	case <-b.stopped:
		if o.state.CompareAndSwap(waiting, left) {
			return errStopped()
		}
	}
	<-o.done
	return o.answer.err
}

func errStopped() error {
	return tollgate.Errorf(tollgate.CodeUnavailable, "the books are closed: this program is stopping")
}

// Run is the writer. It returns nil when the context ends, after the commit
// that is under way; operations still waiting then fail with CodeUnavailable.
// It runs once.
func (b *Book) Run(ctx context.Context) error {
	defer close(b.stopped)
	if b.ahead != nil {
		var beside sync.WaitGroup
		b.ahead.entries = make(chan *entry, 1)
		defer b.ahead.close(context.WithoutCancel(ctx), &beside)
		beside.Go(func() { b.ahead.run(ctx) })
		beside.Go(func() { b.ahead.enterAll(context.WithoutCancel(ctx), b.ahead.entries) })
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case first := <-b.queue:
			b.commit(b.gather(first))
		}
	}
}

// gather takes the operations that are waiting, up to one commit's worth, and
// drops those whose callers have gone. Callers whom the last commit answered get
// to run first: what they ask next comes into this commit, not into the one after.
func (b *Book) gather(first *operation) []*operation {
	var batch []*operation
	rows := 0
	for o := first; o != nil; o = b.next(rows) {
		if o.state.CompareAndSwap(waiting, taken) {
			batch = append(batch, o)
			rows += o.rows()
		}
		if rows >= b.rowsMax {
			break
		}
	}
	return batch
}

const (
	// yields is how often the writer lets others run before it closes a commit. On
	// an idle machine that takes a microsecond.
	yields = 3
	// crowd is from how many settlements and holds on a commit is decided while the one
	// before it is being written. Fewer would wait for that anyway, and what a commit
	// costs is better shared by those who still come.
	crowd = 16
)

// next returns an operation that waits, nil when there is none. For a commit that
// has few rows yet it waits while an entry is being written.
func (b *Book) next(rows int) *operation {
	for try := range 1 + yields {
		select {
		case o := <-b.queue:
			return o
		default:
		}
		if try < yields {
			runtime.Gosched()
		}
	}
	if b.ahead == nil || rows >= crowd {
		return nil
	}
	select {
	case o := <-b.queue:
		return o
	case <-b.ahead.idle:
		b.ahead.idle <- struct{}{}
		return nil
	}
}

// commit applies operations in one transaction. If that fails, each is tried
// once more and alone: one that cannot be applied does not fail the others, and
// one that failed for what the book remembered wrongly is applied after all.
func (b *Book) commit(batch []*operation) {
	if len(batch) == 0 {
		return
	}
	err := b.apply(batch, false)
	if err == nil {
		return
	}
	b.log.Warn("a commit failed and its operations are tried one by one",
		"operations", len(batch), "error", err)
	for _, o := range batch {
		if err := b.apply([]*operation{o}, true); err != nil {
			o.finish(answer{err: err})
		}
	}
}

// apply commits and answers, or returns why it could not and answers nobody.
// Again says that a commit of these failed: perhaps only its answer was lost.
func (b *Book) apply(batch []*operation, again bool) error {
	// The callers' contexts do not reach into the commit: it carries the money of
	// others too. A bound on it is the database's own timeout.
	ctx := context.WithoutCancel(batch[0].ctx)
	var c *commit
	began := b.now()
	look := again
	try := func(p Posting) error {
		if c != nil {
			b.forget() // the try before may have made accounts, and was undone
		}
		c = b.newCommit(p, again) // anew at each try
		c.look = look
		return c.run(batch)
	}
	done := func(err error) {
		if err != nil {
			for _, o := range batch {
				o.finish(answer{err: err})
			}
			return
		}
		for i, o := range batch {
			o.answer = c.answers[i]
		}
		b.counters.commit(batch, b.now().Sub(began))
		for i, o := range batch {
			o.finish(c.answers[i])
		}
	}
	err := b.commitTo(ctx, batch, try, done)
	if errors.Is(err, errLook) {
		look = true
		err = b.commitTo(ctx, batch, try, done)
	}
	if err != nil {
		b.forget() // it may hold accounts that were made and undone
	}
	return err
}

// commitTo commits what fn does, into the daybook or into the tables, and has done
// told when it is durable; or it returns why it could not, and tells nobody.
func (b *Book) commitTo(
	ctx context.Context, batch []*operation, fn func(Posting) error, done func(error),
) error {
	if b.ahead != nil {
		return b.ahead.commit(ctx, batch, fn, done)
	}
	return told(b.store.Post(ctx, fn), done)
}
