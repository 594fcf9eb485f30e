package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/ledger/memory"
	"tollgate/store"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// twins are the books of one enterprise in a database and in memory, to which
// the same is done.
type twins struct {
	*shop
	memory *memory.Store
	books  [2]*ledger.Book
	holds  []ledger.Hold // as the last that was granted left them
	calls  int

	unpriced []ledger.Settlement
}

func newTwins(s *shop, real *ledger.Book) *twins {
	m := memory.New(time.Now)
	w := &twins{shop: s, memory: m, books: [2]*ledger.Book{
		real, ledger.NewOn(m, ledger.Options{Now: time.Now, Inline: true}),
	}}
	for _, a := range w.accounts() {
		a := s.account(*a)
		m.PutAccount(&a)
	}
	return w
}

func (w *twins) accounts() []*tollgate.Account {
	return []*tollgate.Account{&w.enterprise, &w.prepaid, &w.quota, &w.usd}
}

// nobody is no id of anything, in a database or in memory.
const nobody = tollgate.ID(1) << 40

// alike fails the test unless both answers are the same.
func alike[T any](t *rapid.T, what string, a, b T) {
	t.Helper()
	if d := cmp.Diff(a, b); d != "" {
		t.Fatalf("%s: -database +memory\n%s", what, d)
	}
}

// terms changes what an account may do.
func (w *twins) terms(t *rapid.T) {
	a := rapid.SampledFrom(w.accounts()[1:3]).Draw(t, "account")
	a.Mode = rapid.SampledFrom([]tollgate.Mode{
		tollgate.ModePrepaid, tollgate.ModePostpaid, tollgate.ModeQuota,
	}).Draw(t, "mode")
	a.CreditLimit = rapid.SampledFrom([]int64{0, 500, 5000}).Draw(t, "limit")
	a.Allowance = rapid.SampledFrom([]int64{0, 500, 5000}).Draw(t, "allowance")
	w.change(func(c *store.Change) error { return c.PutAccount(a) })
	twin := *a
	w.memory.PutAccount(&twin)
}

// money pays in, corrects, begins a quota anew.
func (w *twins) money(t *rapid.T) {
	a := rapid.SampledFrom(w.accounts()).Draw(t, "account")
	amount := tollgate.Money{Currency: "EUR", Micro: rapid.Int64Range(-1500, 3000).Draw(t, "amount")}
	key := a.ID.String() + rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	if kind >= 2 && rapid.IntRange(0, 5).Draw(t, "of a quota") > 0 {
		a = &w.quota
	}
	period := noon.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "day"))
	var answers [2]string
	for i, b := range w.books {
		var transfer tollgate.Transfer
		var done bool
		var err error
		switch kind {
		case 0:
			transfer, err = b.Recharge(w.Context(), clerk, a.ID, amount, "", key)
		case 1:
			transfer, err = b.Correct(w.Context(), clerk, a.ID, amount, "", key)
		case 2:
			err = b.CorrectUsed(w.Context(), clerk, a.ID, amount, "", key)
		case 3:
			done, err = b.ResetQuota(w.Context(), a.Enterprise, a.ID, period)
		}
		answers[i] = fmt.Sprint(transfer.Amount, transfer.Kind, done, tollgate.CodeOf(err))
	}
	alike(t, "money", answers[0], answers[1])
}

// settling is a call, new or sent before, with what was held for it or not.
func (w *twins) settling(t *rapid.T) ledger.Settlement {
	micro := rapid.SampledFrom([]int64{0, 1, 300, 2000}).Draw(t, "micro")
	w.calls++
	unique := w.calls
	if rapid.IntRange(0, 4).Draw(t, "again") == 0 {
		unique = rapid.IntRange(1, w.calls).Draw(t, "unique")
	}
	s := w.paid(unique, *rapid.SampledFrom(w.accounts()).Draw(t, "payer"), micro)
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		s.Reason = "no such trunk"
	case 1:
		s.Purse = nobody
	case 2:
		s.Purse, s.Quota = w.enterprise.ID, w.quota.ID
	case 3:
		s.Quota = w.quota.ID
	case 4:
		s.CDR.Customer = tollgate.Charge{Status: tollgate.ChargeUnpriced, Currency: "EUR"}
	case 5:
		s.Purse, s.CDR.Payer, s.CDR.PaidBy = 0, 0, tollgate.PaidByNobody
		s.CDR.Customer = tollgate.Charge{Status: tollgate.ChargeNone}
	}
	if len(w.holds) > 0 && rapid.Bool().Draw(t, "held") {
		s.Reservation = rapid.SampledFrom(w.holds).Draw(t, "reservation").ID
	}
	return s
}

