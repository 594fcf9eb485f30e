package tollgate

import "time"

// Rounding is how an amount becomes a number of decimals, once per charge.
type Rounding string

// The roundings. RoundHalfUp sends ties away from zero.
const (
	RoundHalfUp   Rounding = "half_up"
	RoundHalfEven Rounding = "half_even"
	RoundUp       Rounding = "up"
	RoundDown     Rounding = "down"
)

// DurationRounding is how a duration becomes whole seconds, once, before anything else.
type DurationRounding string

// The duration roundings.
const (
	DurationUp      DurationRounding = "up"
	DurationNearest DurationRounding = "nearest"
	DurationDown    DurationRounding = "down"
)

// Rate is one row of a deck. It is keyed by exactly one of Prefix, Number and
// Class; the tariff's defaults are a Rate without a key. An empty field
// inherits, 0 means free. Prices and fees stay as they were written.
type Rate struct {
	Prefix     string `json:"prefix,omitzero"` // E.164 digits
	Number     string `json:"number,omitzero"` // exactly this number
	Class      Class  `json:"class,omitzero"`
	Name       string `json:"name,omitzero"`
	Price      string `json:"price,omitzero"`      // for Per seconds; off-peak where there is a peak
	PricePeak  string `json:"price_peak,omitzero"` //
	ConnectFee string `json:"connect_fee,omitzero"`
	Per        string `json:"per,omitzero"`            // seconds the price is for
	First      string `json:"first_interval,omitzero"` // T1, seconds, may be 0
	Next       string `json:"next_interval,omitzero"`  // T2, seconds, at least 1
	Line       int    `json:"-"`                       // where it was read, for messages; 0: unknown
}

// Key returns how the rate is named in a CDR: its prefix, number or class, or "default".
func (r *Rate) Key() string {
	switch {
	case r.Number != "":
		return r.Number
	case r.Prefix != "":
		return r.Prefix
	case r.Class != "":
		return string(r.Class)
	}
	return "default"
}

// PeakWindow is when the peak price applies, in the tariff's zone. From and To
// are HH:MM; To before From wraps midnight; equal or empty is never peak.
type PeakWindow struct {
	From     string   `json:"from"`
	To       string   `json:"to"`
	Weekend  []string `json:"weekend"`  // english names of the days that are off-peak throughout
	Holidays []string `json:"holidays"` // MM-DD, YYYY-MM-DD, easter_monday, good_friday, or a calendar: de, de-by
}

// Tariff is a rate group or billing table without its decks.
type Tariff struct {
	ID               ID               `json:"id"`
	Enterprise       ID               `json:"enterprise"` // owner; 0: the house
	Name             string           `json:"name"`
	Description      string           `json:"description"`
	Currency         Currency         `json:"currency"`
	Timezone         string           `json:"timezone"`          // IANA name
	Per              int64            `json:"per"`               // seconds, at least 1
	Decimals         int              `json:"decimals"`          // 0 to 6
	Rounding         Rounding         `json:"rounding"`          //
	DurationRounding DurationRounding `json:"duration_rounding"` //
	Grace            int64            `json:"grace"`             // seconds; 0: none
	MinCharge        string           `json:"min_charge"`        // empty: none
	MaxCharge        string           `json:"max_charge"`        // empty: none
	Default          Rate             `json:"default"`           //
	Peak             PeakWindow       `json:"peak"`              //
	DefaultCustomer  bool             `json:"default_customer"`  // prices customers that have no tariff of their own
	Revision         int64            `json:"revision"`          // raised when it or a deck of it changes
}

// Deck is the rates of a tariff in force from an instant until the next deck's.
type Deck struct {
	ID        ID        `json:"id"`
	Tariff    ID        `json:"tariff"`
	Effective time.Time `json:"effective"` // zero: since ever
	Rates     []Rate    `json:"rates,omitzero"`
}
