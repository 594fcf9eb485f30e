package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

// pairs has many callers hold money of one account and settle their calls, until
// it is spent, and returns how much was.
func (s *shop) pairs(callers, each int, books ...*ledger.Book) (spent, refused int64) {
	var sum, no atomic.Int64
	var done sync.WaitGroup
	for caller := range callers {
		done.Go(func() {
			for i := range each {
				micro := int64(100 + caller)
				h := s.held(fmt.Sprint(caller, "/", i), micro, s.prepaid)
				held, err := books[caller%len(books)].Hold(s.Context(), h)
				if err != nil {
					s.Error(err)
					return
				}
				if held.Refused {
					no.Add(1)
					continue
				}
				call := s.paid(caller*each+i, s.prepaid, micro)
				call.Reservation = h.ID
				results, err := books[(caller+i)%len(books)].Settle(s.Context(), []ledger.Settlement{call})
				if err != nil || results[0].Outcome != tollgate.OutcomeStored {
					s.Errorf("%+v, %v", results, err)
				}
				sum.Add(micro)
			}
		})
	}
	done.Wait()
	return sum.Load(), no.Load()
}

// spendAll has more callers at once than there is credit for, and checks that it was
// spent and no more.
func (s *shop) spendAll(credit int64, books ...*ledger.Book) {
	s.Helper()
	spent, refused := s.pairs(64, 6, books...)
	a := s.account(s.prepaid)
	if a.Balance != credit-spent || a.Balance < 0 || a.Balance > 200 || a.Reserved != 0 || refused == 0 {
		s.Errorf("%+v: %d were spent and %d refused", a, spent, refused)
	}
	if n := s.audit().Overdrawn; n != 0 {
		s.Errorf("%d accounts are overdrawn", n)
	}
}

// Callers who share one credit never spend more than it, while commits are decided
// ahead of those that are written, and those ahead of the tables.
func TestNoCreditIsHeldTwiceAhead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := openShopAhead(t, db)
		const credit = 10_000
		s.recharge(s.prepaid, credit)
		s.spendAll(credit, s.book)
	})
}

// On PostgreSQL a server that is ahead lets another into the tables, which comes
// and goes while calls are placed on both.
func TestServersTakeTurns(t *testing.T) {
	url := storetest.Postgres(t)
	s := openShopAhead(t, storetest.Open(t, url))
	const credit, rounds = 10_000, 3
	var spent int64
	for round := range rounds {
		s.recharge(s.prepaid, credit)
		ctx, stop := context.WithCancel(t.Context())
		second := storetest.Open(t, url)
		book, err := ledger.OpenAhead(ctx, second, ledger.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- book.Run(ctx) }()
		more, _ := s.again(round).pairs(16, 12, s.book, book)
		spent += more
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	a := s.account(s.prepaid)
	if a.Balance != rounds*credit-spent || a.Balance < 0 || a.Reserved != 0 {
		t.Errorf("%+v: %d were spent", a, spent)
	}
	if n := s.audit().Overdrawn; n != 0 {
		t.Errorf("%d accounts are overdrawn", n)
	}
}

// again is the same shop on another day: its calls have other names.
func (s *shop) again(round int) *shop {
	other := *s
	other.device = tollgate.Device{
		Name: fmt.Sprint("pbx ", round), Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true,
	}
	other.change(func(c *store.Change) error { return c.PutDevice(&other.device, "") })
	return &other
}

// ahead opens books that post nothing by themselves, with a call of the prepaid
// account and money held for another in the daybook.
func (s *shop) ahead() *ledger.Book {
	s.Helper()
	book, err := ledger.OpenAhead(s.Context(), s.db, ledger.Options{Now: time.Now, Inline: true})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = book.Crash() })
	s.book = book
	s.settle(s.paid(900, s.enterprise, 1)) // the house has its accounts from here on
	s.catchUp()
	s.settle(s.paid(1, s.prepaid, 30), s.paid(2, s.enterprise, 7))
	if book.Unposted() == 0 {
		s.Fatal("nothing is ahead of the tables")
	}
	return book
}

// eachAhead runs on each engine with books that post nothing by themselves.
func eachAhead(t *testing.T, run func(s *shop, book *ledger.Book)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := &shop{T: t, db: db, book: ledger.New(db, ledger.Options{Now: time.Now, Inline: true})}
		s.furnish("acme")
		s.allow(100)
		run(s, s.ahead())
	})
}

