package api

import (
	"bytes"
	"context"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/store"
	"tollgate/store/card"

	"github.com/danielgtaylor/huma/v2"
)

// Card is a calling card. Its PIN is shown when it is issued and never again.
type Card struct {
	ID          tollgate.ID       `json:"id" example:"48230118400001" doc:"the card's account"`
	Enterprise  tollgate.ID       `json:"enterprise"`
	Batch       tollgate.ID       `json:"batch"`
	BatchName   string            `json:"batch_name" example:"Summer"`
	Number      string            `json:"number" example:"4711081512"`
	Available   amount            `json:"available" doc:"what can still be spent"`
	Currency    tollgate.Currency `json:"currency" example:"EUR"`
	Created     time.Time         `json:"created"`
	FirstUsed   *time.Time        `json:"first_used,omitempty" doc:"absent: never"`
	Expires     *time.Time        `json:"expires,omitempty" doc:"absent: never, or not before its first use"`
	ValidDays   int               `json:"valid_days,omitempty" doc:"of 24 hours from the first use; absent: no limit"`
	LockedUntil *time.Time        `json:"locked_until,omitempty" doc:"after three wrong PINs; absent: it is not"`
	Frozen      bool              `json:"frozen" doc:"blocked: freeze or unfreeze its account"`
}

func (s *server) cardView(c *card.Card) Card {
	v := Card{
		ID: c.Account, Enterprise: c.Enterprise, Batch: c.Batch, BatchName: c.BatchName, Number: c.Number,
		Available: amount{c.Available}, Currency: c.Currency, Created: c.Created,
		FirstUsed: optional(c.FirstUsed), Expires: optional(c.Expires), ValidDays: c.ValidDays, Frozen: c.Frozen,
	}
	if c.LockedUntil.After(s.Now()) {
		v.LockedUntil = &c.LockedUntil
	}
	return v
}

type cardQuery struct {
	Paging
	Batch  id     `query:"batch" doc:"those that were issued together"`
	Number string `query:"number" pattern:"^[0-9]{8,16}$" doc:"the whole number"`
}

func (s *server) listCards(ctx context.Context, q *cardQuery) (*reply[page[Card]], error) {
	f := card.Filter{Batch: q.Batch.ID, Number: q.Number}
	found, err := card.List(ctx, s.Store, who(ctx).Scope(), f, q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, s.cardView), nil
}

// CardBatch is calling cards that were issued together.
type CardBatch struct {
	ID         tollgate.ID       `json:"id" example:"48230118400001"`
	Enterprise tollgate.ID       `json:"enterprise"`
	Name       string            `json:"name" example:"Summer"`
	Count      int               `json:"count"`
	Amount     amount            `json:"amount" doc:"that each card was worth"`
	Currency   tollgate.Currency `json:"currency" example:"EUR"`
	Tariff     tollgate.ID       `json:"tariff,omitzero"`
	By         string            `json:"by,omitempty"`
	Created    time.Time         `json:"created"`
	Issued     *time.Time        `json:"issued,omitempty" doc:"absent: the issue was interrupted; ask for it again"`
}

func cardBatchView(b *card.Batch) CardBatch {
	return CardBatch{
		ID: b.ID, Enterprise: b.Enterprise, Name: b.Name, Count: b.Count, Amount: amount{b.Amount},
		Currency: b.Currency, Tariff: b.Tariff, By: b.By, Created: b.Created, Issued: optional(b.Issued),
	}
}

func (s *server) listCardBatches(ctx context.Context, q *Paging) (*reply[page[CardBatch]], error) {
	found, err := card.Batches(ctx, s.Store, who(ctx).Scope(), q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, cardBatchView), nil
}

// cardBatchForm is a batch of calling cards to be issued.
type cardBatchForm struct {
	Enterprise   tollgate.ID       `json:"enterprise" doc:"whose cards they are"`
	Name         string            `json:"name" minLength:"1" maxLength:"100" example:"Summer" doc:"unique in the enterprise"`
	Count        int               `json:"count" minimum:"1" maximum:"10000"`
	Amount       amount            `json:"amount" doc:"that each card is worth, more than 0"`
	Currency     tollgate.Currency `json:"currency" maxLength:"12" example:"EUR"`
	Tariff       tollgate.ID       `json:"tariff,omitzero" doc:"absent: the enterprise's"`
	ValidDays    int               `json:"valid_days,omitempty" minimum:"0" maximum:"3650" doc:"of 24 hours from the first use; absent: no limit"`
	Expires      *time.Time        `json:"expires,omitempty" doc:"absent: never"`
	NumberDigits int               `json:"number_digits,omitempty" minimum:"8" maximum:"16" default:"10"`
	PINDigits    int               `json:"pin_digits,omitempty" minimum:"4" maximum:"8" default:"6"`
}

// issuedCard is a card as it is handed out.
type issuedCard struct {
	ID     tollgate.ID `json:"id" example:"48230118400001" doc:"the card's account"`
	Number string      `json:"number" example:"4711081512"`
	PIN    string      `json:"pin" example:"908172" doc:"it is not shown again"`
}

type cardIssue struct {
	Accept
	Body cardBatchForm
}

func (s *server) issueCards(ctx context.Context, in *cardIssue) (*huma.StreamResponse, error) {
	f := &in.Body
	b := batch.CardBatch{
		Enterprise: f.Enterprise, Name: f.Name, Count: f.Count, Amount: f.Amount.micro, Currency: f.Currency,
		Tariff: f.Tariff, ValidDays: f.ValidDays, NumberDigits: f.NumberDigits, PINDigits: f.PINDigits,
	}
	if f.Expires != nil {
		b.Expires = *f.Expires
	}
	issued, err := batch.IssueCards(ctx, s.Store, s.Book, s.Access, who(ctx).Actor(), s.Now, b)
	if err != nil {
		return nil, err
	}
	if in.csv() {
		return sendCSV(func(w *bytes.Buffer) error { return batch.WriteCards(w, b, issued) })
	}
	return sendJSON(listOf(issued, func(c *batch.IssuedCard) issuedCard {
		return issuedCard{ID: c.Account, Number: c.Number, PIN: c.PIN}
	}).Body), nil
}

func (s *server) unlockCard(ctx context.Context, in *Named) (*reply[Card], error) {
	scope := who(ctx).Scope()
	_, err := s.change(ctx, "unlock card", func(c *store.Change) error { return card.Unlock(c, scope, in.ID.ID) })
	if err != nil {
		return nil, err
	}
	found, err := card.Get(ctx, s.Store, scope, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &reply[Card]{Body: s.cardView(&found)}, nil
}
