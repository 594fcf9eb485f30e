package batch

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/card"

	"golang.org/x/sync/errgroup"
)

// What a batch of cards may be.
const (
	CardsMax          = 10_000
	cardNameMax       = 100
	cardDaysMax       = 3650
	cardFundsAtOnce   = 512 // that wait for the ledger's commits together
	cardNumberDefault = 10
	cardPINDefault    = 6
)

// CardBatch is a batch of calling cards to be issued.
type CardBatch struct {
	Enterprise   tollgate.ID
	Name         string // unique in the enterprise
	Count        int    // 1 to CardsMax
	Amount       int64  // that each card is worth, micro-units, more than 0
	Currency     tollgate.Currency
	Tariff       tollgate.ID // 0: the enterprise's
	ValidDays    int         // of 24 hours from the first use; 0: no limit
	Expires      time.Time   // zero: never
	NumberDigits int         // 8 to 16; 0: 10
	PINDigits    int         // 4 to 8; 0: 6
}

// IssuedCard is a card as it is handed out. The PIN is nowhere else.
type IssuedCard struct {
	Account tollgate.ID
	Number  string
	PIN     string
}

func (b *CardBatch) check(now time.Time) error {
	refuse := func(format string, args ...any) error {
		return tollgate.Errorf(tollgate.CodeInvalid, "cards: %s", fmt.Sprintf(format, args...))
	}
	if b.NumberDigits == 0 {
		b.NumberDigits = cardNumberDefault
	}
	if b.PINDigits == 0 {
		b.PINDigits = cardPINDefault
	}
	switch {
	case b.Name == "" || len(b.Name) > cardNameMax:
		return refuse("name: want 1 to %d bytes", cardNameMax)
	case b.Count < 1 || b.Count > CardsMax:
		return refuse("count %d: want 1 to %d", b.Count, CardsMax)
	case b.Amount <= 0:
		return refuse("amount %s: want more than 0", tollgate.FormatMicro(b.Amount))
	case !b.Currency.Valid():
		return refuse("currency %q: want 1 to 12 capital letters or digits", b.Currency)
	case b.ValidDays < 0 || b.ValidDays > cardDaysMax:
		return refuse("valid days %d: want at most %d, or 0 for no limit", b.ValidDays, cardDaysMax)
	case !b.Expires.IsZero() && !b.Expires.After(now):
		return refuse("expires: %s has passed", b.Expires.Format(time.RFC3339))
	case b.NumberDigits < access.CardDigitsMin || b.NumberDigits > access.CardDigitsMax:
		return refuse("a number of %d digits: want %d to %d",
			b.NumberDigits, access.CardDigitsMin, access.CardDigitsMax)
	case b.PINDigits < access.PINDigitsMin || b.PINDigits > access.PINDigitsMax:
		return refuse("a PIN of %d digits: want %d to %d", b.PINDigits, access.PINDigitsMin, access.PINDigitsMax)
	}
	return nil
}

// IssueCards makes a batch of cards, each a prepaid account below the
// enterprise, and puts the money on them. An issue that was interrupted is
// finished by asking for it again: its cards stay, no money is put on one
// twice, and the PINs, which nobody has seen, are drawn then. CodeConflict
// where the enterprise has a batch of that name that was issued, or one with
// other terms.
func IssueCards(ctx context.Context, db *store.DB, book *ledger.Book, gate *access.Gate,
	actor store.Actor, now func() time.Time, b CardBatch,
) ([]IssuedCard, error) {
	if err := b.check(now()); err != nil {
		return nil, err
	}
	stored, err := b.begin(ctx, db, gate, actor, now())
	if err != nil {
		return nil, err
	}
	cards, err := card.InBatch(ctx, db, stored.ID)
	if err != nil {
		return nil, err
	}
	issued, pins := make([]IssuedCard, len(cards)), make([]string, len(cards))
	for i := range cards {
		if pins[i], err = gate.Digits(b.PINDigits); err != nil {
			return nil, err
		}
		issued[i] = IssuedCard{Account: cards[i].Account, Number: cards[i].Number, PIN: pins[i]}
	}
	hashes, err := gate.HashPINs(ctx, pins)
	if err != nil {
		return nil, err
	}
	for i := range cards {
		cards[i].PINHash = hashes[i]
	}
	if err := fund(ctx, book, actor, &stored, cards); err != nil {
		return nil, err
	}
	return issued, card.Finish(ctx, db, stored.ID, now(), cards)
}

// begin stores the batch, or finds the one that was interrupted.
func (b *CardBatch) begin(ctx context.Context, db *store.DB, gate *access.Gate, actor store.Actor,
	now time.Time,
) (card.Batch, error) {
	wanted := card.Batch{
		Enterprise: b.Enterprise, Name: b.Name, Count: b.Count, Amount: b.Amount, Currency: b.Currency,
		Tariff: b.Tariff,
	}
	found, err := card.BatchNamed(ctx, db, b.Enterprise, b.Name)
	switch {
	case tollgate.CodeOf(err) == tollgate.CodeNotFound:
		issue := card.Issue{
			Batch: wanted, Expires: b.Expires, ValidDays: b.ValidDays,
			Draw: func() (string, error) { return gate.Digits(b.NumberDigits) },
		}
		issue.By = actor.Name
		err = db.Change(ctx, actor, "issue cards", func(c *store.Change) error { return card.Add(c, now, &issue) })
		return issue.Batch, err
	case err != nil:
		return found, err
	case !found.Issued.IsZero():
		return found, tollgate.Errorf(tollgate.CodeConflict,
			"cards %q were issued on %s: choose another name", b.Name, found.Issued.Format(time.DateOnly))
	}
	wanted.ID, wanted.By, wanted.Created = found.ID, found.By, found.Created
	if found != wanted {
		return found, tollgate.Errorf(tollgate.CodeConflict,
			"the issue of cards %q was interrupted and was for %d of %s %s: ask for the same, or choose another name",
			b.Name, found.Count, tollgate.FormatMicro(found.Amount), found.Currency)
	}
	return found, nil
}

// fund puts the money on cards. The key of each is its account, so that no
// card gets it twice.
func fund(ctx context.Context, book *ledger.Book, actor store.Actor, b *card.Batch, cards []card.Card) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cardFundsAtOnce)
	for i := range cards {
		group.Go(func() error {
			_, err := book.Fund(ctx, actor, cards[i].Account,
				tollgate.Money{Micro: b.Amount, Currency: b.Currency}, "card batch "+b.Name,
				"card "+cards[i].Account.String())
			return err
		})
	}
	return group.Wait()
}

// WriteCards writes issued cards as a sheet for the printer.
func WriteCards(w io.Writer, b CardBatch, cards []IssuedCard) error {
	writer := NewWriter(w, "number", "pin", "amount", "currency", "expires", "valid_days", "account")
	expires := ""
	if !b.Expires.IsZero() {
		expires = b.Expires.UTC().Format(time.RFC3339)
	}
	for _, c := range cards {
		writer.Write(c.Number, c.PIN, tollgate.FormatMicro(b.Amount), string(b.Currency), expires,
			strconv.Itoa(b.ValidDays), c.Account.String())
	}
	return writer.Flush()
}