// holding is a hold that is new, or renews one, whether it is there or not.
func (w *twins) holding(t *rapid.T) ledger.Hold {
	h := w.held(fmt.Sprint("call ", rapid.IntRange(0, 30).Draw(t, "call")), 0)
	if len(w.holds) > 0 && rapid.IntRange(0, 2).Draw(t, "renew") > 0 {
		h = rapid.SampledFrom(w.holds).Draw(t, "reservation")
		h.From = h.To
	}
	if rapid.IntRange(0, 9).Draw(t, "stale") == 0 {
		h.From = 7
	}
	h.To = rapid.SampledFrom([]int64{0, 1, 100, 400, 900}).Draw(t, "to")
	if h.Accounts == nil || rapid.IntRange(0, 4).Draw(t, "others") == 0 {
		h.Accounts = nil
		for _, a := range w.accounts() {
			if rapid.Bool().Draw(t, a.Name) {
				h.Accounts = append(h.Accounts, a.ID)
			}
		}
		if rapid.IntRange(0, 20).Draw(t, "nobody") == 0 {
			h.Accounts = append(h.Accounts, nobody)
		}
	}
	return h
}

// commit does several things in one commit.
func (w *twins) commit(t *rapid.T) {
	var operations [2][]*ledger.Operation
	var holds []ledger.Hold
	for range rapid.IntRange(1, 6).Draw(t, "operations") {
		var make func() *ledger.Operation
		var h ledger.Hold
		switch rapid.IntRange(0, 3).Draw(t, "operation") {
		case 0:
			calls := []ledger.Settlement{w.settling(t)}
			calls[0].CDR.ID = w.db.NewID()
			if s := &calls[0].CDR; s.Customer.Status == tollgate.ChargeUnpriced || s.Unpaid() {
				w.unpriced = append(w.unpriced, calls[0])
			}
			make = func() *ledger.Operation { return ledger.OpSettle(slices.Clone(calls)) }
		case 1:
			if len(w.holds) == 0 {
				continue
			}
			id := rapid.SampledFrom(w.holds).Draw(t, "reservation").ID
			of := rapid.SampledFrom([]tollgate.ID{0, w.enterprise.ID, nobody}).Draw(t, "enterprise")
			make = func() *ledger.Operation { return ledger.OpRelease(of, id) }
		default:
			h = w.holding(t)
			make = func() *ledger.Operation { return ledger.OpHold(h) }
		}
		holds = append(holds, h)
		for i := range w.books {
			operations[i] = append(operations[i], make())
		}
	}
	if len(holds) == 0 {
		return
	}
	for i, b := range w.books {
		b.Together(w.Context(), operations[i]...)
	}
	for i, h := range holds {
		var answers [2]string
		var held ledger.Held
		var err error
		for j := range w.books {
			var results []tollgate.Result
			var done bool
			results, held, done, err = ledger.Answer(operations[j][i])
			answers[j] = fmt.Sprintf("%+v %+v %v %v", results, held, done, tollgate.CodeOf(err))
		}
		alike(t, "answer", answers[0], answers[1])
		if h.ID != 0 && err == nil && !held.Refused {
			w.holds = append(slices.DeleteFunc(w.holds, func(o ledger.Hold) bool { return o.ID == h.ID }), h)
		}
	}
}

// price gives a call the price it did not have, or who pays, if it has none yet.
func (w *twins) price(t *rapid.T) {
	if len(w.unpriced) == 0 {
		return
	}
	s := rapid.SampledFrom(w.unpriced).Draw(t, "call")
	s.CDR.Customer = w.call(1, 77).CDR.Customer
	if s.CDR.Unpaid() {
		s.Purse, s.CDR.Payer, s.CDR.PaidBy = w.prepaid.ID, w.prepaid.ID, tollgate.PaidByExtension
	}
	var answers [2]string
	for i, b := range w.books {
		n, err := b.Price(w.Context(), clerk, "price", []ledger.Settlement{s})
		answers[i] = fmt.Sprint(n, tollgate.CodeOf(err))
	}
	alike(t, "priced", answers[0], answers[1])
}

// waiting is what is in quarantine in both books.
func (w *twins) waiting(t *rapid.T) (pages [2]store.Page[store.Quarantined]) {
	all := store.Paging{Rows: store.PageRowsMax}
	for i, list := range []func(context.Context, store.Scope, store.Paging) (store.Page[store.Quarantined], error){
		w.db.Quarantine, w.memory.Quarantine,
	} {
		var err error
		if pages[i], err = list(w.Context(), store.Scope(w.enterprise.ID), all); err != nil {
			t.Fatal(err)
		}
	}
	alike(t, "quarantined", len(pages[0].Items), len(pages[1].Items))
	return pages
}

