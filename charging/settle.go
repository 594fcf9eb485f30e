package charging

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/rating"
)

// Limits of a record; what lies beyond is quarantined.
const (
	uniqueIDBytesMax = 200
	fieldBytesMax    = 255
	callAgeMax       = 10 * 366 * 24 * time.Hour
	clockAheadMax    = 24 * time.Hour
	callDurationMax  = 31 * 24 * time.Hour
)

// decision is who pays and how, made when the call was authorised. It is kept
// with a record that waits in quarantine.
type decision struct {
	Payer  tollgate.ID        `json:"payer"`
	PaidBy tollgate.PayerRule `json:"paid_by"`
	// Purse and Quota are what Payer came to then: an account may have been given
	// other parents since, and the money was held on these. 0: as it is now.
	Purse  tollgate.ID `json:"purse,omitzero"`
	Quota  tollgate.ID `json:"quota,omitzero"`
	Tariff tollgate.ID `json:"tariff"` // whose prices the money was held by; 0: none was
	// Private says that it was marked so then: a dialplan may take the code off.
	Private bool    `json:"private"`
	Verdict verdict `json:"verdict"`
}

// keptDecision reads what was kept with a record; nil where nothing was.
func keptDecision(r *tollgate.Record) *decision {
	var made decision
	if r.Decided == "" || json.Unmarshal([]byte(r.Decided), &made) != nil {
		return nil
	}
	return &made
}

// keep notes a decision with a record that cannot be settled yet.
func (m *decision) keep(r *tollgate.Record) {
	if text, err := json.Marshal(*m); err == nil {
		r.Decided = string(text)
	}
}

// settle turns one record into what the ledger commits. It has no side
// effects: the same record under the same configuration gives the same
// settlement. made is what was decided when the call was placed, nil if nobody
// asked. It returns what somebody should look at.
func (d *directory) settle(
	r *tollgate.Record, now time.Time, made *decision, s *ledger.Settlement,
) (alert tollgate.AlertKind) {
	s.Record = *r
	q := question{CDR: &s.CDR}
	if s.Reason = d.place(r, now, &q); s.Reason != "" {
		return ""
	}
	v, made, err := d.decided(&q, made)
	if err != nil {
		s.Reason = err.Error()
		return ""
	}
	if v.Rated {
		s.CDR.PaidBy = tollgate.PaidByRule // nobody has to pay, which is not nobody found
	}
	payer := d.accounts[s.CDR.Payer]
	if payer != nil {
		s.CDR.Enterprise = payer.Enterprise
	}
	if s.Reason = d.priceCustomer(payer, v, &s.CDR); s.Reason != "" {
		return q.alert
	}
	if s.Reason = d.priceCost(&s.CDR); s.Reason != "" {
		return q.alert
	}
	d.margin(&s.CDR)
	s.Unlisted = v.Unbilled
	if payer != nil {
		s.Quota, s.Purse = d.purseOf(payer, made)
		s.Reason = d.mixed(s)
	}
	return q.alert
}

// purseOf is who pays: as was decided before the call, where that still can.
func (d *directory) purseOf(payer *tollgate.Account, made *decision) (quota, purse tollgate.ID) {
	if made == nil {
		return d.purse(payer)
	}
	if a := d.accounts[made.Purse]; a == nil || a.Enterprise != payer.Enterprise {
		return d.purse(payer)
	}
	if a := d.accounts[made.Quota]; a != nil && a.Enterprise == payer.Enterprise && a.Mode == tollgate.ModeQuota {
		quota = a.ID
	}
	return quota, made.Purse
}

