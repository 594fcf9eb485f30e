package tollgate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MicroPerUnit is how many millionths make one currency unit.
const MicroPerUnit = 1_000_000

// Currency is an ISO 4217 code such as EUR, or a name of the operator's own
// such as CREDIT: 1 to 12 letters and digits, upper case.
type Currency string

// Valid reports whether c may be used as a currency.
func (c Currency) Valid() bool {
	if len(c) < 1 || len(c) > 12 {
		return false
	}
	for _, r := range c {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// Money is an exact amount: millionths of a unit of its currency.
type Money struct {
	Micro    int64    `json:"micro"`
	Currency Currency `json:"currency"`
}

// String prints the amount with exactly six decimals and the currency.
func (m Money) String() string { return FormatMicro(m.Micro) + " " + string(m.Currency) }

// FormatMicro prints millionths as a decimal number with exactly six decimals.
func FormatMicro(micro int64) string { return string(AppendMicro(nil, micro)) }

// AppendMicro appends what FormatMicro prints to dst.
func AppendMicro(dst []byte, micro int64) []byte {
	u := uint64(micro)
	if micro < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = strconv.AppendUint(dst, u/MicroPerUnit, 10)
	fraction := strconv.AppendUint(nil, MicroPerUnit+u%MicroPerUnit, 10)
	fraction[0] = '.'
	return append(dst, fraction...)
}

// ParseMicro reads a decimal number such as "-12.5" as millionths. It refuses
// thousands separators, exponents, more than six decimals and what does not fit.
func ParseMicro(s string) (int64, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if whole == "" || dotted && fraction == "" || len(fraction) > 6 {
		return 0, fmt.Errorf("amount %q: want a decimal number with at most six decimals", s)
	}
	for _, r := range whole + fraction {
		if r < '0' || r > '9' {
			return 0, fmt.Errorf("amount %q: only digits, a minus sign and one decimal point are allowed", s)
		}
	}
	u, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", 6-len(fraction)), 10, 64)
	if err != nil || u > math.MaxInt64 {
		return 0, fmt.Errorf("amount %q: out of range", s)
	}
	if negative {
		return -int64(u), nil
	}
	return int64(u), nil
}
