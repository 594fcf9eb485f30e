package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"
	"tollgate/store/live"
)

const (
	// aheadFrom is from how many settlements and holds in a commit on it goes into the
	// daybook. The tables take fewer as quickly, and then there is nothing to post.
	aheadFrom = 4
	// aheadMax is up to how many do: the tables take many at once as quickly as the daybook.
	aheadMax = 1000
	// unpostedMax is how many may wait to be posted before commits wait too.
	unpostedMax = 20_000
	// gatherFor is how long what was decided waits for more before it is posted.
	gatherFor = 100 * time.Millisecond
	// letInEvery is how often it is looked whether others want to work in the tables.
	letInEvery = 250 * time.Millisecond
	// postPause is how long posting rests when the tables could not take a page.
	postPause = time.Second
	// ownPause is how long another try waits to keep a daybook that others keep, or want.
	ownPause = 10 * time.Second
)

// ahead commits into the daybook, ahead of the tables, and posts from there.
type ahead struct {
	tables Store // the tables, while this process keeps the daybook
	beside Store // the tables, while another one may
	db     *store.DB
	log    *slog.Logger
	now    func() time.Time
	from   int // aheadFrom; tests lower it

	gate    sync.Mutex // held by who commits, and by who lets others
	book    *daybook.Daybook
	pack    packer
	tryAt   time.Time   // when to try to keep the daybook again
	last    int64       // the newest entry that was decided
	entries chan *entry // on their way into the daybook; nil: each is written at once
	// idle has one while none of them is being written. Who runs the book takes it for
	// each, and who wrote it gives it back.
	idle     chan struct{}
	underway sync.WaitGroup // those of them that are not answered

	mu      sync.Mutex
	changed *sync.Cond // what follows did
	pages   []*page    // not posted, oldest first
	posted  int64      // the newest entry that is in the tables
	written int64      // the newest entry that is in the daybook
	broken  error      // why the daybook could not be written; nil: it could

	posting sync.Mutex // held by who posts
}

// openAhead opens the daybook of a store and posts what is in it.
func openAhead(ctx context.Context, db *store.DB, b *Book) (*ahead, error) {
	book, err := daybook.Open(ctx, db)
	if err != nil {
		return nil, err
	}
	a := &ahead{
		tables: shelf{db, false}, beside: shelf{db, true}, db: db, log: b.log, now: b.now,
		from: aheadFrom, book: book, idle: make(chan struct{}, 1),
	}
	a.idle <- struct{}{}
	a.changed = sync.NewCond(&a.mu)
	if err := a.own(ctx); err != nil {
		return nil, errors.Join(err, book.Close())
	}
	return a, nil
}

// own tries to keep the daybook, and posts what is in it: that is all that was
// acknowledged and is not in the tables.
func (a *ahead) own(ctx context.Context) error {
	a.posting.Lock()
	var pages []*page
	owned, posted, err := a.book.Own(ctx, func(seq int64, body []byte) error {
		d, err := readEntry(body)
		if err != nil {
			return fmt.Errorf("entry %d of the daybook: %w", seq, err)
		}
		if len(pages) == 0 {
			pages = append(pages, newPage())
		}
		pages[0].add(seq, d)
		return nil
	})
	if err == nil {
		a.mu.Lock()
		a.last = a.book.Last()
		a.pages, a.posted, a.written, a.broken = pages, posted, a.last, nil
		a.mu.Unlock()
		a.tryAt = a.now().Add(ownPause)
	}
	a.posting.Unlock()
	if err != nil || !owned {
		return err
	}
	if err = a.catchUp(ctx); err != nil {
		a.tryAt = time.Time{} // nothing comes after what is not in the tables yet
		err = errors.Join(err, a.book.Disown(ctx))
	}
	return err
}

// unposted returns the pages that are not in the tables.
func (a *ahead) unposted() []*page {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*page(nil), a.pages...)
}

// entry is a commit on its way into the daybook. One that wrote nothing has no
// body, and is answered in its turn: what it says may rest on those before it.
type entry struct {
	seq  int64
	body []byte
	done func(error) // told when it is there
}

// commit runs fn and has done told what became of it, as soon as that is durable:
// perhaps after it returns, when others are decided already. What returns an error
// has not told done. The batch is what fn applies: what that will want to know is
// asked beforehand.
func (a *ahead) commit(
	ctx context.Context, batch []*operation, fn func(Posting) error, done func(error),
) error {
	a.gate.Lock()
	defer a.gate.Unlock()
	if err := a.ready(ctx); err != nil {
		return err
	}
	switch rows := rowsOf(batch); {
	case !a.book.Owned():
		err := a.beside.Post(ctx, fn)
		if errors.Is(err, daybook.ErrLeft) {
			if err := a.own(ctx); err != nil || !a.book.Owned() {
				return errors.Join(daybook.ErrLeft, err)
			}
			err = a.inTables(ctx, fn)
		}
		return told(err, done)
	case rows > aheadMax, rows < a.from && len(a.unposted()) == 0:
		return told(a.inTables(ctx, fn), done)
	}
	return a.write(ctx, batch, fn, done)
}

