package ledger_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

// together hands operations to a book whose writer does not run yet, so that
// they all are in one commit, and then lets it run.
func (s *shop) together(operations ...func(*ledger.Book) error) []error {
	s.Helper()
	book := ledger.New(s.db, ledger.Options{Now: time.Now})
	errs := make([]error, len(operations))
	var waiting sync.WaitGroup
	for i, do := range operations {
		waiting.Go(func() { errs[i] = do(book) })
	}
	time.Sleep(20 * time.Millisecond) // until they queue; when they do not, they are in two commits
	ctx, stop := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- book.Run(ctx) }()
	waiting.Wait()
	stop()
	if err := <-ended; err != nil {
		s.Errorf("the writer ended with %v", err)
	}
	return errs
}

// The commit that carries a call of an account which was deleted a moment ago
// breaks; the calls of others in it do not suffer.
func TestOneThatBreaksFailsNoOther(t *testing.T) {
	eachShop(t, func(s *shop) {
		spare := s.prepaid
		spare.ID, spare.Name = 0, "spare"
		s.change(func(c *store.Change) error { return c.PutAccount(&spare) })
		s.settle(s.nobodys(spare)) // now the book knows the account
		blocked, release, changed := make(chan bool), make(chan bool), make(chan error)
		go func() {
			changed <- s.db.Change(s.Context(), clerk, "test", func(c *store.Change) error {
				// Who touches this account waits until the change is done.
				if err := errors.Join(c.PutAccount(&s.prepaid), c.DeleteAccount(spare.ID)); err != nil {
					return err
				}
				blocked <- true
				<-release
				return nil
			})
		}()
		<-blocked
		const others = 20
		var gone tollgate.Result
		var waiting sync.WaitGroup
		settle := func(c ledger.Settlement) {
			waiting.Go(func() {
				results, err := s.book.Settle(s.Context(), []ledger.Settlement{c})
				switch {
				case err != nil:
					s.Error(err)
				case c.Purse == spare.ID:
					gone = results[0]
				case results[0].Outcome != tollgate.OutcomeStored:
					s.Errorf("%+v", results[0])
				}
			})
		}
		settle(s.paid(1, s.prepaid, 7))
		time.Sleep(20 * time.Millisecond) // until it waits; the others gather behind it
		for i := range others {
			settle(s.paid(10+i, s.prepaid, 7))
		}
		settle(s.paid(2, spare, 5))
		time.Sleep(20 * time.Millisecond)
		close(release)
		if err := <-changed; err != nil {
			s.Fatal(err)
		}
		waiting.Wait()
		if gone.Outcome != tollgate.OutcomeQuarantined {
			s.Errorf("a call whose purse is gone: %+v", gone)
		}
		if got := s.balance(s.prepaid); got != -7*(others+1) {
			s.Errorf("balance %d, want %d", got, -7*(others+1))
		}
		s.audit()
	})
}

func TestAccountGoneSinceTheLastCall(t *testing.T) {
	eachShop(t, func(s *shop) {
		spare := s.prepaid
		spare.ID, spare.Name = 0, "spare"
		s.change(func(c *store.Change) error { return c.PutAccount(&spare) })
		s.settle(s.nobodys(spare)) // now the book knows the account
		s.change(func(c *store.Change) error { return c.DeleteAccount(spare.ID) })
		if r := s.settle(s.paid(2, spare, 5))[0]; r.Outcome != tollgate.OutcomeQuarantined {
			s.Errorf("a call whose purse is gone: %+v", r)
		}
		s.audit()
	})
}

// nobodys is a free call that an account would pay, of no payer.
func (s *shop) nobodys(by tollgate.Account) ledger.Settlement {
	c := s.call(900, 0)
	c.Purse = by.ID
	return c
}

