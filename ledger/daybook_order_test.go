package ledger_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

// A call that is sent again while it is on its way into the daybook is not called
// a duplicate before it is there: whoever hears that forgets it.
func TestAnswersWaitForWhatTheyRestOn(t *testing.T) {
	eachAhead(t, func(s *shop, book *ledger.Book) {
		entries := book.HoldEntries()
		first, again := s.paid(5, s.prepaid, 11), s.paid(5, s.prepaid, 11)
		first.CDR.ID, again.CDR.ID = s.db.NewID(), s.db.NewID()
		operations := []*ledger.Operation{
			ledger.OpSettle([]ledger.Settlement{first}), ledger.OpSettle([]ledger.Settlement{again}),
		}
		for _, o := range operations {
			book.Together(s.Context(), o)
		}
		if len(entries) != 2 {
			s.Fatalf("%d commits are on their way, want 2", len(entries))
		}
		for i, o := range operations {
			if ledger.Answered(o) {
				s.Errorf("operation %d was answered before the first was written", i)
			}
		}
		book.Enter(s.Context(), len(entries))
		for i, want := range []tollgate.Outcome{tollgate.OutcomeStored, tollgate.OutcomeDuplicate} {
			if results, _, _, err := ledger.Answer(operations[i]); err != nil || results[0].Outcome != want {
				s.Errorf("operation %d: %+v, %v", i, results, err)
			}
		}
		s.audit()
	})
}

// One commit that the tables refuse does not keep those that came with it from
// being posted, nor the books from being opened again.
func TestCommitThatCannotBePosted(t *testing.T) {
	for _, crash := range []bool{false, true} {
		t.Run(fmt.Sprint("crash=", crash), func(t *testing.T) {
			eachAhead(t, func(s *shop, book *ledger.Book) {
				s.hold(s.held("held", 5, s.quota))
				bad := s.paid(6, s.prepaid, 13)
				bad.CDR.ID = s.db.NewID()
				s.settle(bad)
				s.settle(s.paid(7, s.prepaid, 17))
				s.steal(bad.CDR.ID)
				if crash {
					if err := book.Crash(); err != nil {
						s.Fatal(err)
					}
					reopened, err := ledger.OpenAhead(s.Context(), s.db, ledger.Options{Now: time.Now, Inline: true})
					if err != nil {
						s.Fatal(err)
					}
					s.Cleanup(func() { _ = reopened.Crash() })
					s.book = reopened
				}
				if a := s.account(s.prepaid); a.Balance != -47 {
					s.Errorf("balance %d, want -47: what was sound", a.Balance)
				}
				if a := s.account(s.quota); a.Reserved != 5 {
					s.Errorf("%d are reserved, want 5", a.Reserved)
				}
				waiting, err := s.db.Quarantine(s.Context(), store.Everything, store.Paging{})
				if err != nil || len(waiting.Items) != 1 || waiting.Items[0].Record.Call != bad.CDR.Call ||
					!strings.Contains(waiting.Items[0].Reason, "tables did not take it") {
					s.Errorf("in quarantine: %+v, %v", waiting.Items, err)
				}
			})
		})
	}
}

// steal has another call take an id, so that the one which has it cannot be stored.
func (s *shop) steal(id tollgate.ID) {
	s.Helper()
	err := s.db.Post(s.Context(), func(p *store.Posting) error {
		return p.InsertTransfers([]tollgate.Transfer{{
			Enterprise: s.enterprise.ID, ID: id, Debit: s.enterprise.ID, Credit: s.prepaid.ID, Amount: 1,
			Currency: "EUR", Kind: tollgate.TransferCorrection, At: noon,
		}})
	})
	if err != nil {
		s.Fatal(err)
	}
}

// A server whose session was lost while it had nothing to write, and whose daybook
// another keeps now, finds that out and goes on.
func TestSessionLostWhileIdle(t *testing.T) {
	url := storetest.Postgres(t)
	s := openShopAhead(t, storetest.Open(t, url))
	s.recharge(s.prepaid, 100)
	s.book.LoseSession()
	other, err := ledger.OpenAhead(t.Context(), storetest.Open(t, url), ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	runBook(t, other)
	failed := 0
	for i := range 100 {
		_, err := s.book.Settle(t.Context(), []ledger.Settlement{s.paid(i, s.prepaid, 1)})
		if err == nil {
			break
		}
		if failed++; tollgate.CodeOf(err) != tollgate.CodeUnavailable || failed > 50 {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	s.audit()
}

// CatchUp returns though what it waited for is not there any more.
func TestCatchUpReturns(t *testing.T) {
	eachAhead(t, func(s *shop, book *ledger.Book) {
		if err := book.CatchUpWithout(s.Context()); err != nil {
			s.Error(err)
		}
	})
}

// A reservation whose account is deleted before it is posted can be released.
func TestHeldByAnAccountThatIsDeleted(t *testing.T) {
	eachAhead(t, func(s *shop, book *ledger.Book) {
		h := s.held("held", 5, s.quota)
		s.hold(h)
		err := s.db.Change(s.Context(), clerk, "test", func(c *store.Change) error { return c.DeleteAccount(s.quota.ID) })
		if err != nil {
			s.Fatal(err)
		}
		s.catchUp()
		if err := book.Crash(); err != nil {
			s.Fatal(err)
		}
		s.book = ledger.New(s.db, ledger.Options{Now: time.Now, Inline: true})
		if released, err := s.book.Release(s.Context(), 0, h.ID); err != nil || !released {
			s.Errorf("released: %v, %v", released, err)
		}
		s.audit()
	})
}

// A commit that is tried again, because a reservation was there already, makes the
// house's accounts anew: those of the first try were undone.
func TestHouseIsMadeAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var log bytes.Buffer
		book := ledger.New(db, ledger.Options{
			Now: time.Now, Inline: true, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		s := &shop{T: t, db: db, book: book}
		s.furnish("acme")
		s.allow(100)
		h := s.held("held", 5, s.quota)
		s.hold(h)
		call := s.paid(1, s.prepaid, 30)
		call.CDR.ID = db.NewID()
		book.Together(t.Context(), ledger.OpHold(h), ledger.OpSettle([]ledger.Settlement{call}))
		if a := s.account(s.prepaid); a.Balance != -30 || log.Len() > 0 {
			t.Errorf("balance %d, want -30; logged: %s", a.Balance, log.String())
		}
		s.audit()
	})
}

// A commit that few would be in waits as long as one is being written, and one of
// many does not.
func TestFewWaitForTheCommitBefore(t *testing.T) {
	db := storetest.Open(t, storetest.SQLite(t))
	book, err := ledger.Open(t.Context(), db, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Crash() })
	few, many := make([]*ledger.Operation, 3), make([]*ledger.Operation, ledger.Crowd)
	for i := range few {
		few[i] = ledger.OpRelease(0, 1)
	}
	for i := range many {
		many[i] = ledger.OpRelease(0, 1)
	}
	if n := book.Gathered(false, few); n != len(few) {
		t.Errorf("%d of %d operations came into the commit", n, len(few))
	}
	if n := book.Gathered(true, many); n != len(many) {
		t.Errorf("%d of %d operations came into the commit", n, len(many))
	}
}
