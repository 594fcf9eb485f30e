package rating

import (
	"math"
	"math/bits"
	"strconv"
	"time"

	"tollgate"
)

// DurationMax is the longest call that can be priced.
const DurationMax = 366 * 24 * time.Hour

const microDecimals = 6 // decimals of a micro-unit

// Call is what the price depends on beside the tariff.
type Call struct {
	Number   string         // E.164 digits, or a short code
	Class    tollgate.Class // prices by class
	Answer   time.Time      // zero: not answered
	Duration time.Duration  // answered time, 0 to DurationMax
}

// Price writes the price of a call to out, reusing the memory of out.Spans: it
// allocates nothing once that is large enough. The strings of out are those of
// the tariff and parts of c.Number. It fails, with CodeInvalid, if the amount
// does not fit, if the call is shorter than 0 or longer than DurationMax, and
// if it was answered outside 1970 to 2199; out is unpriced then.
func (t *Tariff) Price(c Call, out *tollgate.Charge) error {
	*out = tollgate.Charge{
		Status: tollgate.ChargeUnanswered, Source: tollgate.ChargedByNothing,
		Currency: t.currency, Tariff: t.id, Spans: out.Spans[:0],
	}
	if c.Answer.IsZero() {
		return nil
	}
	out.Status = tollgate.ChargeUnpriced
	answer := c.Answer.Unix() // bands begin at whole seconds: a fraction never decides
	if answer < firstInstant || answer >= endInstant {
		return tollgate.Errorf(tollgate.CodeInvalid, "answered at %s: want 1970 to 2199",
			c.Answer.UTC().Format(time.RFC3339))
	}
	if c.Duration < 0 || c.Duration > DurationMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "duration %s: want 0 to %s", c.Duration, DurationMax)
	}
	d := t.deckAt(c.Answer)
	r, key := d.find(c)
	terms := &d.terms[r.terms]
	out.Deck, out.Rate, out.RateName = d.id, key, d.names[r.name]
	out.Seconds = t.wholeSeconds(c.Duration)
	out.First, out.Next = int64(terms.first), int64(terms.next)
	if terms.off == none && terms.peak == none {
		return nil
	}
	if t.grace > 0 && out.Seconds <= t.grace {
		out.Status, out.Source = tollgate.ChargePriced, tollgate.ChargedByTariff
		out.Adjusted, out.Limit = tollgate.AdjustedGrace, strconv.FormatInt(t.grace, 10)
		return nil
	}
	return t.charge(d, terms, answer, out)
}

// deckAt chooses the deck in force.
func (t *Tariff) deckAt(answer time.Time) *deck {
	i := len(t.decks) - 1
	for i > 0 && answer.Before(t.decks[i].effective) {
		i--
	}
	return t.decks[i]
}

// wholeSeconds rounds a duration; half a second is nearest to the next.
func (t *Tariff) wholeSeconds(d time.Duration) int64 {
	whole, rest := int64(d/time.Second), d%time.Second
	if t.duration == tollgate.DurationUp && rest > 0 ||
		t.duration == tollgate.DurationNearest && rest >= time.Second/2 {
		whole++
	}
	return whole
}

// charge sums fee and pulses exactly, holds the sum between its limits, and
// rounds it.
func (t *Tariff) charge(d *deck, terms *terms, answer int64, out *tollgate.Charge) error {
	var total sum // in units of 10^-scale, times per
	total.add(d.amounts[terms.fee].scaled, uint64(terms.per))
	for at := int64(0); ; {
		pulses, next, band := t.pulses(terms, answer, at, out.Seconds)
		if pulses == 0 {
			break
		}
		price := terms.off
		if band == tollgate.Peak {
			price = terms.peak
		}
		if price == none {
			out.Spans, out.Billed = out.Spans[:0], 0
			return nil // no price for a part is no price for the call
		}
		total.add(d.amounts[price].scaled, uint64(next-at))
		out.Spans = appendSpan(out.Spans, tollgate.Span{
			From: at, Seconds: next - at, Price: d.amounts[price].text, Per: int64(terms.per), Band: band,
		})
		out.Billed, at = next, next
	}
	total = t.limit(d, terms, total, out)
	micro, ok := total.round(uint64(terms.per)*pow10(d.scale-t.decimals), t.rounding)
	high, micro := bits.Mul64(micro, pow10(microDecimals-t.decimals))
	if !ok || high > 0 || micro > math.MaxInt64 {
		out.Spans, out.Billed, out.Adjusted, out.Limit = out.Spans[:0], 0, tollgate.AdjustedNot, ""
		return tollgate.Errorf(tollgate.CodeInvalid, "%d s at rate %s: the amount is too large", out.Seconds, out.Rate)
	}
	out.Status, out.Source = tollgate.ChargePriced, tollgate.ChargedByTariff
	out.Micro, out.ConnectFee = int64(micro), d.amounts[terms.fee].text
	return nil
}

// pulses counts the charged pulses that begin at second at or later and are in
// one band for certain; next is the second at which the last of them ends.
func (t *Tariff) pulses(terms *terms, answer, at, duration int64) (count, next int64, b tollgate.Band) {
	first := at == 0 && terms.first > 0
	if !first && at >= duration {
		return 0, at, tollgate.OffPeak
	}
	band, until := t.window.band(answer + at)
	if first {
		return 1, int64(terms.first), band
	}
	step := int64(terms.next)
	end := min(duration, until-answer) // pulses of this run begin before it
	count = (end - at + step - 1) / step
	return count, at + count*step, band
}

// appendSpan adds a span, or lengthens the last one if nothing else differs.
func appendSpan(spans []tollgate.Span, s tollgate.Span) []tollgate.Span {
	if n := len(spans); n > 0 {
		if last := &spans[n-1]; last.Band == s.Band && last.Price == s.Price {
			last.Seconds += s.Seconds
			return spans
		}
	}
	return append(spans, s)
}

// limit raises the total to the smallest charge or lowers it to the largest.
func (t *Tariff) limit(d *deck, terms *terms, total sum, out *tollgate.Charge) sum {
	if d.min != none {
		var least sum
		if least.add(d.amounts[d.min].scaled, uint64(terms.per)); total.less(least) {
			out.Adjusted, out.Limit = tollgate.AdjustedMinimum, d.amounts[d.min].text
			return least
		}
	}
	if d.max != none {
		var most sum
		if most.add(d.amounts[d.max].scaled, uint64(terms.per)); most.less(total) {
			out.Adjusted, out.Limit = tollgate.AdjustedMaximum, d.amounts[d.max].text
			return most
		}
	}
	return total
}
