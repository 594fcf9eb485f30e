package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tollgate"
)

// Amount is money as people read it: at least two decimals, and what is below a
// hundredth apart, so that a page can show it smaller. Nothing is rounded away.
type Amount struct {
	Minus    bool
	Whole    string // with separators and two decimals: 1,234.56
	Rest     string // the other four decimals without trailing zeros
	Currency tollgate.Currency
}

// NewAmount takes an amount apart.
func NewAmount(m tollgate.Money) *Amount {
	digits, minus := strings.CutPrefix(tollgate.FormatMicro(m.Micro), "-")
	units, fraction, _ := strings.Cut(digits, ".")
	return &Amount{
		Minus: minus, Whole: thousands(units) + "." + fraction[:2],
		Rest: strings.TrimRight(fraction[2:], "0"), Currency: m.Currency,
	}
}

// String prints the amount for places that hold only text.
func (a *Amount) String() string {
	sign := ""
	if a.Minus {
		sign = "−"
	}
	return sign + a.Whole + a.Rest + " " + string(a.Currency)
}

// thousands puts a comma between every three of the digits.
func thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Plain prints the amount as people type it: -12.50.
func (a *Amount) Plain() string {
	sign := ""
	if a.Minus {
		sign = "-"
	}
	return sign + strings.ReplaceAll(a.Whole, ",", "") + a.Rest
}

// Count prints a number with separators: 1,284.
func Count(n int64) string { return thousands(strconv.FormatInt(n, 10)) }

// Clock prints a duration as m:ss or h:mm:ss, in whole seconds cut off as a
// telephone shows them.
func Clock(d time.Duration) string {
	s := int64(d / time.Second)
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// Minutes prints seconds as minutes with one decimal, cut off.
func Minutes(seconds int64) string {
	return Count(seconds/60) + "." + strconv.FormatInt(seconds%60/6, 10)
}

// MinuteLayout is a date and time to the minute.
const MinuteLayout = "2006-01-02 15:04"

// Instant prints a time in a zone; a zero time is a dash.
func Instant(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(zone).Format(time.DateTime)
}

// ShortInstant prints a time for lists: without the year while it is this one.
func ShortInstant(t, now time.Time, zone *time.Location) string {
	if t.IsZero() || t.In(zone).Year() != now.In(zone).Year() {
		return Instant(t, zone)
	}
	return t.In(zone).Format("2 Jan 15:04:05")
}

// ZoneName is a zone's name for a form; empty where no other machine would know
// it, as of the machine's own zone.
func ZoneName(zone *time.Location) string {
	if _, err := time.LoadLocation(zone.String()); err != nil || zone.String() == "Local" {
		return ""
	}
	return zone.String()
}

// ZoneText says which zone times are shown in and what that is now.
func ZoneText(zone *time.Location, now time.Time) string {
	abbreviation, offset := now.In(zone).Zone()
	if abbreviation == "UTC" {
		return "in UTC"
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '−', -offset
	}
	name := zone.String()
	text := fmt.Sprintf("UTC%c%d", sign, offset/3600)
	if rest := offset % 3600 / 60; rest != 0 {
		text += fmt.Sprintf(":%02d", rest)
	}
	if ZoneName(zone) == "" {
		return fmt.Sprintf("in the zone of the server (%s, %s)", abbreviation, text)
	}
	if strings.ContainsAny(abbreviation, "+-") { // zones without a name of their own
		return fmt.Sprintf("in %s (now %s)", name, text)
	}
	return fmt.Sprintf("in %s (now %s, %s)", name, abbreviation, text)
}

// internationalDigitsMin tells numbers of the public network from short codes.
const internationalDigitsMin = 7

// NumberText prints a called number: international numbers with a plus, short
// codes and extensions as they are dialled, and one of a private call masked.
func NumberText(n *tollgate.Number) string {
	text := n.E164
	if n.Private {
		text = n.Masked()
	}
	switch {
	case n.E164 == "":
		return cmp.Or(text, n.Raw)
	case n.Class == tollgate.ClassUnknown, n.Class == tollgate.ClassInternal, n.Class == tollgate.ClassEmergency,
		len(n.E164) < internationalDigitsMin:
		return text
	}
	return "+" + text
}

// ClassText names a class for people.
func ClassText(c tollgate.Class) string {
	switch c {
	case tollgate.ClassUnknown:
		return "unknown"
	case tollgate.ClassTollFree:
		return "toll-free"
	default:
		return string(c)
	}
}

// Plural prints a number of things.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(int64(n)) + " " + many
}

// Capital raises the first letter of words of ours.
func Capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// OrDash is a dash where there is nothing to say.
func OrDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// Prefixed puts a prefix before what is not empty.
func Prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