// decided is what was decided when the call was placed, if a payer was found and
// still exists, else what is decided now: then it returns no decision.
func (d *directory) decided(q *question, made *decision) (verdict, *decision, error) {
	if made == nil || !made.Verdict.Rated && !q.site.serves(d.accounts[made.Payer]) ||
		q.Number.Private && !made.Private && made.PaidBy != tollgate.PaidByCard { // it was asked about as another call
		v, err := d.decide(q)
		return v, nil, err
	}
	q.Payer, q.PaidBy = made.Payer, made.PaidBy
	q.Number.Private = q.Number.Private || made.Private
	v := made.Verdict
	if d.tariffs[made.Tariff] != nil {
		v.Tariff = made.Tariff // though the account may have been given another one since
	}
	return v, made, nil
}

// mixed says that the money of the purse, or of the quota, is not that of the
// price, or "".
func (d *directory) mixed(s *ledger.Settlement) (reason string) {
	c := &s.CDR.Customer
	for _, id := range [...]tollgate.ID{s.Purse, s.Quota} {
		if a := d.accounts[id]; a != nil && c.Micro > 0 && c.Currency != a.Currency {
			return fmt.Sprintf(
				"tariff is in %s but account %q in %s: give the account a tariff in its own currency",
				c.Currency, a.Name, a.Currency)
		}
	}
	return ""
}

// place says what a record is: who, to where, when, over which line. It
// returns why the record cannot be understood, or "".
func (d *directory) place(r *tollgate.Record, now time.Time, q *question) (reason string) {
	c, site := q.CDR, d.sites[r.Call.Device]
	if site != nil {
		c.Enterprise = site.device.Enterprise // which sees what cannot be understood
	}
	if reason = check(r, now); reason != "" {
		return reason
	}
	if site == nil {
		return fmt.Sprintf("device %d is not known: add the device, then replay", r.Call.Device)
	}
	if site.broken != nil {
		return fmt.Sprintf("the dialling plan of device %q cannot be used: %v", site.device.Name, site.broken)
	}
	c.Call, c.Source, c.Direction, c.Cause = r.Call, r.Source, r.Direction, r.Cause
	c.Extension, c.Originator, c.Caller = r.Extension, r.Originator, r.Caller
	c.Trunk, c.AccountCode = r.Trunk, r.AccountCode
	c.Start, c.Answer, c.End = micros(r.Start), micros(r.Answer), micros(r.End)
	c.Number = site.numberOf(r)
	if c.Number.E164 == "" && c.Direction == tollgate.Outbound {
		return fmt.Sprintf("%q is no telephone number: give the device the feature code it begins with",
			r.Dialed)
	}
	c.Number.Private = c.Number.Private || r.Private
	if c.AccountCode == "" {
		c.AccountCode = c.Number.Project
	}
	c.Operator = site.trunk(r.Trunk).Operator
	q.site = site
	return ""
}

