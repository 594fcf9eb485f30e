package tollgate

// ChargeStatus says whether a side of a call has a price.
type ChargeStatus string

// The statuses. None is not free: no tariff applies to this side.
const (
	ChargeNone       ChargeStatus = "none"
	ChargePriced     ChargeStatus = "priced"
	ChargeUnpriced   ChargeStatus = "unpriced" // a tariff applies but has no price for this number
	ChargeUnanswered ChargeStatus = "unanswered"
)

// ChargeSource says where the amount comes from.
type ChargeSource string

// The sources of an amount.
const (
	ChargedByNothing ChargeSource = "none"
	ChargedByTariff  ChargeSource = "tariff"
	ChargedByAOC     ChargeSource = "aoc"
)

// Band is the part of the week a pulse is priced in.
type Band string

// The bands. Without a peak window every pulse is off-peak.
const (
	OffPeak Band = "offpeak"
	Peak    Band = "peak"
)

// Span is a run of pulses at one price.
type Span struct {
	From    int64  `json:"from"`    // seconds after the answer
	Seconds int64  `json:"seconds"` // billed seconds
	Price   string `json:"price"`   // as written in the deck
	Per     int64  `json:"per"`     // seconds the price is for
	Band    Band   `json:"band"`
}

// Adjustment is what changed the plain sum before the one rounding.
type Adjustment string

// The adjustments.
const (
	AdjustedNot     Adjustment = ""
	AdjustedGrace   Adjustment = "grace"   // not longer than the grace time: free
	AdjustedMinimum Adjustment = "minimum" // raised to the smallest charge
	AdjustedMaximum Adjustment = "maximum" // lowered to the largest charge
)

// Charge is the frozen price of one side of a call, with all that is needed to explain it.
type Charge struct {
	Status     ChargeStatus `json:"status"`
	Source     ChargeSource `json:"source"`
	Micro      int64        `json:"micro"` // amount, rounded once
	Currency   Currency     `json:"currency"`
	Seconds    int64        `json:"seconds"`     // of the call, whole after rounding
	Billed     int64        `json:"billed"`      // seconds: always the sum of the spans
	Tariff     ID           `json:"tariff"`      //
	Deck       ID           `json:"deck"`        // the version of the tariff
	Rate       string       `json:"rate"`        // matched prefix, number or class, or "default"
	RateName   string       `json:"rate_name"`   //
	ConnectFee string       `json:"connect_fee"` // as written; empty: none
	First      int64        `json:"first"`       // T1, seconds
	Next       int64        `json:"next"`        // T2, seconds
	Adjusted   Adjustment   `json:"adjusted"`    //
	Limit      string       `json:"limit"`       // what it was adjusted to, as written: grace seconds, or the smallest or largest charge
	Spans      []Span       `json:"spans"`       //
}

// Money returns the amount with its currency.
func (c *Charge) Money() Money { return Money{Micro: c.Micro, Currency: c.Currency} }
