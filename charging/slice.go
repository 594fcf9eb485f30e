package charging

import (
	"math/bits"
	"time"

	"tollgate"
	"tollgate/rating"
)

// How talk time is handed out. While money is plentiful slices grow, so that a
// long call costs few commits; near the end they shrink, so that calls that
// share an account share what is left of it.
const (
	sliceMin   = 10 * time.Second
	sliceMax   = 5 * time.Minute
	sliceParts = 8 // of what the money would last for, one slice takes this part
	leadMin    = 2 * time.Second
	leadMax    = 15 * time.Second
	// ringMax is for how long a call rings: proxies then give up (RFC 3261, timer C).
	ringMax = 3 * time.Minute
	// affordsMax is how far ahead is looked for what the money would last for.
	affordsMax = 24 * time.Hour
	// flatSpan is how long a call must cost the same for to be without end.
	flatSpan = 7 * 24 * time.Hour
)

// nextSlice is how much talk time to ask for, given the slice before and for
// how long the money would last.
func nextSlice(before, lasts time.Duration) time.Duration {
	return max(sliceMin, min(2*before, lasts/sliceParts, sliceMax).Truncate(time.Second))
}

// renewAt is when to ask again, before the talk time held ends.
func renewAt(held, slice time.Duration) time.Duration {
	return held - max(leadMin, min(slice/2, leadMax).Truncate(time.Second))
}

// lastAskAt is when to ask again although the money has ended: somebody may
// have recharged, or another call may have left something.
func lastAskAt(held, used time.Duration) time.Duration {
	if held-used > 2*leadMin {
		return held - leadMin
	}
	return held
}

// meter says what a call costs after so much talk.
type meter struct {
	d      *directory
	tariff tollgate.ID
	call   rating.Call
	charge tollgate.Charge
	spans  [3]tollgate.Span // enough for a day of one peak window
	far    reading          // at the end of what was searched last: it is the same each time
}

func (d *directory) meter(tariff tollgate.ID, number tollgate.Number, answer time.Time) *meter {
	m := &meter{
		d: d, tariff: tariff, call: rating.Call{Number: number.E164, Class: number.Class, Answer: answer},
	}
	m.charge.Spans = m.spans[:0]
	return m
}

// meterOf is the meter of a call. One that rings is answered nobody knows when: it
// is priced as if it were answered now, or when it has rung out if that is dearer,
// because a deck or the peak may begin before.
func (d *directory) meterOf(c *keptCall, now time.Time) *meter {
	if !c.Answered.IsZero() {
		return d.meter(c.Tariff, c.Number, c.Answered)
	}
	m, late := d.meter(c.Tariff, c.Number, now), d.meter(c.Tariff, c.Number, now.Add(ringMax))
	if dear, reason := late.cost(sliceMin); reason == "" {
		if cost, reason := m.cost(sliceMin); reason == "" && dear > cost {
			return late
		}
	}
	return m
}

// cost is the price of so much talk in micro-units; a reason says why there is
// none.
func (m *meter) cost(talk time.Duration) (micro int64, reason string) {
	m.call.Duration = talk
	if reason := m.d.price(m.tariff, m.call, &m.charge); reason != "" {
		return 0, reason
	}
	switch m.charge.Status {
	case tollgate.ChargeUnpriced:
		return 0, "the tariff has no price for this number"
	case tollgate.ChargeNone: // it asks for a line outside all the same
		return 0, "the number is as short as an extension, and the tariff has no rate of class internal"
	default:
		return m.charge.Micro, ""
	}
}

// endless reports whether a call of any length costs no more than what is held for
// it. What would cost more after less than a day does so after a week.
func (m *meter) endless(c *keptCall) bool {
	if 0 < c.Granted && c.Granted < affordsMax {
		return false
	}
	flat, reason := m.cost(flatSpan)
	return reason == "" && flat <= c.Held
}

// affordable is the longest talk, in whole seconds up to most, that costs no
// more than micro; less than 0 if there is none. A price never falls as a call
// goes on.
func (m *meter) affordable(micro int64, most time.Duration) time.Duration {
	if end := max(1, int64(most/time.Second)); m.far.seconds != end {
		m.far = m.reads(end)
	}
	high := m.far
	if high.fits(micro) {
		return time.Duration(high.seconds) * time.Second
	}
	low := m.reads(1)
	if !low.fits(micro) {
		return -1
	}
	for tries := 1; low.until+1 < high.seconds; tries++ { // low fits, high does not
		next := low.until + (high.seconds-low.until)/2
		if high.priced && tries%halvedEach != 0 {
			next = between(low, high, micro)
		}
		if r := m.reads(next); r.fits(micro) {
			low = r
		} else {
			high = r
		}
	}
	return time.Duration(low.until) * time.Second
}

// halvedEach is how often the search for what is affordable does not believe that
// a call costs the same all the time. It is over after three or four prices where
// it does, and after three times as many as by halves alone in the worst case.
const halvedEach = 3

// reading is what a meter shows after so many seconds.
type reading struct {
	seconds int64
	until   int64 // the end of the pulse: so long it shows the same
	micro   int64
	priced  bool
}

func (m *meter) reads(seconds int64) reading {
	micro, reason := m.cost(time.Duration(seconds) * time.Second)
	return reading{seconds: seconds, until: max(seconds, m.charge.Billed), micro: micro, priced: reason == ""}
}

func (r reading) fits(micro int64) bool { return r.priced && r.micro <= micro }

// between is when a meter that shows low and later high would show so much, if it
// ran evenly. It is after the end of low's pulse and before high.
func between(low, high reading, micro int64) int64 {
	whole, part := uint64(high.micro-low.micro), uint64(micro-low.micro)
	above, below := bits.Mul64(part, uint64(high.seconds-low.until))
	share, _ := bits.Div64(above, below, whole) // part is less than whole
	return low.until + max(1, int64(share))
}
