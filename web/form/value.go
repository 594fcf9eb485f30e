package form

import (
	"strconv"
	"strings"
	"time"

	"tollgate"
)

// Amount reads an amount of money in millionths. It refuses 0 and, unless
// signed, what is below.
func (f *Form) Amount(name string, signed bool) int64 {
	text := f.Get(name)
	if text == "" {
		f.Fail(name, "Please fill this in.")
		return 0
	}
	micro, err := tollgate.ParseMicro(strings.Replace(text, "−", "-", 1))
	switch {
	case err != nil && strings.Contains(text, ","):
		f.Fail(name, "Write the amount with a point and without commas: 1250.50.")
	case err != nil:
		f.Fail(name, "Write a number such as 12.50, with at most six decimals.")
	case micro == 0:
		f.Fail(name, "Write an amount other than zero.")
	case micro < 0 && !signed:
		f.Fail(name, "Write an amount above zero; to take money away, post a correction.")
	}
	return micro
}

// Limit reads an amount that may be empty or zero and never below.
func (f *Form) Limit(name string) int64 {
	text := f.Get(name)
	if text == "" {
		return 0
	}
	micro, err := tollgate.ParseMicro(text)
	if err != nil || micro < 0 {
		f.Fail(name, "Write an amount such as 100.00, zero or above.")
	}
	return micro
}

// Whole reads a whole number that may be left out.
func (f *Form) Whole(name string, otherwise int64) int64 {
	text := f.Get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		f.Fail(name, "Write a whole number, zero or above.")
	}
	return n
}

// Timezone reads the name of a zone; empty is UTC.
func (f *Form) Timezone(name string) string {
	zone := f.Get(name)
	if zone == "" {
		return "UTC"
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		f.Fail(name, "Write the name of a zone, such as Europe/Berlin.")
	}
	return zone
}

// Layout is how a browser's date and time field writes.
const Layout = "2006-01-02T15:04:05"

// Time reads a local time as a browser's field sends it, or as people type it,
// with or without seconds; empty is the zero time.
func (f *Form) Time(name string, zone *time.Location) time.Time {
	text := f.Get(name)
	if text == "" {
		return time.Time{}
	}
	layouts := []string{
		Layout, "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly, time.RFC3339,
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t
		}
	}
	f.Fail(name, "Write the time as 2026-11-20 14:30.")
	return time.Time{}
}

// Duration reads seconds, m:ss, h:mm:ss, or what Go writes, such as 3m5s.
func (f *Form) Duration(name string) time.Duration {
	d, ok := parseDuration(f.Get(name))
	if !ok {
		f.Fail(name, "Write minutes and seconds as 3:05, or seconds as 185.")
	}
	return d
}

func parseDuration(text string) (time.Duration, bool) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d, true
	}
	const (
		partsMax = 3
		partMax  = 1_000_000
	)
	parts := strings.Split(text, ":")
	total := time.Duration(0)
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > partMax || i > 0 && n > 59 || len(parts) > partsMax {
			return 0, false
		}
		total = total*60 + time.Duration(n)*time.Second
	}
	return total, true
}

// Digits takes off what people write around a number.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("+ -/().\u00a0", r) {
			return -1
		}
		return r
	}, s)
}

// IDOr0 reads an id; what is none is 0, which no row has.
func IDOr0(text string) tollgate.ID {
	var id tollgate.ID
	if err := id.UnmarshalText([]byte(text)); err != nil {
		return 0
	}
	return id
}
