package api

import (
	"context"
	"time"

	"tollgate"
	"tollgate/store"
)

// Reservation is money held for a call in progress.
type Reservation struct {
	ID       tollgate.ID `json:"id" example:"48230118400001"`
	Device   tollgate.ID `json:"device"`
	UniqueID string      `json:"unique_id" example:"1772625600.17#1"`
	Amount   amount      `json:"amount" doc:"held on this account and on those of its parents that pay with it"`
	Until    time.Time   `json:"until" doc:"when it is released, unless renewed"`
}

func reservationView(r *store.Reservation) Reservation {
	return Reservation{
		ID: r.ID, Device: r.Call.Device, UniqueID: r.Call.UniqueID, Amount: amount{r.Amount}, Until: r.Until,
	}
}

func (s *server) listReservations(ctx context.Context, q *transferQuery) (*reply[page[Reservation]], error) {
	scope := who(ctx).Scope()
	a, err := s.Store.Account(ctx, scope, q.ID.ID)
	if err != nil {
		return nil, err
	}
	found, err := s.Store.Reservations(ctx, scope, store.ReservationFilter{Account: a.ID}, q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, reservationView), nil
}

// usedForm is a correction of used credit.
type usedForm struct {
	Amount amount `json:"amount" doc:"added to what was used in this period; less than 0: taken from it"`
	Note   string `json:"note,omitempty" maxLength:"500" example:"the fax of 4 March was ours"`
}

type usedRequest struct {
	Named
	Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"200" doc:"names this request, so that sending it again changes nothing"`
	Body usedForm
}

func (s *server) correctUsed(ctx context.Context, in *usedRequest) (*reply[Account], error) {
	p := who(ctx)
	a, err := s.Store.Account(ctx, p.Scope(), in.ID.ID)
	if err != nil {
		return nil, err
	}
	delta := tollgate.Money{Micro: in.Body.Amount.micro, Currency: a.Currency}
	if err := s.Office.CorrectUsed(ctx, p.Actor(), a.ID, delta, in.Body.Note, in.Key); err != nil {
		return nil, err
	}
	return s.getAccount(ctx, &in.Named)
}
