package charging

import (
	"context"
	"time"

	"tollgate"
)

// errNotLive is what live control answers until it runs.
func errNotLive() error {
	return tollgate.Errorf(tollgate.CodeUnavailable, "live control does not run yet")
}

// Authorize asks whether a call may be placed: see tollgate.Charger.
func (f *Office) Authorize(context.Context, tollgate.Attempt) (tollgate.Grant, error) {
	return tollgate.Grant{}, errNotLive()
}

// Answer says when the called party answered: see tollgate.Charger.
func (f *Office) Answer(context.Context, tollgate.CallID, time.Time) error { return errNotLive() }

// Renew asks for more talk time: see tollgate.Charger.
func (f *Office) Renew(context.Context, tollgate.CallID, time.Duration) (tollgate.Grant, error) {
	return tollgate.Grant{}, errNotLive()
}

// Advise keeps what the network says a call costs: see tollgate.Charger.
func (f *Office) Advise(context.Context, tollgate.CallID, tollgate.AOC) error { return errNotLive() }

// Live lists the calls in progress of an enterprise, 0 for all, oldest first.
func (f *Office) Live(owner tollgate.ID) []tollgate.LiveCall { return nil }

// Alerts returns the alerts raised from now on. A reader that is too slow loses
// some and never holds anybody up. Call cancel when done.
func (f *Office) Alerts() (alerts <-chan tollgate.Alert, cancel func()) {
	return nil, func() {}
}

// Run reloads the calls in progress, returns quotas to zero when their period
// ends, and releases money held for calls that nobody reports, until ctx ends.
func (f *Office) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Decide says what Authorize would answer, and why, and holds nothing.
// CodeInvalid for a question that has no answer, CodeNotFound for an unknown
// device; owner confines it to one enterprise, 0 to none.
func (f *Office) Decide(ctx context.Context, owner tollgate.ID, a tollgate.Attempt) (Decision, error) {
	return Decision{}, errNotLive()
}

// Decision is what would become of a call.
type Decision struct {
	Grant  tollgate.Grant     `json:"grant"`
	Rule   string             `json:"rule"` // the call rule that fits; empty: none
	Payer  tollgate.ID        `json:"payer"`
	PaidBy tollgate.PayerRule `json:"paid_by"`
	Number tollgate.Number    `json:"number"`
	Steps  []string           `json:"steps"` // in words: each rule and why it fits or not, who pays, what it costs
	First  tollgate.Charge    `json:"first"` // the price of the first minute
}