func told(err error, done func(error)) error {
	if err == nil {
		done(nil)
	}
	return err
}

// ready keeps the daybook if it can be: at first, after others had it, and after
// it could not be written, when what is in it says what became of the commits.
func (a *ahead) ready(ctx context.Context) error {
	a.mu.Lock()
	broken := a.broken
	a.mu.Unlock()
	if broken != nil {
		a.underway.Wait()
		a.tryAt = time.Time{}
		if err := a.book.Disown(ctx); err != nil {
			return err
		}
	}
	if a.book.Owned() || a.now().Before(a.tryAt) {
		return nil
	}
	return a.own(ctx)
}

// write runs fn and keeps what it wrote in the daybook. What only the tables can
// do is done there, once they have all that comes before.
func (a *ahead) write(
	ctx context.Context, batch []*operation, fn func(Posting) error, done func(error),
) error {
	d := newDraft(a.unposted())
	err := a.db.Look(ctx, func(p *store.Posting) (err error) {
		t := tables{p, live.On(p)}
		d.looking = t
		if a.db.Engine() == store.PostgreSQL {
			d.looking, err = foresee(d, t, batch)
		}
		if err != nil {
			return err
		}
		return fn(d)
	})
	if errors.Is(err, errTables) {
		return told(a.inTables(ctx, fn), done)
	}
	if err != nil {
		return err
	}
	e := &entry{done: done}
	if !d.empty() {
		if e.body = a.pack.entry(d); e.body == nil {
			return told(a.inTables(ctx, fn), done)
		}
		d.looking, d.pages = nil, nil // the page keeps the draft, which must not keep older pages
		a.last++
		e.seq = a.last
		a.add(e.seq, d) // what is decided next sees it, and is in the daybook after it
	}
	a.underway.Add(1)
	if a.entries == nil {
		a.enter(ctx, e)
	} else {
		<-a.idle
		a.entries <- e
	}
	for posted := true; posted && a.waiting() > unpostedMax; {
		posted = a.postedOne(ctx)
	}
	return nil
}

// enterAll writes entries into the daybook as they come.
func (a *ahead) enterAll(ctx context.Context, entries <-chan *entry) {
	for e := range entries {
		a.enter(ctx, e)
		a.idle <- struct{}{}
	}
}

// enter writes an entry. After one that could not be written, none is: they were
// decided as if it were there.
func (a *ahead) enter(ctx context.Context, e *entry) {
	defer a.underway.Done()
	a.mu.Lock()
	err := a.broken
	a.mu.Unlock()
	if err == nil && e.body != nil {
		err = a.book.Write(ctx, e.seq, e.body)
		a.wrote(e.seq, err)
	}
	e.done(err)
}

// wrote notes that an entry is in the daybook, or why the daybook is lost.
func (a *ahead) wrote(seq int64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.written = seq
	} else {
		a.broken = err
	}
	a.changed.Broadcast()
}

// add puts what an entry of the daybook came to into the newest page.
func (a *ahead) add(seq int64, d *draft) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.pages); n == 0 || a.pages[n-1].frozen {
		a.pages = append(a.pages, newPage())
	}
	a.pages[len(a.pages)-1].add(seq, d)
}

// waiting is about how much waits to be posted.
func (a *ahead) waiting() (rows int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range a.pages {
		rows += g.rows()
	}
	return rows
}

// inTables runs fn on tables that have everything.
func (a *ahead) inTables(ctx context.Context, fn func(Posting) error) error {
	if err := a.catchUp(ctx); err != nil {
		return err
	}
	err := a.tables.Post(ctx, func(p Posting) error {
		if err := a.book.Fence(p.(tables).Posting, a.posted); err != nil {
			return err
		}
		return fn(p)
	})
	if errors.Is(err, daybook.ErrLost) {
		a.wrote(0, err)
	}
	return err
}

// catchUp returns when the tables have all that was in the daybook when it was called.
func (a *ahead) catchUp(ctx context.Context) error {
	a.mu.Lock()
	until := a.posted
	if n := len(a.pages); n > 0 {
		until = a.pages[n-1].last
	}
	a.mu.Unlock()
	return a.postTo(ctx, until)
}

