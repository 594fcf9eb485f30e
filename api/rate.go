package api

import (
	"bytes"
	"context"
	"io"
	"slices"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/store"

	"github.com/danielgtaylor/huma/v2"
)

// Rate is one row of a deck. Prices stay as they are written. An empty field
// inherits from the tariff's default; 0 means free.
type Rate struct {
	Prefix     string         `json:"prefix,omitempty" maxLength:"20" example:"4930" doc:"E.164 digits; exactly one of prefix, number and class"`
	Number     string         `json:"number,omitempty" maxLength:"20" doc:"exactly this number"`
	Class      tollgate.Class `json:"class,omitempty" maxLength:"20" doc:"internal, local, domestic, international, mobile, premium or tollfree"`
	Name       string         `json:"name,omitempty" maxLength:"200" example:"Berlin"`
	Price      string         `json:"price,omitempty" maxLength:"32" example:"0.05" doc:"off-peak where there is a peak"`
	PricePeak  string         `json:"price_peak,omitempty" maxLength:"32"`
	Per        string         `json:"per,omitempty" maxLength:"10" doc:"seconds the price is for"`
	ConnectFee string         `json:"connect_fee,omitempty" maxLength:"32"`
	First      string         `json:"first_interval,omitempty" maxLength:"10" doc:"seconds of the first pulse"`
	Next       string         `json:"next_interval,omitempty" maxLength:"10" doc:"seconds of each further pulse"`
}

func rateView(r *tollgate.Rate) Rate {
	return Rate{
		Prefix: r.Prefix, Number: r.Number, Class: r.Class, Name: r.Name, Price: r.Price,
		PricePeak: r.PricePeak, Per: r.Per, ConnectFee: r.ConnectFee, First: r.First, Next: r.Next,
	}
}

func (r *Rate) rate() tollgate.Rate {
	return tollgate.Rate{
		Prefix: r.Prefix, Number: r.Number, Class: r.Class, Name: r.Name, Price: r.Price,
		PricePeak: r.PricePeak, Per: r.Per, ConnectFee: r.ConnectFee, First: r.First, Next: r.Next,
	}
}

// Deck is the rates of a tariff in force from an instant until the next deck's.
type Deck struct {
	ID        tollgate.ID `json:"id" example:"48230118400001"`
	Effective *time.Time  `json:"effective,omitempty" doc:"absent: since ever"`
	Rates     int         `json:"rates" example:"9310" doc:"how many"`
}

func (s *server) listDecks(ctx context.Context, in *Named) (*reply[list[Deck]], error) {
	if _, err := s.tariff(ctx, in.ID.ID); err != nil {
		return nil, err
	}
	found, counts, err := s.Store.DeckList(ctx, who(ctx).Scope(), in.ID.ID)
	if err != nil {
		return nil, err
	}
	out := &reply[list[Deck]]{Body: list[Deck]{Items: make([]Deck, len(found))}}
	for i, d := range found {
		out.Body.Items[i] = Deck{ID: d.ID, Effective: optional(d.Effective), Rates: counts[i]}
	}
	return out, nil
}

type deckUpload struct {
	Named
	Upload
	Effective time.Time `query:"effective" doc:"in force from then on; absent: since ever"`
}

func (s *server) putDeck(ctx context.Context, in *deckUpload) (*reply[Preview], error) {
	t, err := s.tariff(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	content, err := sheetOf(&in.Upload, batch.RatesMax, func(w io.Writer) (func(*Rate), func() error) {
		write, flush := batch.RateWriter(w)
		var rate tollgate.Rate
		return func(r *Rate) { rate = r.rate(); write(&rate) }, flush
	})
	if err != nil {
		return nil, err
	}
	rates, rejects, err := batch.ReadRates(content)
	if err != nil {
		return nil, asInvalid(err)
	}
	if len(rejects) > 0 {
		return nil, in.refuse(rejects)
	}
	preview, err := batch.PutDeck(ctx, s.Store, who(ctx).Actor(), t, in.Effective, rates, in.DryRun)
	if err != nil {
		return nil, err
	}
	return &reply[Preview]{Body: previewView(preview)}, nil
}

// DeckNamed is a path that names a deck of a tariff.
type DeckNamed struct {
	Named
	Deck id `path:"deck"`
}

// deck finds a deck of a tariff of the principal's scope.
func (s *server) deck(ctx context.Context, in *DeckNamed) error {
	found, _, err := s.Store.DeckList(ctx, who(ctx).Scope(), in.ID.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(found, func(d tollgate.Deck) bool { return d.ID == in.Deck.ID }) {
		return tollgate.Errorf(tollgate.CodeNotFound, "tariff %d has no deck %d", in.ID.ID, in.Deck.ID)
	}
	return nil
}

func (s *server) deleteDeck(ctx context.Context, in *DeckNamed) (*done, error) {
	if err := s.deck(ctx, in); err != nil {
		return nil, err
	}
	return s.change(ctx, "delete deck", func(c *store.Change) error { return c.DeleteDeck(in.Deck.ID) })
}

type rateQuery struct {
	DeckNamed
	Paging
	Accept
	Digits string `query:"digits" pattern:"^[0-9]{1,20}$" doc:"with which prefix or number begin"`
}

func (s *server) listRates(ctx context.Context, q *rateQuery) (*huma.StreamResponse, error) {
	if err := s.deck(ctx, &q.DeckNamed); err != nil {
		return nil, err
	}
	scope := who(ctx).Scope()
	if !q.csv() {
		found, err := s.Store.Rates(ctx, scope, q.Deck.ID, q.Digits, q.store())
		if err != nil {
			return nil, err
		}
		return sendJSON(pageOf(found, rateView).Body), nil
	}
	var rates []tollgate.Rate
	for p := (store.Paging{Rows: store.PageRowsMax}); ; {
		found, err := s.Store.Rates(ctx, scope, q.Deck.ID, q.Digits, p)
		if err != nil {
			return nil, err
		}
		rates = append(rates, found.Items...)
		if p.After = found.Next; p.After == "" {
			break
		}
	}
	return sendCSV(func(w *bytes.Buffer) error { return batch.WriteRates(w, rates) })
}
