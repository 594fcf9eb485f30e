package rating

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tollgate"
	"tollgate/numbering"

	"github.com/govalues/decimal"
)

// The limits of a tariff. They keep every sum far below 128 bits: a call of
// 366 days at the highest price is 3·10²⁵ of its smallest parts.
const (
	PriceDigitsMax   = 18        // of a price, before and after the point together
	PriceDecimalsMax = 12        // of a price, after the point
	SecondsMax       = 1_000_000 // of per, first_interval, next_interval and grace
)

// Fault is what is wrong with one place of a tariff or a deck.
type Fault struct {
	Line   int    // of the rates file; 0: not known, or the place is in the tariff
	Key    string // column of the rates file, or key of the tariff such as default.price
	Value  string // as written
	Reason string // and what to do
}

// Error prints the Fault: line 7, prefix "+49": write digits only.
func (f *Fault) Error() string {
	place := fmt.Sprintf("%s %.40q: %s", f.Key, f.Value, f.Reason)
	if f.Line > 0 {
		return fmt.Sprintf("line %d, %s", f.Line, place)
	}
	return place
}

// CheckRate finds what is wrong with one rate by itself, nil if nothing is. It
// does not see whether another rate has the same key: Duplicates does.
func CheckRate(r *tollgate.Rate) *Fault {
	if f := checkKey(r); f != nil {
		return f
	}
	for _, field := range [...]struct{ key, value string }{
		{"price", r.Price}, {"price_peak", r.PricePeak}, {"connect_fee", r.ConnectFee},
	} {
		if _, err := parsePrice(field.value); err != nil {
			return &Fault{Line: r.Line, Key: field.key, Value: field.value, Reason: err.Error()}
		}
	}
	for _, field := range [...]struct {
		key, value string
		least      uint32
	}{
		{"per", r.Per, 1}, {"first_interval", r.First, 0}, {"next_interval", r.Next, 1},
	} {
		if _, err := parseSeconds(field.value, field.least); err != nil {
			return &Fault{Line: r.Line, Key: field.key, Value: field.value, Reason: err.Error()}
		}
	}
	return nil
}

func checkKey(r *tollgate.Rate) *Fault {
	keys := 0
	for _, key := range [...]string{r.Prefix, r.Number, string(r.Class)} {
		if key != "" {
			keys++
		}
	}
	fault := func(key, value, format string, args ...any) *Fault {
		return &Fault{Line: r.Line, Key: key, Value: value, Reason: fmt.Sprintf(format, args...)}
	}
	const digits = "write digits only, country code first, at most %d"
	switch {
	case keys == 0:
		return fault("prefix", "", "one of prefix, number and class must be given")
	case keys > 1:
		return fault("prefix", r.Prefix, "only one of prefix, number and class can be given")
	case r.Prefix != "" && !isNumber(r.Prefix):
		return fault("prefix", r.Prefix, digits, numbering.PrefixDigitsMax)
	case r.Number != "" && !isNumber(r.Number):
		return fault("number", r.Number, digits, numbering.PrefixDigitsMax)
	case r.Class != "" && !slices.Contains(tollgate.Classes(), r.Class):
		return fault("class", string(r.Class), "unknown; there are %v", tollgate.Classes())
	}
	return nil
}

func isNumber(s string) bool { return len(s) <= numbering.PrefixDigitsMax && isDigits(s) }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// duplicatesMax is how many duplicates are named: millions would take more memory than
// the rates themselves.
const duplicatesMax = 10_000

// Duplicates finds the rates whose key another rate of the deck has already, the first
// 10,000 of them.
func Duplicates(rates []tollgate.Rate) []*Fault {
	seen := make(map[string]int, len(rates)) // prefixes and classes, which are never digits
	numbers := make(map[string]int)          // fixed numbers may equal prefixes
	var faults []*Fault
	for i := range rates {
		if len(faults) == duplicatesMax {
			break
		}
		r := &rates[i]
		keys, name := seen, "prefix"
		if r.Number != "" {
			keys, name = numbers, "number"
		} else if r.Prefix == "" {
			name = "class"
		}
		first, twice := keys[r.Key()]
		if !twice {
			keys[r.Key()] = i
			continue
		}
		where := fmt.Sprintf("rate %d", first+1)
		if rates[first].Line > 0 {
			where = fmt.Sprintf("line %d", rates[first].Line)
		}
		faults = append(faults, &Fault{
			Line: r.Line, Key: name, Value: r.Key(), Reason: "is in " + where + " already; remove one of them",
		})
	}
	return faults
}

// parsePrice reads an amount that is not negative. Empty is 0: whether empty
// means anything else is for the caller.
func parsePrice(text string) (decimal.Decimal, error) {
	if text == "" {
		return decimal.Zero, nil
	}
	whole, fraction, dotted := strings.Cut(text, ".")
	if !isDigits(whole) || dotted && !isDigits(fraction) {
		return decimal.Zero, errors.New("want an amount such as 0.05: digits, at most one decimal point, no sign")
	}
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(fraction) > PriceDecimalsMax || len(whole)+len(fraction) > PriceDigitsMax {
		return decimal.Zero, fmt.Errorf("too long: at most %d digits, %d of them decimals",
			PriceDigitsMax, PriceDecimalsMax)
	}
	return decimal.Parse("0" + whole + "." + fraction + "0")
}

// parseSeconds reads an interval. Empty is 0, as in parsePrice.
func parseSeconds(text string, least uint32) (uint32, error) {
	if text == "" {
		return 0, nil
	}
	v, err := strconv.ParseUint(text, 10, 32)
	if err != nil || v < uint64(least) || v > SecondsMax {
		return 0, fmt.Errorf("want whole seconds, %d to %d", least, SecondsMax)
	}
	return uint32(v), nil
}
