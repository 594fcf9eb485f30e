package api

import (
	"context"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/rating"
	"tollgate/store"
)

// CDR is one finished billable leg.
type CDR struct {
	ID          tollgate.ID        `json:"id" example:"48230118400001"`
	Enterprise  tollgate.ID        `json:"enterprise,omitzero" doc:"who is billed; absent where nobody could be found to pay"`
	Device      tollgate.ID        `json:"device" doc:"the telephone system that reported the call"`
	UniqueID    string             `json:"unique_id" example:"1772625600.17" doc:"the device's own name of the call"`
	Leg         int                `json:"leg"`
	Source      tollgate.Source    `json:"source" enum:"ami,cel,cdr,import,http" doc:"how the call was learned of"`
	Direction   tollgate.Direction `json:"direction" enum:"outbound,inbound,internal"`
	Extension   string             `json:"extension,omitempty" example:"101" doc:"who started the call"`
	Originator  string             `json:"originator,omitempty" doc:"whose line put the call into the public network"`
	Caller      string             `json:"caller,omitempty"`
	Dialed      string             `json:"dialed" example:"0301234567" doc:"as the device sent it; of a private call without the last four digits"`
	Number      string             `json:"number" example:"49301234567" doc:"E.164 digits without plus; short codes as dialled; of a private call without the last four digits"`
	Class       tollgate.Class     `json:"class,omitempty" example:"domestic"`
	Country     string             `json:"country,omitempty" example:"DE"`
	Destination string             `json:"destination,omitempty" example:"Berlin"`
	Private     bool               `json:"private"`
	Project     string             `json:"project,omitempty"`
	Trunk       string             `json:"trunk,omitempty" example:"PJSIP/provider"`
	AccountCode string             `json:"account_code,omitempty"`
	Start       time.Time          `json:"start"`
	Answer      *time.Time         `json:"answer,omitempty" doc:"absent: not answered"`
	End         time.Time          `json:"end"`
	DurationMS  int64              `json:"duration_ms" example:"61240" doc:"answered time in milliseconds"`
	Cause       tollgate.Cause     `json:"cause" example:"16" doc:"Q.850 cause value"`
	Payer       tollgate.ID        `json:"payer,omitzero" doc:"the account that pays; absent: none found"`
	PaidBy      tollgate.PayerRule `json:"paid_by,omitempty" doc:"the rule that found the payer; rule without a payer: a call rule has it rated only"`
	Customer    Charge             `json:"customer" doc:"what the call is sold for"`
	Operator    tollgate.ID        `json:"operator,omitzero" doc:"the carrier; needs the permission read house"`
	Cost        *Charge            `json:"cost,omitempty" doc:"what the carrier takes; needs the permission read house"`
	Exchange    string             `json:"exchange,omitempty" doc:"units of the customer's currency for one of the carrier's"`
	Margin      *amount            `json:"margin,omitempty" doc:"customer less cost, in the customer's currency; absent: unknown"`
}

// Charge is the price of one side of a call.
type Charge struct {
	Status        tollgate.ChargeStatus `json:"status" enum:"priced,unpriced,unanswered,none" doc:"unpriced: the tariff has no price for this number; none: no tariff applies. Neither is free"`
	Source        tollgate.ChargeSource `json:"source" enum:"tariff,aoc,none"`
	Amount        *amount               `json:"amount,omitempty" doc:"absent where there is no price"`
	Currency      tollgate.Currency     `json:"currency,omitempty" example:"EUR"`
	BilledSeconds int64                 `json:"billed_seconds" example:"120"`
	Tariff        tollgate.ID           `json:"tariff,omitzero"`
	Deck          tollgate.ID           `json:"deck,omitzero" doc:"the version of the tariff's rates"`
	Rate          string                `json:"rate,omitempty" example:"4930" doc:"matched prefix, number or class, or default"`
	RateName      string                `json:"rate_name,omitempty"`
	ConnectFee    string                `json:"connect_fee,omitempty"`
	First         int64                 `json:"first_interval,omitempty" doc:"seconds"`
	Next          int64                 `json:"next_interval,omitempty" doc:"seconds"`
	Adjusted      tollgate.Adjustment   `json:"adjusted,omitempty" doc:"grace, minimum or maximum: what changed the plain sum"`
	Spans         []Span                `json:"spans,omitempty" nullable:"false"`
	Explanation   string                `json:"explanation,omitempty" doc:"one sentence that says how the price came about; only where one call is asked for"`
}

// Span is a run of pulses at one price.
type Span struct {
	From    int64         `json:"from" doc:"seconds after the answer"`
	Seconds int64         `json:"seconds" example:"60" doc:"billed seconds"`
	Price   string        `json:"price" example:"0.05" doc:"as written in the deck"`
	Per     int64         `json:"per" example:"60" doc:"seconds the price is for"`
	Band    tollgate.Band `json:"band" enum:"offpeak,peak"`
}

