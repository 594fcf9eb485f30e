package rating

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // a price must not depend on the zone files of a machine

	"tollgate"
)

// Tariff is a compiled tariff with its decks. It never changes and is safe for
// concurrent use.
type Tariff struct {
	id       tollgate.ID
	currency tollgate.Currency
	decimals int
	rounding tollgate.Rounding
	duration tollgate.DurationRounding
	grace    int64
	location *time.Location
	window   *window // nil: every pulse is off-peak
	decks    []*deck // by effective instant; the first is in force since ever
}

// Compile checks a tariff and its decks and makes them ready to price. Where a
// tariff leaves them empty, the zone is UTC, amounts round half_up, durations
// up, and calls are charged by the second. What is wrong is a *tollgate.Error
// with CodeInvalid around the *Fault that names line and column, or the key.
func Compile(t tollgate.Tariff, decks []tollgate.Deck) (*Tariff, error) {
	compiled, err := compile(&t, decks)
	if err != nil {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "tariff %q: %w", t.Name, err)
	}
	return compiled, nil
}

// Currency is what amounts are in.
func (t *Tariff) Currency() tollgate.Currency { return t.currency }

// Location is the zone that bands and holidays are told in.
func (t *Tariff) Location() *time.Location { return t.location }

func compile(t *tollgate.Tariff, decks []tollgate.Deck) (*Tariff, error) {
	if f := checkTariff(t); f != nil {
		return nil, f
	}
	location, err := time.LoadLocation(t.Timezone)
	if err != nil || t.Timezone == "Local" { // a price must not depend on where a machine stands
		return nil, &Fault{
			Key: "timezone", Value: t.Timezone, Reason: "unknown zone: want an IANA name such as Europe/Berlin",
		}
	}
	window, err := compileWindow(location, t.Peak)
	if err != nil {
		return nil, err
	}
	compiled := &Tariff{
		id: t.ID, currency: t.Currency, decimals: t.Decimals, grace: t.Grace,
		location: location, window: window,
		rounding: cmp.Or(t.Rounding, tollgate.RoundHalfUp),
		duration: cmp.Or(t.DurationRounding, tollgate.DurationUp),
	}
	sorted := make([]*tollgate.Deck, 0, len(decks)+1)
	for i := range decks {
		sorted = append(sorted, &decks[i])
	}
	slices.SortStableFunc(sorted, func(a, b *tollgate.Deck) int { return a.Effective.Compare(b.Effective) })
	if len(sorted) == 0 || !sorted[0].Effective.IsZero() {
		sorted = slices.Insert(sorted, 0, &tollgate.Deck{}) // before the first deck the defaults apply
	}
	for i, source := range sorted {
		if i > 0 && source.Effective.Equal(sorted[i-1].Effective) {
			return nil, fmt.Errorf("decks %d and %d are both in force from %s: delete one of them",
				sorted[i-1].ID, source.ID, source.Effective.UTC().Format(time.RFC3339))
		}
		d, err := compileDeck(t, source)
		if err != nil {
			return nil, err
		}
		compiled.decks = append(compiled.decks, d)
	}
	return compiled, nil
}

// checkTariff finds what is wrong outside the decks and the peak window.
func checkTariff(t *tollgate.Tariff) *Fault {
	bad := func(key string, value any, format string, args ...any) *Fault {
		return &Fault{Key: key, Value: fmt.Sprint(value), Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case !t.Currency.Valid():
		return bad("currency", t.Currency, "want 1 to 12 letters and digits, upper case, such as EUR")
	case t.Per < 1 || t.Per > SecondsMax:
		return bad("per", t.Per, "want whole seconds, 1 to %d", SecondsMax)
	case t.Decimals < 0 || t.Decimals > microDecimals:
		return bad("decimals", t.Decimals, "want 0 to %d", microDecimals)
	case t.Grace < 0 || t.Grace > SecondsMax:
		return bad("grace", t.Grace, "want whole seconds, 0 to %d", SecondsMax)
	}
	switch t.Rounding {
	case "", tollgate.RoundHalfUp, tollgate.RoundHalfEven, tollgate.RoundUp, tollgate.RoundDown:
	default:
		return bad("rounding", t.Rounding, "want half_up, half_even, up or down")
	}
	switch t.DurationRounding {
	case "", tollgate.DurationUp, tollgate.DurationNearest, tollgate.DurationDown:
	default:
		return bad("duration_rounding", t.DurationRounding, "want up, nearest or down")
	}
	if t.Default.Per != "" {
		return bad("default.per", t.Default.Per, "the default rate has the per of the tariff")
	}
	if key := t.Default.Key(); key != "default" {
		return bad("default", key, "the default rate has no prefix, number or class")
	}
	unkeyed := t.Default
	unkeyed.Prefix = "0" // CheckRate wants a key
	if f := CheckRate(&unkeyed); f != nil {
		return bad("default."+f.Key, f.Value, "%s", f.Reason)
	}
	return checkLimits(t, bad)
}

// checkLimits checks the smallest and the largest charge.
func checkLimits(t *tollgate.Tariff, bad func(string, any, string, ...any) *Fault) *Fault {
	least, err := parsePrice(t.MinCharge)
	if err != nil {
		return bad("min_charge", t.MinCharge, "%s", err)
	}
	most, err := parsePrice(t.MaxCharge)
	if err != nil {
		return bad("max_charge", t.MaxCharge, "%s", err)
	}
	if t.MaxCharge != "" && most.Cmp(least) < 0 {
		return bad("max_charge", t.MaxCharge, "is less than min_charge %s", t.MinCharge)
	}
	return nil
}
