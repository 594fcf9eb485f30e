package rating

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"tollgate"
)

// Explain says in one sentence that a customer understands why a call costs
// what it costs. It needs nothing but the charge.
func Explain(c *tollgate.Charge) string {
	switch {
	case c.Status == tollgate.ChargeUnanswered:
		return "The call was not answered and costs nothing."
	case c.Status == tollgate.ChargeUnpriced:
		return "The tariff has no price for this number, so the call has no price yet."
	case c.Status != tollgate.ChargePriced:
		return "No tariff applies to this side of the call, so it has no price."
	case c.Source == tollgate.ChargedByAOC:
		return fmt.Sprintf("The network advised a charge of %s for the call.", money(c))
	case c.Adjusted == tollgate.AdjustedGrace:
		return fmt.Sprintf("The call of %s%s is free because it is not longer than the grace time of %s s.",
			lasting(c.Seconds), matched(c), c.Limit)
	}
	return "The call of " + lasting(c.Seconds) + matched(c) + " is charged as " + lasting(c.Billed) +
		" (" + intervals(c) + "): " + parts(c) + "."
}

// Step is one line of the calculation behind a charge.
type Step struct {
	Label string // what it is for
	Sum   string // how it is calculated; empty: it is a given amount
	Value string // the seconds, or the exact amount, or its first twelve decimals and "…"
}

// Steps lists the calculation behind a priced charge, from its spans to the
// rounded amount. It needs nothing but the charge.
func Steps(c *tollgate.Charge) []Step {
	if c.Status != tollgate.ChargePriced || c.Source != tollgate.ChargedByTariff {
		return nil
	}
	steps := []Step{{Label: "billed", Sum: pulses(c), Value: fmt.Sprintf("%d s", c.Billed)}}
	for _, s := range c.Spans {
		steps = append(steps, Step{
			Label: fmt.Sprintf("seconds %d to %d, %s", s.From, s.From+s.Seconds, bandName(s.Band)),
			Sum:   fmt.Sprintf("%d s × %s / %d s", s.Seconds, s.Price, s.Per),
			Value: exactly(spanAmount(s)),
		})
	}
	if c.ConnectFee != "" {
		steps = append(steps, Step{Label: "connect fee", Value: exactly(decimalRat(c.ConnectFee))})
	}
	steps = append(steps, Step{Label: "exact sum", Value: exactly(exactSum(c))})
	switch c.Adjusted {
	case tollgate.AdjustedGrace:
		steps = append(steps, Step{Label: "not longer than the grace time of " + c.Limit + " s", Value: "0"})
	case tollgate.AdjustedMinimum:
		steps = append(steps, Step{Label: "at least the minimum charge", Value: exactly(decimalRat(c.Limit))})
	case tollgate.AdjustedMaximum:
		steps = append(steps, Step{Label: "at most the maximum charge", Value: exactly(decimalRat(c.Limit))})
	case tollgate.AdjustedNot:
	}
	return append(steps, Step{Label: "rounded once", Value: c.Money().String()})
}

// pulses says of which intervals the billed seconds are.
func pulses(c *tollgate.Charge) string {
	if c.Next < 1 || c.Billed <= c.First {
		return fmt.Sprintf("%d s", c.Billed)
	}
	text := fmt.Sprintf("%d × %d s", (c.Billed-c.First)/c.Next, c.Next)
	if c.First > 0 {
		text = fmt.Sprintf("%d s + %s", c.First, text)
	}
	return text
}

// parts says which seconds cost what, and what that makes.
func parts(c *tollgate.Charge) string {
	spans := merged(c.Spans)
	bands := slices.ContainsFunc(spans, func(s tollgate.Span) bool { return s.Band == tollgate.Peak })
	if len(spans) == 2 && spans[0].Price == spans[1].Price { // one price at all times
		spans[0].Seconds += spans[1].Seconds
		spans, bands = spans[:1], false
	}
	var list []string
	for _, s := range spans {
		name := "at"
		if bands {
			name = "at the " + bandName(s.Band) + " price of"
		}
		text := lasting(s.Seconds) + " free"
		if !isZero(s.Price) {
			text = lasting(s.Seconds) + " " + name + " " + s.Price + " per " + per(s.Per)
		}
		list = append(list, text)
	}
	if !isZero(c.ConnectFee) {
		list = append(list, "a connect fee of "+c.ConnectFee)
	}
	if len(list) == 0 {
		list = append(list, "no seconds")
	}
	if n := len(list); n > 1 {
		list = []string{strings.Join(list[:n-1], ", ") + " and " + list[n-1]}
	}
	return list[0] + outcome(c)
}

// outcome says the amount, and what made it differ from the plain sum.
func outcome(c *tollgate.Charge) string {
	switch c.Adjusted {
	case tollgate.AdjustedMinimum:
		return ", raised to the minimum charge, makes " + money(c)
	case tollgate.AdjustedMaximum:
		return ", lowered to the maximum charge, makes " + money(c)
	case tollgate.AdjustedNot, tollgate.AdjustedGrace:
	}
	if isRounded(c) {
		return ", rounded, makes " + money(c)
	}
	return " makes " + money(c)
}

