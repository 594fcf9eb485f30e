package api

import (
	"bytes"
	"context"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"

	"github.com/danielgtaylor/huma/v2"
)

// PriceForm asks what a call would cost.
type PriceForm struct {
	Number   string      `json:"number" minLength:"1" maxLength:"64" example:"0301234567" doc:"as the device would dial it; without a device E.164"`
	Device   string      `json:"device,omitempty" maxLength:"64" example:"hq" doc:"name of the device that would place the call"`
	Trunk    string      `json:"trunk,omitempty" maxLength:"200" example:"PJSIP/provider" doc:"the line it would take, for its cost"`
	Account  tollgate.ID `json:"account,omitzero" example:"48230118400001" doc:"who would pay"`
	Tariff   tollgate.ID `json:"tariff,omitzero" doc:"instead of the account's"`
	Answer   *time.Time  `json:"answer,omitempty" doc:"when it would be answered; absent: now"`
	Duration seconds     `json:"duration" doc:"answered seconds"`
}

// seconds is a duration, as a number or as text: people write both.
type seconds struct{ amount }

// UnmarshalJSON reads the digits as they are written, so that a number is as
// exact as text.
func (s *seconds) UnmarshalJSON(text []byte) error { return s.UnmarshalText(bytes.Trim(text, `"`)) }

// Schema describes a duration.
func (seconds) Schema(r huma.Registry) *huma.Schema {
	least := 0.0
	return &huma.Schema{
		AnyOf:    []*huma.Schema{{Type: huma.TypeNumber, Minimum: &least}, amount{}.Schema(r)},
		Examples: []any{90},
	}
}

// Price is what the call would cost on both sides.
type Price struct {
	Number      string         `json:"number" example:"49301234567" doc:"E.164 digits without plus"`
	Class       tollgate.Class `json:"class,omitempty" example:"domestic"`
	Country     string         `json:"country,omitempty" example:"DE"`
	Destination string         `json:"destination,omitempty" example:"Berlin"`
	Customer    Charge         `json:"customer"`
	Cost        *Charge        `json:"cost,omitempty" doc:"needs the permission read house"`
}

func (s *server) price(ctx context.Context, in *reply[PriceForm]) (*reply[Price], error) {
	p, f := who(ctx), &in.Body
	q := charging.Query{
		Trunk: f.Trunk, Account: f.Account, Tariff: f.Tariff, Number: f.Number, Answer: s.Now(),
	}
	if f.Duration.micro > int64(durationMax/time.Microsecond) {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "duration: at most %s", durationMax)
	}
	q.Duration = time.Duration(f.Duration.micro) * time.Microsecond
	if f.Answer != nil {
		q.Answer = *f.Answer
	}
	if f.Device != "" {
		d, err := s.device(ctx, p.Scope(), f.Device)
		if err != nil {
			return nil, err
		}
		q.Device = d.ID
	}
	quote, err := s.Office.Simulate(ctx, p.Enterprise, q)
	if err != nil {
		return nil, err
	}
	out := Price{
		Number: quote.Number.E164, Class: quote.Number.Class, Country: quote.Number.Country,
		Destination: quote.Number.Destination, Customer: chargeView(&quote.Customer, true),
	}
	if p.May(access.ReadHouse) {
		cost := chargeView(&quote.Cost, true)
		out.Cost = &cost
	}
	return &reply[Price]{Body: out}, nil
}

// durationMax keeps a duration within what can be counted; what a call may
// last is the office's to say.
const durationMax = 366 * 24 * time.Hour
