package view

import (
	"testing"
	"time"

	"tollgate"
)

func TestDurationText(t *testing.T) {
	answer := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for want, c := range map[string]struct {
		talked  time.Duration
		seconds int64
	}{
		"0:04 (4.008 s, rounded up to 5 s)":      {4008 * time.Millisecond, 5},
		"0:04 (4.000001 s, rounded up to 5 s)":   {4*time.Second + time.Microsecond, 5},
		"15:00 (900.4 s, rounded down to 900 s)": {900*time.Second + 400*time.Millisecond, 900},
		"0:34 (34 s)":                            {34 * time.Second, 34},
		"0:04 (4.008 s)":                         {4008 * time.Millisecond, 0}, // no price
	} {
		cdr := tollgate.CDR{Answer: answer, End: answer.Add(c.talked)}
		cdr.Customer.Seconds = c.seconds
		if got := DurationText(&cdr); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := DurationText(&tollgate.CDR{End: answer}); got != "not answered" {
		t.Error(got)
	}
}

func TestCalculationBeginsWithTheExactTime(t *testing.T) {
	answer := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	c := tollgate.CDR{Answer: answer, End: answer.Add(4008 * time.Millisecond), Customer: tollgate.Charge{
		Status: tollgate.ChargePriced, Source: tollgate.ChargedByTariff, Seconds: 5, Billed: 5, Currency: "EUR",
		First: 1, Next: 1, Spans: []tollgate.Span{{Seconds: 5, Price: "0.06", Per: 60, Band: tollgate.OffPeak}},
	}}
	told := Clockwork{Zone: time.UTC, Now: answer}
	first := NewCall(&c, houses(1, 1), told, false).Customer.Steps[0]
	if first.Label != "Duration" || first.Sum != "4.008 s, rounded up" || first.Value != "5 s" {
		t.Errorf("%+v", first)
	}
	c.End = answer.Add(5 * time.Second)
	if first := NewCall(&c, houses(1, 1), told, false).Customer.Steps[0]; first.Label != "Billed" {
		t.Errorf("%+v", first)
	}
}

func TestZoneName(t *testing.T) {
	for want, zone := range map[string]*time.Location{
		"": time.Local, "UTC": time.UTC,
	} {
		if got := ZoneName(zone); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := ZoneName(time.FixedZone("Office", 3600)); got != "" {
		t.Errorf("a form would be given %q", got)
	}
}
