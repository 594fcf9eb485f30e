package tollgate

import "strings"

// Class is what kind of destination a number is; a tariff may price by class.
type Class string

// The classes. ClassUnknown stands for a number that attribution cannot place.
const (
	ClassUnknown       Class = ""
	ClassInternal      Class = "internal"
	ClassLocal         Class = "local"
	ClassDomestic      Class = "domestic"
	ClassInternational Class = "international"
	ClassMobile        Class = "mobile"
	ClassPremium       Class = "premium"
	ClassTollFree      Class = "tollfree"
	ClassEmergency     Class = "emergency"
)

// Classes lists every class that can be written in a file, in the order people read them.
func Classes() []Class {
	return []Class{
		ClassInternal, ClassLocal, ClassDomestic, ClassInternational,
		ClassMobile, ClassPremium, ClassTollFree, ClassEmergency,
	}
}

// Number is a called number, as dialled and in normal form.
type Number struct {
	Raw         string `json:"raw"`         // as the device sent it
	Dialed      string `json:"-"`           // Raw without feature codes and route prefix; not kept with a call
	E164        string `json:"e164"`        // digits without plus; short codes and extensions stay as dialled
	Class       Class  `json:"class"`       //
	Country     string `json:"country"`     // ISO 3166-1 alpha-2, empty when not known
	Destination string `json:"destination"` // the name people read: area, network or country
	Private     bool   `json:"private"`     // a feature code marked the call private
	Project     string `json:"project"`     // account or project code dialled before the number
}

// Masked is the number of a private call as it is shown and handed out: the
// last four characters are X, and all of a shorter one. It is that of E164, or of
// Raw where there is none.
func (n Number) Masked() string {
	const hidden = 4
	digits := []rune(n.E164)
	if len(digits) == 0 {
		digits = []rune(n.Raw)
	}
	return string(digits[:max(len(digits)-hidden, 0)]) + strings.Repeat("X", min(len(digits), hidden))
}

// DefaultPrivateCode marks calls private on devices that have no private codes of their own.
const DefaultPrivateCode = "*7*"

// DialingPlan is how one device writes numbers.
type DialingPlan struct {
	Country             string   `json:"country"`              // ISO 3166-1 alpha-2 of the device, such as DE
	AreaCode            string   `json:"area_code"`            // national area code without trunk prefix, such as 30
	InternationalPrefix string   `json:"international_prefix"` // empty: the country's own (00, 011, …)
	NationalPrefix      string   `json:"national_prefix"`      // trunk prefix; empty: the country's own (0, 1, none)
	RoutePrefixes       []string `json:"route_prefixes"`       // taken off once, the longest that fits: 9, 0
	PrivateCodes        []string `json:"private_codes"`        // dialled first, mark a call private; none: DefaultPrivateCode
	ProjectCode         string   `json:"project_code"`         // dialled first: CODE digits *, such as *9* for *9*4711*0…
	ExtensionDigitsMax  int      `json:"extension_digits_max"` // as many digits, no prefix: an extension; 0: none
	Emergency           []string `json:"emergency"`            // numbers beside the country's own list
}

// Attribution says where the numbers of one prefix are: a line of the user's own table.
type Attribution struct {
	Prefix      string `json:"prefix"` // E.164 digits
	Class       Class  `json:"class"`
	Country     string `json:"country"`
	Destination string `json:"destination"`
	AreaCode    string `json:"area_code"` // for local calls: same area code as the device is local
}
