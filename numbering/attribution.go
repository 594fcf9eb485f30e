package numbering

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
// CodeInvalid and the row counted from 1, what CheckAttribution finds and a
// prefix that is there twice.
func NewAttributions(rows []tollgate.Attribution) (*Attributions, error) {
	prefixes := make([]string, len(rows))
	for i := range rows {
		if field, reason := CheckAttribution(&rows[i]); field != "" {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "attribution %d, prefix %.40q: %s %s",
				i+1, rows[i].Prefix, field, reason)
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

// CheckAttribution says which field of a row is wrong and how it should be, both
// empty if the row is right.
func CheckAttribution(row *tollgate.Attribution) (field, reason string) {
	switch {
	case !allDigits(row.Prefix) || len(row.Prefix) < 1 || len(row.Prefix) > PrefixDigitsMax:
		return "prefix", fmt.Sprintf("must be 1 to %d digits", PrefixDigitsMax)
	case row.Class != tollgate.ClassUnknown && !slices.Contains(tollgate.Classes(), row.Class):
		return "class", fmt.Sprintf("must be empty or one of %v", tollgate.Classes())
	case row.Country != "" && !isCountryCode(row.Country):
		return "country", "must be empty or two capital letters, such as DE"
	case len(row.Destination) > attributionTextMax || !utf8.ValidString(row.Destination):
		return "destination", fmt.Sprintf("must be at most %d bytes of UTF-8", attributionTextMax)
	case !allDigits(row.AreaCode) || len(row.AreaCode) > PrefixDigitsMax:
		return "area_code", fmt.Sprintf("must be empty or up to %d digits", PrefixDigitsMax)
	}
	return "", ""
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
