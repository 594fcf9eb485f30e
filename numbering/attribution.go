package numbering

import (
	"slices"
	"strings"

	"tollgate"
)

// attributionTextMax is the most bytes a destination's name may have.
const attributionTextMax = 200

// Attributions says where numbers are and of which class: the user's own table
// before the numbering plans of the world. It never changes, is safe for
// concurrent use, and is meant to be shared by the plans of all devices.
type Attributions struct {
	world *world
	rows  []tollgate.Attribution
	index *Index // of the prefixes of rows
}

// NewAttributions builds the table; rows may be nil. It refuses, with
// CodeInvalid and the row counted from 1, what CheckAttribution refuses and a
// prefix that is there twice.
func NewAttributions(rows []tollgate.Attribution) (*Attributions, error) {
	prefixes := make([]string, len(rows))
	for i := range rows {
		if err := CheckAttribution(&rows[i]); err != nil {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "attribution %d: %w", i+1, err)
		}
		prefixes[i] = rows[i].Prefix
	}
	index, err := NewIndex(prefixes)
	if err != nil {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "attributions: %w", err)
	}
	w, err := newWorld()
	if err != nil {
		return nil, tollgate.Errorf(tollgate.CodeInternal, "attributions: %w", err)
	}
	return &Attributions{world: w, rows: slices.Clone(rows), index: index}, nil
}

// CheckAttribution says what is wrong with one row on its own, as a CodeInvalid
// error that begins with the name of the field.
func CheckAttribution(row *tollgate.Attribution) error {
	refuse := func(format string, args ...any) error {
		return tollgate.Errorf(tollgate.CodeInvalid, format, args...)
	}
	switch {
	case !allDigits(row.Prefix) || len(row.Prefix) < 1 || len(row.Prefix) > PrefixDigitsMax:
		return refuse("prefix %.40q: want 1 to %d digits", row.Prefix, PrefixDigitsMax)
	case row.Class != tollgate.ClassUnknown && !slices.Contains(tollgate.Classes(), row.Class):
		return refuse("class %.40q: want one of %v, or nothing", row.Class, tollgate.Classes())
	case row.Country != "" && !isCountryCode(row.Country):
		return refuse("country %.40q: want two capital letters, such as DE, or nothing", row.Country)
	case len(row.Destination) > attributionTextMax:
		return refuse("destination %.40q…: at most %d bytes", row.Destination, attributionTextMax)
	case !allDigits(row.AreaCode) || len(row.AreaCode) > PrefixDigitsMax:
		return refuse("area_code %.40q: want up to %d digits", row.AreaCode, PrefixDigitsMax)
	}
	return nil
}

// row returns the user's row for a number; nil if there is none.
func (a *Attributions) row(digits string) *tollgate.Attribution {
	at, _, ok := a.index.Longest(digits)
	if !ok {
		return nil
	}
	return &a.rows[at]
}

func isCountryCode(s string) bool {
	return len(s) == 2 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// allDigits reports whether s holds nothing but 0 to 9.
func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}
