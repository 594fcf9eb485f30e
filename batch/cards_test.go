package batch

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/audit"
	"tollgate/store/card"
	"tollgate/store/storetest"
)

// printer issues cards on a real store and real books.
type printer struct {
	*testing.T
	db         *store.DB
	book       *ledger.Book
	gate       *access.Gate
	enterprise tollgate.ID
	device     tollgate.ID
}

var clerk = store.Actor{Name: "clerk"}

func newPrinter(t *testing.T, db *store.DB) *printer {
	t.Helper()
	p := &printer{T: t, db: db, book: runningBook(t, db)}
	var err error
	if p.gate, err = access.New(db, access.Options{Now: time.Now, Random: rand.Reader}); err != nil {
		t.Fatal(err)
	}
	head := tollgate.Account{
		Name: "Acme", Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Currency: "EUR", Timezone: "UTC",
	}
	device := tollgate.Device{Name: "hq", Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true}
	err = db.Change(t.Context(), clerk, "furnish", func(c *store.Change) error {
		if err := c.PutAccount(&head); err != nil {
			return err
		}
		return c.PutDevice(&device, "")
	})
	if err != nil {
		t.Fatal(err)
	}
	p.enterprise, p.device = head.ID, device.ID
	return p
}

func runningBook(t *testing.T, db *store.DB) *ledger.Book {
	t.Helper()
	book := ledger.New(db, ledger.Options{Now: time.Now})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- book.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return book
}

func (p *printer) summer() CardBatch {
	return CardBatch{
		Enterprise: p.enterprise, Name: "Summer", Count: 20, Amount: 5_000_000, Currency: "EUR", ValidDays: 30,
		NumberDigits: 8, PINDigits: 4,
	}
}

func (p *printer) issue(ctx context.Context, book *ledger.Book, b CardBatch) ([]IssuedCard, error) {
	return IssueCards(ctx, p.db, book, p.gate, clerk, time.Now, b)
}

// worth is what all cards of the enterprise have together, and how many there are.
func (p *printer) worth() (micro int64, n int) {
	p.Helper()
	found, err := card.List(p.Context(), p.db, store.Scope(p.enterprise), card.Filter{}, store.Paging{Rows: 1000})
	if err != nil {
		p.Fatal(err)
	}
	for _, c := range found.Items {
		micro += c.Available
	}
	return micro, len(found.Items)
}

func (p *printer) audited() {
	p.Helper()
	report, err := audit.Run(p.Context(), p.db)
	if err != nil || len(report.Findings) > 0 {
		p.Errorf("the books are wrong: %v, %v", report.Findings, err)
	}
}

func TestIssueCards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := newPrinter(t, db)
		cards, err := p.issue(t.Context(), p.book, p.summer())
		if err != nil {
			t.Fatal(err)
		}
		if micro, n := p.worth(); n != 20 || micro != 100_000_000 || len(cards) != 20 {
			t.Errorf("%d cards are there with %d, %d were answered", n, micro, len(cards))
		}
		numbers := map[string]bool{}
		for _, c := range cards {
			numbers[c.Number] = true
			opened, err := p.gate.OpenCard(t.Context(), c.Number, c.PIN, p.device)
			if err != nil {
				t.Fatalf("card %s: %v", c.Number, err)
			}
			if opened.Account != c.Account || opened.Left != (tollgate.Money{Micro: 5_000_000, Currency: "EUR"}) ||
				opened.Expires.Before(time.Now().Add(29*24*time.Hour)) || len(c.Number) != 8 || len(c.PIN) != 4 {
				t.Errorf("%+v opens %+v", c, opened)
			}
		}
		if len(numbers) != 20 {
			t.Errorf("%d different numbers", len(numbers))
		}
		a, err := db.Account(t.Context(), store.Scope(p.enterprise), cards[0].Account)
		if err != nil || a.Kind != tollgate.KindCard || a.Mode != tollgate.ModePrepaid || a.Parent != p.enterprise ||
			a.Name != "card "+cards[0].Number {
			t.Errorf("its account is %+v, %v", a, err)
		}
		p.checkLog(cards)
		p.audited()
		if _, err := p.issue(t.Context(), p.book, p.summer()); tollgate.CodeOf(err) != tollgate.CodeConflict {
			t.Errorf("the same batch again: %v", err)
		}
		if _, n := p.worth(); n != 20 {
			t.Errorf("%d cards after the same batch again", n)
		}
	})
}