// merged adds the spans of equal price and band up, in the order they began:
// a call over several days has few prices but many spans.
func merged(spans []tollgate.Span) []tollgate.Span {
	var out []tollgate.Span
next:
	for _, s := range spans {
		for i := range out {
			if out[i].Band == s.Band && out[i].Price == s.Price && out[i].Per == s.Per {
				out[i].Seconds += s.Seconds
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

// matched names the rate.
func matched(c *tollgate.Charge) string {
	switch {
	case c.Rate == "default":
		return " at the default rate"
	case c.RateName != "":
		return " to " + c.RateName + " (rate " + c.Rate + ")"
	}
	return " at rate " + c.Rate
}

// intervals says how seconds become billed seconds.
func intervals(c *tollgate.Charge) string {
	switch {
	case c.First <= 1 && c.Next == 1:
		return "by the second"
	case c.First == 0 || c.First == c.Next:
		return "in steps of " + lasting(c.Next)
	case c.Next == 1:
		return "at least " + lasting(c.First) + ", then by the second"
	}
	return "at least " + lasting(c.First) + ", then in steps of " + lasting(c.Next)
}

func bandName(b tollgate.Band) string {
	if b == tollgate.Peak {
		return "peak"
	}
	return "off-peak"
}

func per(seconds int64) string {
	switch seconds {
	case 1:
		return "second"
	case 60:
		return "minute"
	case 3600:
		return "hour"
	}
	return lasting(seconds)
}

// lasting writes seconds as people say them.
func lasting(seconds int64) string {
	if seconds < 120 {
		return strconv.FormatInt(seconds, 10) + " s"
	}
	text := strconv.FormatInt(seconds/60, 10) + " min"
	if rest := seconds % 60; rest > 0 {
		text += " " + strconv.FormatInt(rest, 10) + " s"
	}
	return text
}

// money writes the amount without needless zeros.
func money(c *tollgate.Charge) string {
	whole, fraction, _ := strings.Cut(tollgate.FormatMicro(c.Micro), ".")
	fraction = fraction[:2] + strings.TrimRight(fraction[2:], "0")
	return whole + "." + fraction + " " + string(c.Currency)
}

func isZero(amount string) bool { return strings.Trim(amount, "0.") == "" }

// isRounded reports whether the amount is not exactly fee and spans. All spans
// of a charge have the same per.
func isRounded(c *tollgate.Charge) bool {
	per := int64(1)
	if len(c.Spans) > 0 {
		per = c.Spans[0].Per
	}
	var term, factor big.Int
	add := func(total *big.Int, amount string, times int64) {
		d, _ := parsePrice(amount)
		d = d.Trim(0)
		term.SetUint64(d.Coef())
		term.Mul(&term, factor.SetInt64(times))
		total.Add(total, term.Mul(&term, factor.SetUint64(pow10(PriceDecimalsMax-d.Scale()))))
	}
	var exact, amount big.Int
	add(&exact, c.ConnectFee, per)
	for i := range c.Spans {
		add(&exact, c.Spans[i].Price, c.Spans[i].Seconds)
	}
	amount.SetInt64(c.Micro)
	amount.Mul(&amount, factor.SetInt64(per))
	amount.Mul(&amount, factor.SetUint64(pow10(PriceDecimalsMax-microDecimals)))
	return exact.Cmp(&amount) != 0
}

// exactSum is fee and spans, before limits and rounding.
func exactSum(c *tollgate.Charge) *big.Rat {
	total := decimalRat(c.ConnectFee)
	for _, s := range c.Spans {
		total.Add(total, spanAmount(s))
	}
	return total
}

func spanAmount(s tollgate.Span) *big.Rat {
	amount := decimalRat(s.Price)
	return amount.Mul(amount, big.NewRat(s.Seconds, max(s.Per, 1)))
}

// decimalRat reads an amount of a frozen charge; what is none is 0.
func decimalRat(text string) *big.Rat {
	d, err := parsePrice(text)
	if err != nil {
		return new(big.Rat)
	}
	scale := new(big.Int).SetUint64(pow10(d.Scale()))
	return new(big.Rat).SetFrac(new(big.Int).SetUint64(d.Coef()), scale)
}

// exactly writes a fraction in decimals, all of them if they are at most twelve.
func exactly(r *big.Rat) string {
	const decimals = PriceDecimalsMax
	scaled := new(big.Int).Mul(r.Num(), new(big.Int).SetUint64(pow10(decimals)))
	digits, rest := new(big.Int).QuoRem(scaled, r.Denom(), new(big.Int))
	text := fmt.Sprintf("%0*s", decimals+1, digits)
	whole, fraction := text[:len(text)-decimals], text[len(text)-decimals:]
	if rest.Sign() != 0 {
		return whole + "." + fraction + "…"
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