// micros brings an instant to what the store keeps.
func micros(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

// check refuses records that contradict themselves.
func check(r *tollgate.Record, now time.Time) (reason string) {
	switch {
	case r.Call.UniqueID == "" || len(r.Call.UniqueID) > uniqueIDBytesMax:
		return fmt.Sprintf("unique_id must have 1 to %d bytes", uniqueIDBytesMax)
	case r.Call.Leg < 0:
		return "leg must not be negative"
	case r.Direction != tollgate.Outbound && r.Direction != tollgate.Inbound && r.Direction != tollgate.Internal:
		return fmt.Sprintf("direction %q: want outbound, inbound or internal", r.Direction)
	case r.Cause < 0 || r.Cause > 127:
		return fmt.Sprintf("cause %d: want a Q.850 value of 0 to 127", r.Cause)
	case r.Start.IsZero() || r.End.IsZero():
		return "start and end are needed"
	case r.End.Before(r.Start):
		return "the call ends before it starts"
	case !r.Answer.IsZero() && (r.Answer.Before(r.Start) || r.End.Before(r.Answer)):
		return "the answer lies outside start and end"
	case r.Start.Before(now.Add(-callAgeMax)) || r.End.After(now.Add(clockAheadMax)):
		return "the call lies more than ten years back or a day ahead: is the device's clock right?"
	case r.Duration() > callDurationMax:
		return "the call is longer than 31 days"
	case r.Dialed == "" && r.Direction == tollgate.Outbound:
		return "the dialled number is missing"
	}
	for _, field := range [...]string{r.Extension, r.Originator, r.Caller, r.Dialed, r.Trunk, r.AccountCode} {
		if len(field) > fieldBytesMax {
			return fmt.Sprintf("a field has more than %d bytes", fieldBytesMax)
		}
	}
	return ""
}

// purse says which account's money pays and which quota is used: the payer
// itself, or the nearest parent that has money of its own.
func (d *directory) purse(payer *tollgate.Account) (quota, purse tollgate.ID) {
	for a := range d.upward(payer) {
		if a.Mode == tollgate.ModeQuota && quota == 0 {
			quota = a.ID
		}
		if a.Mode != tollgate.ModeParent && (a.Mode != tollgate.ModeQuota || a.Parent == 0) {
			return quota, a.ID
		}
	}
	return quota, 0
}

// priceCustomer prices what the call is sold for.
func (d *directory) priceCustomer(payer *tollgate.Account, v verdict, c *tollgate.CDR) (reason string) {
	tariff := cmp.Or(v.Tariff, d.customerTariff(payer, c.Enterprise))
	if c.Direction == tollgate.Inbound || tariff == 0 || v.Unbilled {
		noCharge(&c.Customer)
		return ""
	}
	return d.price(tariff, asked(c), &c.Customer)
}

// priceCost prices what the call costs us.
func (d *directory) priceCost(c *tollgate.CDR) (reason string) {
	operator, ok := d.operators[c.Operator]
	if c.Direction != tollgate.Outbound || !ok || operator.Tariff == 0 {
		noCharge(&c.Cost)
		return ""
	}
	return d.price(operator.Tariff, asked(c), &c.Cost)
}

// noCharge marks a side that no tariff applies to. That is not the same as free.
func noCharge(c *tollgate.Charge) {
	*c = tollgate.Charge{
		Status: tollgate.ChargeNone, Source: tollgate.ChargedByNothing, Spans: c.Spans[:0],
	}
}

// asked is a call as rating is asked about it.
func asked(c *tollgate.CDR) rating.Call {
	return rating.Call{
		Number: c.Number.E164, Class: c.Number.Class, Answer: c.Answer, Duration: c.Duration(),
	}
}

// price applies one tariff to one call.
func (d *directory) price(id tollgate.ID, c rating.Call, out *tollgate.Charge) (reason string) {
	t := d.tariffs[id]
	if t == nil {
		return fmt.Sprintf("tariff %d does not exist", id)
	}
	if t.broken != nil {
		return fmt.Sprintf("tariff %q cannot be used: %v", t.words.Name, t.broken)
	}
	if c.Class == tollgate.ClassEmergency {
		freeEmergency(t, c, out)
		return ""
	}
	if c.Class == tollgate.ClassInternal {
		c.Number = "" // an extension is no E.164 number: no prefix may match it
	}
	if err := t.compiled.Price(c, out); err != nil {
		return fmt.Sprintf("tariff %q: %v", t.words.Name, err)
	}
	if c.Class == tollgate.ClassInternal && out.Rate != string(tollgate.ClassInternal) {
		noCharge(out) // a default price is for calls that leave the house
	}
	return ""
}

// freeEmergency prices an emergency call at nothing, whatever the decks say:
// its short number would match the prefix of some country.
func freeEmergency(t *tariff, c rating.Call, out *tollgate.Charge) {
	*out = tollgate.Charge{
		Status: tollgate.ChargePriced, Source: tollgate.ChargedByNothing, Currency: t.words.Currency,
		Tariff: t.words.ID, Rate: string(tollgate.ClassEmergency), Spans: out.Spans[:0],
	}
	if c.Answer.IsZero() {
		out.Status = tollgate.ChargeUnanswered
	}
}
