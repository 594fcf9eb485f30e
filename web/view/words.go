package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tollgate"
)

// DurationText says how long a call was talked, exactly and as it was rounded
// for its price.
func DurationText(c *tollgate.CDR) string {
	if c.Answer.IsZero() {
		return "not answered"
	}
	text := exactSeconds(c.Duration())
	if rounded := roundedText(c.Duration(), c.Customer.Seconds); rounded != "" {
		text = fmt.Sprintf("%s to %d s", rounded, c.Customer.Seconds)
	}
	return Clock(c.Duration()) + " (" + text + ")"
}

// exactSeconds prints a duration in seconds, to the microsecond: 4.008 s.
func exactSeconds(d time.Duration) string {
	return strings.TrimRight(strings.TrimRight(tollgate.FormatMicro(d.Microseconds()), "0"), ".") + " s"
}

// roundedText says that a duration was rounded to seconds, and which way; empty
// where it was not, and where no price was calculated.
func roundedText(d time.Duration, seconds int64) string {
	switch whole := time.Duration(seconds) * time.Second; {
	case seconds == 0:
	case whole > d:
		return exactSeconds(d) + ", rounded up"
	case whole < d:
		return exactSeconds(d) + ", rounded down"
	}
	return ""
}

// CauseText names the causes people ask about, after ITU-T Q.850 §2.2.7.
func CauseText(c tollgate.Cause) string {
	words := map[tollgate.Cause]string{
		1: "unallocated number", 3: "no route", 16: "normal clearing", 17: "busy", 18: "no response",
		19: "no answer", 21: "rejected", 22: "number changed", 26: "answered elsewhere",
		27: "destination out of order", 28: "incomplete number", 31: "normal", 34: "no circuit free",
		38: "network out of order", 41: "temporary failure", 42: "congestion", 44: "channel unavailable",
		50: "not subscribed", 57: "not allowed", 58: "not available now", 102: "timer expired",
		127: "unspecified",
	}
	if text := words[c]; text != "" {
		return fmt.Sprintf("%d, %s", c, text)
	}
	return strconv.Itoa(int(c))
}

// RuleText says which rule found the payer; empty where none did.
func RuleText(rule tollgate.PayerRule) string {
	switch rule {
	case tollgate.PaidByCard:
		return "the calling card"
	case tollgate.PaidByRule:
		return "a call rule of the device"
	case tollgate.PaidByPrivate:
		return "the extension: a private call"
	case tollgate.PaidByBusiness:
		return "the extension, whose business calls the company pays"
	case tollgate.PaidByAccountCode:
		return "the account code of the call"
	case tollgate.PaidByExtension:
		return "the extension"
	case tollgate.PaidByTrunk:
		return "the trunk"
	case tollgate.PaidByDefault:
		return "the device's default account"
	case tollgate.PaidByNobody:
	}
	return ""
}

// AlertText names a kind of alert, and how it looks.
func AlertText(kind tollgate.AlertKind) (text, tone string) {
	switch kind {
	case tollgate.AlertLowCredit:
		return "low credit", "info"
	case tollgate.AlertNoCredit:
		return "no credit", "warn"
	case tollgate.AlertCutFailed:
		return "call not ended", "bad"
	case tollgate.AlertOrphan:
		return "nobody reported", "warn"
	case tollgate.AlertNotPrivate:
		return "not private", "warn"
	case tollgate.AlertDuplicate:
		return "id used twice", "bad"
	}
	return string(kind), ""
}

// RefusalText says in a word why a call was not allowed, and how that looks.
func RefusalText(code tollgate.ErrorCode) (text, tone string) {
	switch code {
	case tollgate.CodeNoCredit:
		return "no credit", "warn"
	case tollgate.CodeFrozen:
		return "frozen", "warn"
	case tollgate.CodeForbidden:
		return "not allowed", "bad"
	case tollgate.CodeConflict:
		return "id in use", "info"
	default:
		return "not understood", "bad"
	}
}

// SourceText says how a call was learned.
func SourceText(source tollgate.Source) string {
	switch source {
	case tollgate.SourceAMI:
		return "channel events"
	case tollgate.SourceCEL:
		return "the event journal, after a gap"
	case tollgate.SourceCDR:
		return "the device's own call records"
	case tollgate.SourceImport:
		return "a file"
	case tollgate.SourceHTTP:
		return "a push of the device"
	}
	return string(source)
}

// PriceText says a price and what it is for.
func PriceText(price string, per int64) string {
	if price == "" {
		return "none"
	}
	return price + " " + PerText(per)
}

// PeakText says when the peak prices of a tariff apply.
func PeakText(t *tollgate.Tariff) string {
	if t.Peak.From == t.Peak.To {
		return "never"
	}
	text := t.Peak.From + "–" + t.Peak.To
	if len(t.Peak.Weekend) > 0 {
		text += ", not " + strings.Join(t.Peak.Weekend, ", ")
	}
	return text
}

// RoundingText says how a tariff rounds an amount.
func RoundingText(t *tollgate.Tariff) string {
	words := map[tollgate.Rounding]string{
		"": "half up", tollgate.RoundHalfUp: "half up", tollgate.RoundHalfEven: "half even",
		tollgate.RoundUp: "up", tollgate.RoundDown: "down",
	}
	return fmt.Sprintf("%d decimals, %s", t.Decimals, words[t.Rounding])
}
