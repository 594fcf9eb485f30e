package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/audit"
	"tollgate/store/storetest"
)

var clerk = store.Actor{Name: "clerk", Address: "127.0.0.1"}

// noon is when the calls of these tests happen.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// shop is a store with its books open and one enterprise in it.
type shop struct {
	*testing.T
	db                              *store.DB
	book                            *ledger.Book
	enterprise, prepaid, quota, usd tollgate.Account
	device                          tollgate.Device
}

// openBook runs the books of a store until the test ends.
func openBook(t *testing.T, db *store.DB) *ledger.Book {
	t.Helper()
	book := ledger.New(db, ledger.Options{Now: time.Now})
	runBook(t, book)
	return book
}

func runBook(t testing.TB, book *ledger.Book) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- book.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the writer ended with %v", err)
		}
	})
}

func openShop(t *testing.T, db *store.DB) *shop {
	t.Helper()
	s := &shop{T: t, db: db, book: openBook(t, db)}
	s.furnish("acme")
	return s
}

// furnish makes an enterprise of that name with its accounts and its device.
func (s *shop) furnish(name string) {
	s.Helper()
	s.enterprise = tollgate.Account{
		Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: name, Currency: "EUR",
		Timezone: "Europe/Berlin",
	}
	s.change(func(c *store.Change) error { return c.PutAccount(&s.enterprise) })
	child := func(name string, mode tollgate.Mode, currency tollgate.Currency) tollgate.Account {
		return tollgate.Account{
			Enterprise: s.enterprise.ID, Parent: s.enterprise.ID, Kind: tollgate.KindUser, Mode: mode,
			Name: name, Currency: currency, Timezone: "Europe/Berlin",
		}
	}
	s.prepaid = child("prepaid", tollgate.ModePrepaid, "EUR")
	s.quota = child("quota", tollgate.ModeQuota, "EUR")
	s.usd = child("dollar", tollgate.ModePrepaid, "USD")
	s.device = tollgate.Device{Name: name + " pbx", Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true}
	s.change(func(c *store.Change) error {
		for _, a := range []*tollgate.Account{&s.prepaid, &s.quota, &s.usd} {
			if err := c.PutAccount(a); err != nil {
				return err
			}
		}
		return c.PutDevice(&s.device, "")
	})
}

func (s *shop) change(fn func(*store.Change) error) {
	s.Helper()
	s.catchUp()
	if err := s.db.Change(s.Context(), clerk, "test", fn); err != nil {
		s.Fatal(err)
	}
}

// call is an answered minute that costs micro and is paid by nobody yet.
func (s *shop) call(unique int, micro int64) ledger.Settlement {
	start := noon.Add(time.Duration(unique) * time.Second)
	return ledger.Settlement{CDR: tollgate.CDR{
		Enterprise: s.enterprise.ID,
		Call:       tollgate.CallID{Device: s.device.ID, UniqueID: fmt.Sprintf("call-%06d", unique), Leg: 1},
		Source:     tollgate.SourceImport, Direction: tollgate.Outbound, Extension: "101",
		Number: tollgate.Number{Raw: "0049301234", E164: "49301234", Class: tollgate.ClassDomestic, Country: "DE"},
		Start:  start, Answer: start.Add(3 * time.Second), End: start.Add(63 * time.Second), Cause: 16,
		Customer: tollgate.Charge{
			Status: tollgate.ChargePriced, Source: tollgate.ChargedByTariff, Micro: micro, Currency: "EUR",
			Billed: 60, Rate: "49", Spans: []tollgate.Span{{Seconds: 60, Price: "0.1", Per: 60, Band: tollgate.OffPeak}},
		},
		Cost: tollgate.Charge{Status: tollgate.ChargeNone},
	}}
}

// paid is a call that an account pays for.
func (s *shop) paid(unique int, by tollgate.Account, micro int64) ledger.Settlement {
	c := s.call(unique, micro)
	c.Purse, c.CDR.Payer, c.CDR.PaidBy = by.ID, by.ID, tollgate.PaidByExtension
	return c
}

func (s *shop) settle(calls ...ledger.Settlement) []tollgate.Result {
	s.Helper()
	results, err := s.book.Settle(s.Context(), calls)
	if err != nil {
		s.Fatal(err)
	}
	if len(results) != len(calls) {
		s.Fatalf("%d results for %d calls", len(results), len(calls))
	}
	return results
}