// postTo posts up to an entry, as far as there are pages: those whose entries never
// came into the daybook are dropped meanwhile.
func (a *ahead) postTo(ctx context.Context, until int64) error {
	for {
		posted, err := a.postOne(ctx)
		if err != nil || posted >= until || len(a.unposted()) == 0 {
			return err
		}
	}
}

// postedOne posts the oldest page. What fails is tried again by run, which says so.
func (a *ahead) postedOne(ctx context.Context) bool {
	_, err := a.postOne(ctx)
	return err == nil
}

// postOne posts the oldest page, if there is one, and returns how far the tables
// have come.
func (a *ahead) postOne(ctx context.Context) (posted int64, err error) {
	a.posting.Lock()
	defer a.posting.Unlock()
	a.mu.Lock()
	posted = a.posted
	var g *page
	if len(a.pages) > 0 {
		g = a.pages[0]
		g.frozen = true
	}
	for g != nil && a.written < g.last && a.broken == nil {
		a.changed.Wait()
	}
	if g != nil && a.written < g.last {
		err = fmt.Errorf("the daybook could not be written: %w", a.broken)
	}
	a.mu.Unlock()
	if g == nil || err != nil {
		return posted, err
	}
	if err := a.postPage(ctx, g); err != nil {
		return posted, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pages, a.posted = slices.Delete(a.pages, 0, 1), g.last
	a.book.Posted(g.last)
	return g.last, nil
}

// postPage posts a page in one transaction, and that once. A page that the tables
// refuse is posted commit by commit, so that only what is wrong is set aside.
func (a *ahead) postPage(ctx context.Context, g *page) error {
	err := a.postOnce(ctx, g.last, g.post)
	if err == nil || !refused(err) {
		return err
	}
	a.log.Warn("a page of the daybook is posted commit by commit", "commits", len(g.parts), "error", err)
	var aside []error
	err = a.postOnce(ctx, g.last, func(p Posting) (err error) {
		aside, err = g.postParts(p.(tables))
		return err
	})
	for _, why := range aside {
		a.log.Error("a commit cannot be posted, and its calls are quarantined", "error", why)
	}
	return err
}

// refused reports whether the tables do not take something, whenever it is tried.
func refused(err error) bool {
	code := tollgate.CodeOf(err)
	return code == tollgate.CodeNotFound || code == tollgate.CodeConflict || code == tollgate.CodeInvalid ||
		errors.Is(err, errThere)
}

// postOnce writes the entries up to one into the tables, in one transaction that
// notes it.
func (a *ahead) postOnce(ctx context.Context, upTo int64, write func(Posting) error) error {
	err := a.tables.Post(ctx, func(p Posting) error {
		on := p.(tables).Posting
		on.Tx().StepAside()
		if err := a.book.Mark(on, a.posted, upTo); err != nil {
			return err
		}
		return write(p)
	})
	if !errors.Is(err, daybook.ErrLost) {
		return err
	}
	// The answer of the commit that did it was lost, or the daybook is.
	if posted, readErr := daybook.Marked(ctx, a.db); readErr == nil && posted == upTo {
		return nil
	}
	a.wrote(0, err)
	return err
}

// run posts until the context ends.
func (a *ahead) run(ctx context.Context) {
	looked := a.now()
	for pause(ctx, gatherFor) {
		// Who waits for the tables does not wait for the log to be copied too.
		err := a.db.Aside(func() error { return a.catchUp(context.WithoutCancel(ctx)) })
		if err != nil {
			a.log.Error("what was decided cannot be posted yet and is kept in the daybook", "error", err)
			if !pause(ctx, postPause) {
				return
			}
		}
		if a.now().Sub(looked) < letInEvery {
			continue
		}
		looked = a.now()
		if err := a.yield(context.WithoutCancel(ctx)); err != nil {
			a.log.Error("letting another process into the tables", "error", err)
		}
	}
}

// pause waits. It reports false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// yield lets another process work in the tables, if one wants to.
func (a *ahead) yield(ctx context.Context) error {
	wanted, err := a.book.Wanted(ctx)
	if err != nil || !wanted {
		return err
	}
	a.gate.Lock()
	defer a.gate.Unlock()
	if !a.book.Owned() {
		return nil
	}
	a.tryAt = a.now().Add(ownPause)
	if err := a.catchUp(ctx); err != nil {
		return err
	}
	a.underway.Wait()
	return a.book.Disown(ctx)
}

// close lets what is under way come to its end, posts the rest and lets go of the
// daybook. What cannot be posted is found there by whoever opens it next.
func (a *ahead) close(ctx context.Context, beside *sync.WaitGroup) {
	close(a.entries)
	beside.Wait()
	if err := errors.Join(a.catchUp(ctx), a.book.Close()); err != nil {
		a.log.Error("closing the daybook", "error", err)
	}
}
