package api

import (
	"context"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
)

// ExchangeRate says what one unit of a currency is worth in another.
type ExchangeRate struct {
	From      tollgate.Currency `json:"from" maxLength:"12" example:"USD"`
	To        tollgate.Currency `json:"to" maxLength:"12" example:"EUR"`
	Effective *time.Time        `json:"effective,omitempty" doc:"in force from then on, until the next; absent: since ever"`
	Rate      string            `json:"rate" pattern:"^[0-9]{1,9}(\\.[0-9]{1,9})?$" example:"0.92" doc:"units of to for one of from"`
}

func exchangeView(r *store.ExchangeRate) ExchangeRate {
	return ExchangeRate{From: r.From, To: r.To, Effective: optional(r.Effective), Rate: r.Rate}
}

func (s *server) listExchangeRates(ctx context.Context, _ *struct{}) (*reply[list[ExchangeRate]], error) {
	found, err := s.Store.Exchange(ctx, who(ctx).Scope())
	if err != nil {
		return nil, err
	}
	return listOf(found, exchangeView), nil
}

func (s *server) putExchangeRate(ctx context.Context, in *reply[ExchangeRate]) (*done, error) {
	if strings.Trim(in.Body.Rate, "0.") == "" {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "rate: want more than 0")
	}
	r := store.ExchangeRate{From: in.Body.From, To: in.Body.To, Rate: in.Body.Rate}
	if in.Body.Effective != nil {
		r.Effective = in.Body.Effective.UTC()
	}
	return s.change(ctx, "put exchange rate", func(c *store.Change) error { return c.PutExchangeRate(r) })
}