// replay settles what was in quarantine.
func (w *twins) replay(t *rapid.T) {
	pages := w.waiting(t)
	if len(pages[0].Items) == 0 {
		return
	}
	place := rapid.IntRange(0, len(pages[0].Items)-1).Draw(t, "quarantined")
	call, id := w.paid(1, w.prepaid, 55), w.db.NewID()
	call.CDR.Call = pages[0].Items[place].Record.Call
	var answers [2]string
	for i, b := range w.books {
		s := call
		s.CDR.ID, s.Release = id, pages[i].Items[place].ID
		results, err := b.Settle(w.Context(), []ledger.Settlement{s})
		answers[i] = fmt.Sprint(results, err)
	}
	alike(t, "replayed", answers[0], answers[1])
}

// compare holds the books against each other, and each against its own rules.
func (w *twins) compare(t *rapid.T) {
	for _, a := range w.accounts() {
		real := w.account(*a)
		twin, err := w.memory.Account(w.Context(), store.Everything, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		alike(t, a.Name, real, twin)
	}
	scope := store.Scope(w.enterprise.ID)
	all := store.Paging{Rows: store.PageRowsMax}
	real, err := w.db.Reservations(w.Context(), scope, store.ReservationFilter{}, all)
	twin, err2 := w.memory.Reservations(w.Context(), scope, store.ReservationFilter{}, all)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	alike(t, "reservations", real, twin)
	totals, err := w.db.Totals(w.Context(), scope, store.CDRFilter{})
	if err != nil {
		t.Fatal(err)
	}
	alike(t, "calls", totals.Calls, int64(w.memory.Calls()))
	pages := w.waiting(t)
	for _, page := range pages {
		for j := range page.Items {
			page.Items[j].ID, page.Items[j].Received = 0, noon
		}
	}
	alike(t, "quarantine", pages[0].Items, pages[1].Items)
	if err := w.memory.Check(); err != nil {
		t.Fatal(err)
	}
}

// crash kills the process that keeps the daybook, and opens the books anew, which
// posts what was left.
func (w *twins) crash(t *rapid.T) {
	if err := w.books[0].Crash(); err != nil {
		t.Fatal(err)
	}
	w.open(t)
}

func (w *twins) open(t *rapid.T) {
	book, err := ledger.OpenAhead(w.Context(), w.db, ledger.Options{Now: time.Now, Inline: true})
	if err != nil {
		t.Fatal(err)
	}
	w.books[0], w.book = book, book
}

func (w *twins) post(t *rapid.T) {
	if err := w.book.PostOne(w.Context()); err != nil {
		t.Fatal(err)
	}
}

// caughtUp does something when the tables have everything.
func (w *twins) caughtUp(do func(*rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		if err := w.book.CatchUp(w.Context()); err != nil {
			t.Fatal(err)
		}
		do(t)
	}
}

// Books that are kept in a daybook first answer as those in memory do, however
// much of it is posted, and come to the same state, whenever the process is killed.
func TestDaybookIsLikeTables(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n, ahead := 0, 0
		s := &shop{T: t, db: db, book: ledger.New(db, ledger.Options{Now: time.Now, Inline: true})}
		rapid.Check(t, func(rt *rapid.T) {
			n++
			s := &shop{T: t, db: db, book: s.book}
			s.furnish(fmt.Sprint("company ", n))
			w := newTwins(s, s.book)
			w.open(rt)
			defer func() { _ = w.book.Crash() }()
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				rapid.SampledFrom([]func(*rapid.T){
					w.commit, w.commit, w.commit, w.commit, w.commit, w.commit, w.money, w.price,
					w.post, w.post, w.crash, w.caughtUp(w.terms), w.caughtUp(w.replay),
				}).Draw(rt, "step")(rt)
				ahead += w.book.Unposted()
			}
			w.caughtUp(w.compare)(rt)
		})
		if ahead == 0 {
			t.Error("nothing was ever ahead of the tables")
		}
		s.audit()
	})
}

// Books in memory answer as those in a database do, also about several
// operations in one commit, and come to the same state.
func TestMemoryIsLikeADatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		book := ledger.New(db, ledger.Options{Now: time.Now, Inline: true})
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			s := &shop{T: t, db: db, book: book}
			s.furnish(fmt.Sprint("company ", n))
			w := newTwins(s, book)
			for range rapid.IntRange(1, 25).Draw(rt, "steps") {
				rapid.SampledFrom([]func(*rapid.T){
					w.commit, w.commit, w.commit, w.commit, w.money, w.money, w.terms, w.price, w.replay,
				}).Draw(rt, "step")(rt)
			}
			w.compare(rt)
		})
		s := &shop{T: t, db: db, book: book}
		s.audit()
	})
}