// A call that another process stored before the daybook was posted is charged once.
func TestPostedAfterAnotherProcess(t *testing.T) {
	eachAhead(t, func(s *shop, _ *ledger.Book) {
		err := s.db.Post(s.Context(), func(p *store.Posting) error {
			call := s.call(1, 30)
			call.CDR.ID = s.db.NewID()
			entries := []store.Entry{{CDR: &call.CDR, Unposted: "by hand"}}
			if _, err := p.Claim(entries); err != nil {
				return err
			}
			if err := p.InsertEntries(entries); err != nil {
				return err
			}
			usage := store.Usage{UsageKey: store.UsageKeyOf(&call.CDR)}
			usage.Add(&call.CDR, 1)
			return p.AddUsage([]store.Usage{usage})
		})
		if err != nil {
			s.Fatal(err)
		}
		if a := s.account(s.prepaid); a.Balance != 0 {
			s.Errorf("the prepaid account has %d, want 0: its call was stored by another", a.Balance)
		}
		if a := s.account(s.enterprise); a.Balance != -8 {
			s.Errorf("the enterprise has %d, want -8", a.Balance)
		}
		s.audit()
	})
}

// A call whose account is deleted before it is posted is not lost.
func TestPostedWithoutItsAccount(t *testing.T) {
	eachAhead(t, func(s *shop, _ *ledger.Book) {
		s.hold(s.held("held", 5, s.quota))
		err := s.db.Change(s.Context(), clerk, "test", func(c *store.Change) error { return c.DeleteAccount(s.prepaid.ID) })
		if err != nil {
			s.Fatal(err)
		}
		s.catchUp()
		waiting, err := s.db.Quarantine(s.Context(), store.Everything, store.Paging{})
		if err != nil || len(waiting.Items) != 1 || waiting.Items[0].Record.Call != s.paid(1, s.prepaid, 30).CDR.Call ||
			!strings.Contains(waiting.Items[0].Reason, "deleted") {
			s.Errorf("in quarantine: %+v, %v", waiting.Items, err)
		}
		if a := s.account(s.enterprise); a.Balance != -8 {
			s.Errorf("the enterprise has %d, want -8", a.Balance)
		}
		if a := s.account(s.quota); a.Reserved != 5 {
			s.Errorf("%d are reserved, want 5", a.Reserved)
		}
		s.audit()
	})
}

// What only the tables can do sees all that was decided before it.
func TestTablesCatchUpFirst(t *testing.T) {
	eachAhead(t, func(s *shop, book *ledger.Book) {
		s.hold(s.held("held", 5, s.quota))
		s.recharge(s.prepaid, 100)
		if book.Unposted() != 0 {
			s.Error("a recharge did not wait for what comes before it")
		}
		if a := s.account(s.prepaid); a.Balance != 70 {
			s.Errorf("balance %d, want 70", a.Balance)
		}
		s.audit()
	})
}

// When the daybook cannot be written, whoever waits is told, nothing that was
// acknowledged is lost, and what was not can be sent again.
func TestDaybookThatCannotBeWritten(t *testing.T) {
	eachAhead(t, func(s *shop, book *ledger.Book) {
		if err := book.Crash(); err != nil {
			s.Fatal(err)
		}
		call := s.paid(3, s.prepaid, 11)
		call.CDR.ID = s.db.NewID()
		if results, err := book.Settle(s.Context(), []ledger.Settlement{call}); err == nil {
			s.Errorf("settled without a daybook: %+v", results)
		}
		reopened, err := ledger.OpenAhead(s.Context(), s.db, ledger.Options{Now: time.Now, Inline: true})
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(func() { _ = reopened.Crash() })
		s.book = reopened
		if r := s.settle(call); r[0].Outcome != tollgate.OutcomeStored || r[0].CDR != call.CDR.ID {
			s.Errorf("sent again: %+v", r)
		}
		if a := s.account(s.prepaid); a.Balance != -41 {
			s.Errorf("balance %d, want -41", a.Balance)
		}
		s.audit()
	})
}

// A database that was put back without its daybook, or with another one's, is not
// served as if nothing were missing.
func TestForeignDaybook(t *testing.T) {
	url := storetest.SQLite(t)
	s := &shop{T: t, db: storetest.Open(t, url)}
	s.book = ledger.New(s.db, ledger.Options{Now: time.Now, Inline: true})
	s.furnish("acme")
	s.ahead()
	path, _ := strings.CutPrefix(url, "sqlite:")
	other := storetest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "other.db"))
	copyFile(t, path+".daybook", other.Path()+".daybook")
	_, err := ledger.Open(t.Context(), other, ledger.Options{Now: time.Now})
	if tollgate.CodeOf(err) != tollgate.CodeConflict || !strings.Contains(err.Error(), "other.db.daybook") {
		t.Errorf("opened with another's daybook: %v", err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A page that was posted is forgotten, also while others wait that were decided by
// what it said: under load some always do.
func TestPostedPagesAreForgotten(t *testing.T) {
	eachAhead(t, func(s *shop, book *ledger.Book) {
		known := book.Freeze()
		s.settle(s.paid(3, s.prepaid, 11))
		if err := book.PostOne(s.Context()); err != nil {
			s.Fatal(err)
		}
		if book.Unposted() != 1 {
			s.Fatalf("%d pages wait, want 1", book.Unposted())
		}
		if known() {
			s.Error("the page is kept though it was posted")
		}
	})
}
