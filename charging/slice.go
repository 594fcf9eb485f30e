package charging

import (
	"time"

	"tollgate"
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
	probe  tollgate.CDR
	charge tollgate.Charge
	spans  [4]tollgate.Span
}

func (d *directory) meter(tariff tollgate.ID, number tollgate.Number, answer time.Time) *meter {
	m := &meter{d: d, tariff: tariff}
	m.probe.Direction, m.probe.Number = tollgate.Outbound, number
	m.probe.Answer = answer
	m.charge.Spans = m.spans[:0]
	return m
}

// cost is the price of so much talk in micro-units; a reason says why there is
// none.
func (m *meter) cost(talk time.Duration) (micro int64, reason string) {
	m.probe.End = m.probe.Answer.Add(talk)
	if reason := m.d.price(m.tariff, &m.probe, &m.charge); reason != "" {
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

// affordable is the longest talk, in whole seconds up to most, that costs no
// more than micro; less than 0 if there is none. A price never falls as a call
// goes on.
func (m *meter) affordable(micro int64, most time.Duration) time.Duration {
	fits := func(seconds int64) bool {
		cost, reason := m.cost(time.Duration(seconds) * time.Second)
		return reason == "" && cost <= micro
	}
	if !fits(1) {
		return -1
	}
	low, high := int64(1), int64(most/time.Second) // low fits, nothing beyond high is wanted
	for low < high {
		if middle := low + (high-low+1)/2; fits(middle) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return time.Duration(low) * time.Second
}