func (s *shop) balance(a tollgate.Account) int64 {
	s.Helper()
	return s.account(a).Balance
}

// audit fails the test unless the books are right.
func (s *shop) audit() audit.Report {
	s.Helper()
	report, err := s.book.Audit(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, f := range report.Findings {
		s.Errorf("audit: %s: %s", f.Rule, f.What)
	}
	return report
}

// eachShop runs on each engine, in the tables and ahead of them.
func eachShop(t *testing.T, run func(s *shop)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { run(openShop(t, db)) })
	t.Run("daybook", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, db *store.DB) { run(openShopAhead(t, db)) })
	})
}

// openShopAhead is openShop with books that are kept in a daybook first, whatever
// there is to do.
func openShopAhead(t *testing.T, db *store.DB) *shop {
	t.Helper()
	book, err := ledger.OpenAhead(t.Context(), db, ledger.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	runBook(t, book)
	s := &shop{T: t, db: db, book: book}
	s.furnish("acme")
	return s
}

// catchUp waits until the tables have all that was decided.
func (s *shop) catchUp() {
	s.Helper()
	if err := s.book.CatchUp(s.Context()); err != nil {
		s.Fatal(err)
	}
}

func TestSettleChargesOnce(t *testing.T) {
	eachShop(t, func(s *shop) {
		calls := []ledger.Settlement{s.paid(1, s.prepaid, 100_000), s.paid(2, s.prepaid, 0), s.call(3, 50)}
		first := s.settle(calls...)
		for i, r := range first {
			if r.Outcome != tollgate.OutcomeStored || r.CDR == 0 || r.Call != calls[i].CDR.Call {
				s.Errorf("call %d: %+v", i, r)
			}
		}
		for i := range calls {
			calls[i].CDR.ID = 0 // as another process would send it
		}
		for i, r := range s.settle(calls...) {
			if r.Outcome != tollgate.OutcomeDuplicate || r.CDR != first[i].CDR {
				s.Errorf("call %d again: %+v, want the first CDR %d", i, r, first[i].CDR)
			}
		}
		if got := s.balance(s.prepaid); got != -100_000 {
			s.Errorf("balance %d, want -100000", got)
		}
		report := s.audit()
		if report.Overdrawn != 1 {
			s.Errorf("%d accounts overdrawn, want the prepaid one", report.Overdrawn)
		}
	})
}

func TestSameCallTwiceInOneBatch(t *testing.T) {
	eachShop(t, func(s *shop) {
		results := s.settle(s.paid(1, s.prepaid, 7), s.paid(1, s.prepaid, 7), s.paid(2, s.prepaid, 7))
		if results[0].Outcome != tollgate.OutcomeStored || results[1].Outcome != tollgate.OutcomeDuplicate ||
			results[1].CDR != results[0].CDR || results[2].Outcome != tollgate.OutcomeStored {
			s.Errorf("results: %+v", results)
		}
		if got := s.balance(s.prepaid); got != -14 {
			s.Errorf("balance %d, want -14", got)
		}
		s.audit()
	})
}

func TestRechargeAndCorrectAreIdempotent(t *testing.T) {
	eachShop(t, func(s *shop) {
		euro := tollgate.Money{Micro: 5_000_000, Currency: "EUR"}
		first, err := s.book.Recharge(s.Context(), clerk, s.prepaid.ID, euro, "cash", "k1")
		if err != nil {
			s.Fatal(err)
		}
		again, err := s.book.Recharge(s.Context(), clerk, s.prepaid.ID, euro, "cash", "k1")
		if err != nil || again != first {
			s.Errorf("again: %+v, %v, want %+v", again, err, first)
		}
		euro.Micro++
		_, err = s.book.Recharge(s.Context(), clerk, s.prepaid.ID, euro, "cash", "k1")
		if tollgate.CodeOf(err) != tollgate.CodeConflict {
			s.Errorf("another amount under the same key: %v, want a conflict", err)
		}
		euro.Micro = -2_000_000
		for range 2 { // without a key they are two requests
			if _, err := s.book.Correct(s.Context(), clerk, s.prepaid.ID, euro, "mistake", ""); err != nil {
				s.Fatal(err)
			}
		}
		if got := s.balance(s.prepaid); got != 1_000_000 {
			s.Errorf("balance %d, want 1000000", got)
		}
		s.audit()
	})
}
