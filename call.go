package tollgate

import (
	"fmt"
	"time"
)

// CallID names one leg of one call for ever: the device, the device's own
// unique id and the leg below it. It is the key against double charging.
type CallID struct {
	Device   ID     `json:"device"`
	UniqueID string `json:"unique_id"`
	Leg      int    `json:"leg"`
}

// String prints the CallID for logs.
func (c CallID) String() string { return fmt.Sprintf("%d/%s/%d", c.Device, c.UniqueID, c.Leg) }

// Cause is a Q.850 cause value, 0 to 127; 16 is normal clearing (ITU-T Q.850 §2.2.5).
type Cause int

// Direction is which way a leg went as seen from the device.
type Direction string

// The directions. Only outbound legs are charged by a tariff's prefixes.
const (
	Outbound Direction = "outbound"
	Inbound  Direction = "inbound"
	Internal Direction = "internal"
)

// Source says how a record was learned.
type Source string

// The sources of a record.
const (
	SourceAMI    Source = "ami"    // channel events of an Asterisk
	SourceCEL    Source = "cel"    // its event journal, read after a gap
	SourceCDR    Source = "cdr"    // its call detail records, where a site has nothing better
	SourceImport Source = "import" // a file
	SourceHTTP   Source = "http"   // pushed by a device
)

// Record is one finished leg as a connector reports it, before anything is resolved.
type Record struct {
	Call        CallID    `json:"call"`
	Source      Source    `json:"source"`
	Direction   Direction `json:"direction"`
	Extension   string    `json:"extension"`    // who started the call
	Originator  string    `json:"originator"`   // whose line put it into the public network
	Caller      string    `json:"caller"`       // calling number as shown
	Dialed      string    `json:"dialed"`       // called number as dialled; of ami, cel, cdr as sent on the trunk
	Trunk       string    `json:"trunk"`        // line into the public network
	AccountCode string    `json:"account_code"` //
	Private     bool      `json:"private"`      //
	Start       time.Time `json:"start"`        //
	Answer      time.Time `json:"answer"`       // zero: not answered
	End         time.Time `json:"end"`          //
	Cause       Cause     `json:"cause"`        //
	// Attempt is the unique id under which the call was authorised; empty: under
	// that of Call, or never.
	Attempt string `json:"attempt,omitzero"`
	Decided string `json:"decided,omitzero"` // who pays, as was decided when it was authorised: for a replay
	Raw     string `json:"raw,omitzero"`     // as received, kept if the record must be quarantined
}

// Duration is the answered time, 0 for a leg that was not answered.
func (r *Record) Duration() time.Duration {
	if r.Answer.IsZero() {
		return 0
	}
	return r.End.Sub(r.Answer)
}

// Outcome says what became of a record.
type Outcome string

// The outcomes. A duplicate changed nothing; a quarantined record waits for a fix.
const (
	OutcomeStored      Outcome = "stored"
	OutcomeDuplicate   Outcome = "duplicate"
	OutcomeQuarantined Outcome = "quarantined"
)

// Result answers one Record, in the same place of the batch.
type Result struct {
	Call    CallID  `json:"call"`
	Outcome Outcome `json:"outcome"`
	CDR     ID      `json:"cdr"`    // 0 when quarantined
	Reason  string  `json:"reason"` // why quarantined
}

// CDR is one finished billable leg with what it costs on both sides.
type CDR struct {
	Enterprise  ID        `json:"enterprise"` // 0: nobody could be found to pay
	ID          ID        `json:"id"`
	Call        CallID    `json:"call"`
	Source      Source    `json:"source"`
	Direction   Direction `json:"direction"`
	Extension   string    `json:"extension"`
	Originator  string    `json:"originator"`
	Caller      string    `json:"caller"`
	Number      Number    `json:"number"`
	Trunk       string    `json:"trunk"`
	AccountCode string    `json:"account_code"`
	Start       time.Time `json:"start"`
	Answer      time.Time `json:"answer"`
	End         time.Time `json:"end"`
	Cause       Cause     `json:"cause"`
	Payer       ID        `json:"payer"`    // account; 0: none found
	PaidBy      PayerRule `json:"paid_by"`  // which rule found the payer
	Purse       ID        `json:"purse"`    // account whose money it is: the payer, or above it; 0: nobody's
	Operator    ID        `json:"operator"` // 0: none found
	Customer    Charge    `json:"customer"`
	Cost        Charge    `json:"cost"`            // the operator side
	Exchange    string    `json:"exchange"`        // customer units for one operator unit; empty: unknown
	Margin      *int64    `json:"margin,omitzero"` // micro-units in the customer's currency; nil: unknown
}

// Discreet is the call as it is shown and handed out: of a private one, nobody
// sees the whole number, nor a rate that is for this number alone. It is c itself
// where nothing is private.
func (c *CDR) Discreet() *CDR {
	if !c.Number.Private {
		return c
	}
	shown, number := *c, c.Number
	for _, rate := range []*string{&shown.Customer.Rate, &shown.Cost.Rate} {
		if *rate == number.E164 {
			*rate = number.Masked()
		}
	}
	shown.Number.Raw = Number{Raw: number.Raw}.Masked()
	shown.Number.E164 = Number{E164: number.E164}.Masked()
	return &shown
}

// Duration is the answered time, 0 for a leg that was not answered.
func (c *CDR) Duration() time.Duration {
	if c.Answer.IsZero() {
		return 0
	}
	return c.End.Sub(c.Answer)
}

// Unpaid reports whether somebody should pay for the call and nobody was found.
// Nobody has to pay for what was not answered, came in, stayed inside, called for
// help, or is rated only by a call rule, which is PaidByRule without a payer.
func (c *CDR) Unpaid() bool {
	return c.Payer == 0 && c.PaidBy != PaidByRule && c.Direction == Outbound && !c.Answer.IsZero() &&
		c.Number.Class != ClassInternal && c.Number.Class != ClassEmergency
}

// Uncharged reports whether the call has a price that no account was charged,
// whether or not somebody should pay.
func (c *CDR) Uncharged() bool {
	return c.Customer.Status == ChargePriced && c.Customer.Micro > 0 && c.Purse == 0
}

// Earned is the margin that sums count: a price that nobody was charged earned
// nothing, so that what is left of the call is its cost. Nil: unknown.
func (c *CDR) Earned() *int64 {
	if c.Margin == nil || !c.Uncharged() {
		return c.Margin
	}
	earned := *c.Margin - c.Customer.Micro
	return &earned
}

// PayerRule names the rule that found who pays; they are tried in this order.
type PayerRule string

// The payer rules, in order.
const (
	PaidByAccountCode PayerRule = "account_code"
	PaidByExtension   PayerRule = "extension"
	PaidByTrunk       PayerRule = "trunk"
	PaidByDefault     PayerRule = "default"
	PaidByNobody      PayerRule = ""
	// A card, or the account of a call rule, comes before all others; the user's own
	// for a private call, and the enterprise for a business call, before the extension.
	PaidByCard     PayerRule = "card"
	PaidByRule     PayerRule = "rule"
	PaidByPrivate  PayerRule = "private"
	PaidByBusiness PayerRule = "business"
)