// chargeView shows a charge.
func chargeView(c *tollgate.Charge, explain bool) Charge {
	v := Charge{
		Status: c.Status, Source: c.Source, Currency: c.Currency, BilledSeconds: c.Billed,
		Tariff: c.Tariff, Deck: c.Deck, Rate: c.Rate, RateName: c.RateName,
		ConnectFee: c.ConnectFee, First: c.First, Next: c.Next, Adjusted: c.Adjusted,
	}
	if c.Status == tollgate.ChargePriced || c.Status == tollgate.ChargeUnanswered {
		v.Amount = &amount{c.Micro}
	}
	for _, s := range c.Spans {
		v.Spans = append(v.Spans, Span(s))
	}
	if explain {
		v.Explanation = rating.Explain(c)
	}
	return v
}

// cdrView shows a call: its cost only to the house.
func cdrView(c *tollgate.CDR, house, explain bool) CDR {
	c = c.Discreet()
	v := CDR{
		ID: c.ID, Enterprise: c.Enterprise, Device: c.Call.Device, UniqueID: c.Call.UniqueID,
		Leg: c.Call.Leg, Source: c.Source, Direction: c.Direction, Extension: c.Extension,
		Originator: c.Originator, Caller: c.Caller, Dialed: c.Number.Raw, Number: c.Number.E164,
		Class: c.Number.Class, Country: c.Number.Country, Destination: c.Number.Destination,
		Private: c.Number.Private, Project: c.Number.Project, Trunk: c.Trunk, AccountCode: c.AccountCode,
		Start: c.Start, Answer: optional(c.Answer), End: c.End, DurationMS: c.Duration().Milliseconds(),
		Cause: c.Cause, Payer: c.Payer, PaidBy: c.PaidBy, Customer: chargeView(&c.Customer, explain),
	}
	if !house {
		return v
	}
	cost := chargeView(&c.Cost, explain)
	v.Operator, v.Cost, v.Exchange = c.Operator, &cost, c.Exchange
	if c.Margin != nil {
		v.Margin = &amount{*c.Margin}
	}
	return v
}

// cdrQuery says which calls to list.
type cdrQuery struct {
	Paging
	From      time.Time             `query:"from" doc:"started at or after"`
	To        time.Time             `query:"to" doc:"started before"`
	Account   id                    `query:"account" doc:"the payer"`
	Device    string                `query:"device" maxLength:"64" doc:"name of a device"`
	Operator  id                    `query:"operator" doc:"needs the permission read house"`
	Number    string                `query:"number" pattern:"^[0-9]{1,20}$" doc:"first digits of the called number, E.164 without plus; private calls are found by those that are shown"`
	Extension string                `query:"extension" maxLength:"64" doc:"who started the call or put it into the public network"`
	Trunk     string                `query:"trunk" maxLength:"200"`
	Class     tollgate.Class        `query:"class" enum:"internal,local,domestic,international,mobile,premium,tollfree,emergency"`
	Direction tollgate.Direction    `query:"direction" enum:"outbound,inbound,internal"`
	Status    tollgate.ChargeStatus `query:"status" enum:"priced,unpriced,unanswered,none" doc:"of the customer's charge"`
	Unpaid    string                `query:"unpaid" enum:"true" doc:"those that somebody should pay and nobody was found to, priced or not"`
	Private   string                `query:"private" enum:"true,false"`
	MinAmount amount                `query:"min_amount" doc:"charged at least"`
}

func (s *server) listCDRs(ctx context.Context, q *cdrQuery) (*reply[page[CDR]], error) {
	p := who(ctx)
	house := p.May(access.ReadHouse)
	if q.Operator.ID != 0 && !house {
		return nil, p.Require(access.ReadHouse)
	}
	f := store.CDRFilter{
		From: q.From, To: q.To, Account: q.Account.ID, Operator: q.Operator.ID, Number: q.Number,
		Extension: q.Extension, Trunk: q.Trunk, Class: q.Class, Direction: q.Direction, Status: q.Status,
		MinAmount: q.MinAmount.micro, Unpaid: q.Unpaid != "",
	}
	if q.Private != "" {
		private := q.Private == "true"
		f.Private = &private
	}
	if q.Device != "" {
		d, err := s.device(ctx, store.Everything, q.Device)
		if err != nil {
			return nil, err
		}
		if p.Enterprise != 0 && d.Enterprise != 0 && d.Enterprise != p.Enterprise {
			return nil, noDevice(q.Device)
		}
		f.Device = d.ID
	}
	found, err := s.Store.CDRs(ctx, p.Scope(), f, q.store())
	if err != nil {
		return nil, err
	}
	return pageOf(found, func(c *tollgate.CDR) CDR { return cdrView(c, house, false) }), nil
}

func (s *server) getCDR(ctx context.Context, in *Named) (*reply[CDR], error) {
	p := who(ctx)
	c, err := s.Store.CDR(ctx, p.Scope(), in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &reply[CDR]{Body: cdrView(&c, p.May(access.ReadHouse), true)}, nil
}