// checkLog wants one entry for the batch, and no PIN in any.
func (p *printer) checkLog(cards []IssuedCard) {
	p.Helper()
	log, err := p.db.OperationLog(p.Context(), store.Everything, store.Paging{Rows: 1000})
	if err != nil {
		p.Fatal(err)
	}
	entries := 0
	for _, o := range log.Items {
		if o.Action == "issue cards" {
			entries++
		}
		if strings.Contains(o.After, `"`+cards[0].PIN+`"`) {
			p.Errorf("the log tells a PIN: %s", o.After)
		}
	}
	if entries != 1 || len(log.Items) > 3 {
		p.Errorf("%d of %d entries are about the batch", entries, len(log.Items))
	}
}

// TestIssueCardsAgain interrupts an issue where the money goes out.
func TestIssueCardsAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		p := newPrinter(t, db)
		closed := ledger.New(db, ledger.Options{Now: time.Now}) // nobody writes it
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if cards, err := p.issue(ctx, closed, p.summer()); err == nil {
			t.Fatalf("%d cards without money", len(cards))
		}
		begun, err := card.BatchNamed(t.Context(), db, p.enterprise, "Summer")
		if err != nil || !begun.Issued.IsZero() {
			t.Fatalf("the batch is %+v, %v", begun, err)
		}
		cards, err := card.InBatch(t.Context(), db, begun.ID)
		if err != nil || len(cards) != 20 {
			t.Fatalf("%d cards, %v", len(cards), err)
		}
		// Some had their money before the interruption.
		if err := fund(t.Context(), p.book, clerk, &begun, cards[:7]); err != nil {
			t.Fatal(err)
		}
		other := p.summer()
		other.Amount *= 2
		if _, err := p.issue(t.Context(), p.book, other); tollgate.CodeOf(err) != tollgate.CodeConflict {
			t.Errorf("with other terms: %v", err)
		}
		issued, err := p.issue(t.Context(), p.book, p.summer())
		if err != nil || len(issued) != 20 {
			t.Fatalf("%d cards, %v", len(issued), err)
		}
		if micro, n := p.worth(); n != 20 || micro != 100_000_000 {
			t.Errorf("%d cards with %d", n, micro)
		}
		if _, err := p.gate.OpenCard(t.Context(), issued[3].Number, issued[3].PIN, p.device); err != nil {
			t.Error(err)
		}
		p.audited()
	})
}

func TestIssueCardsRefuses(t *testing.T) {
	p := newPrinter(t, storetest.Open(t, storetest.SQLite(t)))
	for name, spoil := range map[string]func(*CardBatch){
		"no name":        func(b *CardBatch) { b.Name = "" },
		"none":           func(b *CardBatch) { b.Count = 0 },
		"too many":       func(b *CardBatch) { b.Count = CardsMax + 1 },
		"no money":       func(b *CardBatch) { b.Amount = 0 },
		"no currency":    func(b *CardBatch) { b.Currency = "euro" },
		"expired":        func(b *CardBatch) { b.Expires = time.Now().Add(-time.Hour) },
		"days":           func(b *CardBatch) { b.ValidDays = -1 },
		"short number":   func(b *CardBatch) { b.NumberDigits = 7 },
		"long number":    func(b *CardBatch) { b.NumberDigits = 17 },
		"short PIN":      func(b *CardBatch) { b.PINDigits = 3 },
		"long PIN":       func(b *CardBatch) { b.PINDigits = 9 },
		"no tariff":      func(b *CardBatch) { b.Tariff = 1 },
		"no enterprise":  func(b *CardBatch) { b.Enterprise = 1 },
		"no enterprise0": func(b *CardBatch) { b.Enterprise = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			b := p.summer()
			spoil(&b)
			_, err := p.issue(t.Context(), p.book, b)
			if code := tollgate.CodeOf(err); code != tollgate.CodeInvalid && code != tollgate.CodeNotFound {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, n := p.worth(); n != 0 {
		t.Errorf("%d cards were made", n)
	}
}

func TestWriteCards(t *testing.T) {
	var out bytes.Buffer
	b := CardBatch{Amount: 5_000_000, Currency: "EUR", Expires: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), ValidDays: 30}
	err := WriteCards(&out, b, []IssuedCard{{Account: 7, Number: "12345678", PIN: "4711"}})
	const want = "number,pin,amount,currency,expires,valid_days,account\n" +
		"12345678,4711,5.000000,EUR,2027-01-01T00:00:00Z,30,7\n"
	if err != nil || out.String() != want {
		t.Errorf("got %s, %v", out.String(), err)
	}
}
