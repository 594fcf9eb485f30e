package numbering

import (
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/nyaruka/phonenumbers"
)

const (
	// placeDigits is how many digits decide the place of a number.
	placeDigits = 9
	// placesKept is how many answers are kept: about 1 MB when all are in use.
	placesKept = 1 << 14
)

// places names the areas of geographic numbers. Looking one up takes
// microseconds, so the last answers are kept, each in the one cell that its
// digits allow. It is safe for concurrent use; the first lookup loads the names.
type places struct {
	kept [placesKept]atomic.Pointer[namedPlace]
}

type namedPlace struct {
	digits uint64
	name   string
}

// name returns the area of an E.164 number, or its country's name.
func (p *places) name(c *country, national string) string {
	digits := c.code.digits + national
	digits = digits[:min(len(digits), placeDigits)]
	key, err := strconv.ParseUint("1"+digits, 10, 64) // the 1 keeps leading zeros and the length
	if err != nil {
		return c.name
	}
	cell := &p.kept[hash(key)%placesKept]
	if known := cell.Load(); known != nil && known.digits == key {
		return known.name
	}
	found := &namedPlace{digits: key, name: c.name}
	number := c.dialable(digits[len(c.code.digits):])
	if name, err := phonenumbers.GetGeocodingForNumber(number, "en"); err == nil && name != "" {
		found.name = name
	}
	cell.Store(found)
	return found.name
}

// dialable makes the library's form of a number.
func (c *country) dialable(national string) *phonenumbers.PhoneNumber {
	code, value := c.plan.GetCountryCode(), uint64(0)
	value, _ = strconv.ParseUint(national, 10, 64)
	n := &phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &value}
	if zeros := int32(len(national) - len(strings.TrimLeft(national, "0"))); zeros > 0 {
		leading := true
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = &leading, &zeros
	}
	return n
}

// hash spreads keys that differ in their last digits only.
func hash(key uint64) uint64 {
	return key * 0x9E3779B97F4A7C15 >> 40
}