func TestRefusalsFailAlone(t *testing.T) {
	eachShop(t, func(s *shop) {
		ctx := s.Context()
		euro := tollgate.Money{Micro: 5, Currency: "EUR"}
		errs := s.together(
			func(b *ledger.Book) error { _, err := b.Recharge(ctx, clerk, s.prepaid.ID, euro, "", "k"); return err },
			func(b *ledger.Book) error { _, err := b.Recharge(ctx, clerk, s.usd.ID, euro, "", "k2"); return err },
			func(b *ledger.Book) error { _, err := b.Recharge(ctx, clerk, 5, euro, "", "k3"); return err },
			func(b *ledger.Book) error {
				_, err := b.Settle(ctx, []ledger.Settlement{s.paid(1, s.prepaid, 5)})
				return err
			},
			func(b *ledger.Book) error { _, err := b.Recharge(ctx, clerk, s.prepaid.ID, euro, "", "k"); return err },
		)
		for i, want := range []tollgate.ErrorCode{"", tollgate.CodeInvalid, tollgate.CodeNotFound, "", ""} {
			if tollgate.CodeOf(errs[i]) != want {
				s.Errorf("operation %d: %v, want code %q", i, errs[i], want)
			}
		}
		for _, amount := range []tollgate.Money{{}, {Micro: -1, Currency: "EUR"}, {Micro: 1 << 62, Currency: "EUR"}} {
			_, err := s.book.Recharge(ctx, clerk, s.prepaid.ID, amount, "", "")
			if tollgate.CodeOf(err) != tollgate.CodeInvalid {
				s.Errorf("recharging %s: %v", amount, err)
			}
		}
		if got := s.balance(s.prepaid); got != 0 {
			s.Errorf("balance %d, want 0", got)
		}
		s.audit()
	})
}

func TestWhatCannotBeSettledIsQuarantined(t *testing.T) {
	eachShop(t, func(s *shop) {
		other := &shop{T: s.T, db: s.db, book: s.book}
		other.furnish("umbra")
		for name, edit := range map[string]func(*ledger.Settlement){
			"no unique id":          func(c *ledger.Settlement) { c.CDR.Call.UniqueID = "" },
			"an endless id":         func(c *ledger.Settlement) { c.CDR.Call.UniqueID = strings.Repeat("7", 10_000) },
			"an endless number":     func(c *ledger.Settlement) { c.CDR.Number.E164 = strings.Repeat("7", 10_000) },
			"a clock of 1970":       func(c *ledger.Settlement) { c.CDR.Start = time.Unix(5, 0) },
			"no start":              func(c *ledger.Settlement) { c.CDR.Start = time.Time{} },
			"ends before it begins": func(c *ledger.Settlement) { c.CDR.End = c.CDR.Answer.Add(-1) },
			"less than nothing":     func(c *ledger.Settlement) { c.CDR.Customer.Micro = -1 },
			"more than there is":    func(c *ledger.Settlement) { c.CDR.Cost.Micro = 1 << 62 },
			"another's purse":       func(c *ledger.Settlement) { c.Purse = other.prepaid.ID },
			"another's quota":       func(c *ledger.Settlement) { c.Quota = other.quota.ID },
			"no enterprise":         func(c *ledger.Settlement) { c.CDR.Enterprise = 0 },
		} {
			c := s.paid(1, s.prepaid, 5)
			edit(&c)
			for range 2 {
				if r := s.settle(c)[0]; r.Outcome != tollgate.OutcomeQuarantined || r.Reason == "" || r.CDR != 0 {
					s.Errorf("%s: %+v", name, r)
				}
			}
		}
		s.audit()
	})
}

func TestQuarantinedIsReleasedBySettling(t *testing.T) {
	eachShop(t, func(s *shop) {
		bad := s.paid(1, s.prepaid, 5)
		bad.Reason, bad.Record.Raw, bad.Record.Call = "no such trunk", "raw line", bad.CDR.Call
		s.settle(bad)
		held, err := s.db.Quarantine(s.Context(), store.Everything, store.Paging{})
		if err != nil || len(held.Items) != 1 || held.Items[0].Record.Raw != "raw line" {
			s.Fatalf("held: %+v, %v", held, err)
		}
		good := s.paid(1, s.prepaid, 5)
		good.Release = held.Items[0].ID
		if r := s.settle(good)[0]; r.Outcome != tollgate.OutcomeStored {
			s.Errorf("replayed: %+v", r)
		}
		if n, err := s.db.QuarantineCount(s.Context(), store.Everything); n != 0 || err != nil {
			s.Errorf("%d still held, %v", n, err)
		}
		// Whatever is wrong with it now, a call in the books is a duplicate.
		if r := s.settle(bad)[0]; r.Outcome != tollgate.OutcomeDuplicate || r.CDR == 0 || r.Reason != "" {
			s.Errorf("sent again: %+v", r)
		}
		s.audit()
	})
}

func TestBeyondTheLimitIsPostedWithItsReason(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.prepaid.CreditLimit = 100
		s.change(func(c *store.Change) error { return c.PutAccount(&s.prepaid) })
		over := func(want int64) {
			s.Helper()
			if got := s.audit().Overdrawn; got != want {
				s.Errorf("%d accounts overdrawn, want %d", got, want)
			}
		}
		s.settle(s.paid(1, s.prepaid, 100))
		over(0)
		s.settle(s.paid(2, s.prepaid, 1))
		over(1)
		s.prepaid.CreditLimit = 1000
		s.change(func(c *store.Change) error { return c.PutAccount(&s.prepaid) })
		over(0)
		s.prepaid.CreditLimit = 0 // lowered below what is owed
		s.change(func(c *store.Change) error { return c.PutAccount(&s.prepaid) })
		over(1)
		if _, err := s.book.Recharge(s.Context(), clerk, s.prepaid.ID,
			tollgate.Money{Micro: 101, Currency: "EUR"}, "", ""); err != nil {
			s.Fatal(err)
		}
		over(0)
		if got := s.balance(s.prepaid); got != 0 {
			s.Errorf("balance %d, want 0", got)
		}
	})
}

func TestMoreThanACommit(t *testing.T) {
	eachShop(t, func(s *shop) {
		book := ledger.New(s.db, ledger.Options{Now: time.Now, RowsMax: 10})
		runBook(s.T, book)
		var calls []ledger.Settlement
		for i := range 95 {
			calls = append(calls, s.paid(i, s.prepaid, 1))
		}
		results, err := book.Settle(s.Context(), calls)
		if err != nil || len(results) != 95 {
			s.Fatalf("%d results, %v", len(results), err)
		}
		for i, r := range results {
			if r.Call != calls[i].CDR.Call || r.Outcome != tollgate.OutcomeStored {
				s.Errorf("call %d: %+v", i, r)
			}
		}
		if got := s.balance(s.prepaid); got != -95 {
			s.Errorf("balance %d, want -95", got)
		}
	})
}

func TestWhoeverLeavesOrComesTooLateIsTold(t *testing.T) {
	s := openShop(t, storetest.Open(t, storetest.SQLite(t)))
	book := ledger.New(s.db, ledger.Options{Now: time.Now})
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := book.Settle(impatient, []ledger.Settlement{s.paid(1, s.prepaid, 5)})
		left <- err
	}()
	time.Sleep(10 * time.Millisecond)
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left was told %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- book.Run(ctx) }()
	if _, err := book.Settle(t.Context(), []ledger.Settlement{s.paid(2, s.prepaid, 7)}); err != nil {
		t.Error(err)
	}
	if got := s.balance(s.prepaid); got != -7 {
		t.Errorf("balance %d, want -7: whoever left before the commit is not settled", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the writer ended with %v", err)
	}
	_, err := book.Settle(t.Context(), []ledger.Settlement{s.paid(3, s.prepaid, 7)})
	if tollgate.CodeOf(err) != tollgate.CodeUnavailable {
		t.Errorf("after the end: %v, want unavailable", err)
	}
}

// Two nodes are sent the same calls at the same time, in different orders.
func TestTwoNodesSettleEachCallOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := openShop(t, storetest.Open(t, url))
		books := []*ledger.Book{s.book, openBook(t, storetest.Open(t, url))}
		const calls = 400
		var mu sync.Mutex
		stored := map[tollgate.CallID]int{}
		var done sync.WaitGroup
		for worker := range 4 {
			done.Go(func() {
				for from := 0; from < calls; from += 20 {
					var batch []ledger.Settlement
					for i := range 20 {
						unique := (from + i) * []int{1, 3, 7, 11}[worker] % calls // each visits all
						by := []tollgate.Account{s.prepaid, s.quota, s.enterprise}[unique%3]
						batch = append(batch, s.paid(unique, by, 10))
					}
					results, err := books[worker%2].Settle(t.Context(), batch)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, r := range results {
						if r.Outcome == tollgate.OutcomeStored {
							stored[r.Call]++
						}
					}
					mu.Unlock()
				}
			})
		}
		done.Wait()
		if len(stored) != calls {
			t.Errorf("%d calls were stored, want %d", len(stored), calls)
		}
		for call, n := range stored {
			if n != 1 {
				t.Errorf("call %s was answered as stored %d times", call, n)
			}
		}
		sum := s.balance(s.prepaid) + s.balance(s.quota) + s.balance(s.enterprise)
		if sum != -10*calls {
			t.Errorf("balances sum to %d, want %d", sum, -10*calls)
		}
		s.audit()
	})
}
