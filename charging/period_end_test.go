package charging

import (
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
)

// TestPeriodEnds: the end of a period is where the next begins, also where the
// clock changes.
func TestPeriodEnds(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	for _, c := range []struct {
		now, zone string
		period    tollgate.Period
		weekStart int
		end       string
	}{
		{"2026-03-28T12:20:00+01:00", "Europe/Berlin", tollgate.Daily, 0, "2026-03-29T00:00:00+01:00"},
		{"2026-03-29T12:20:00+02:00", "Europe/Berlin", tollgate.Daily, 0, "2026-03-30T00:00:00+02:00"},
		{"2026-03-28T12:20:00+01:00", "Europe/Berlin", tollgate.Monthly, 0, "2026-04-01T00:00:00+02:00"},
		{"2026-12-31T23:59:59+01:00", "Europe/Berlin", tollgate.Monthly, 0, "2027-01-01T00:00:00+01:00"},
		{"2026-11-22T12:00:00+01:00", "Europe/Berlin", tollgate.Weekly, 1, "2026-11-23T00:00:00+01:00"},
		{"2026-11-22T12:00:00+01:00", "Europe/Berlin", tollgate.Weekly, 0, "2026-11-29T00:00:00+01:00"},
		{"2026-11-22T12:20:00+05:30", "Asia/Kolkata", tollgate.Hourly, 0, "2026-11-22T13:00:00+05:30"},
		// Midnight of the day does not exist where the clock goes forward at it.
		{"2026-09-05T12:00:00-04:00", "America/Santiago", tollgate.Daily, 0, "2026-09-06T01:00:00-03:00"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		end := PeriodEnd(now, c.period, c.weekStart, zone(c.zone))
		if got := end.In(zone(c.zone)).Format(time.RFC3339); got != c.end {
			t.Errorf("%s after %s in %s: %s, want %s", c.period, c.now, c.zone, got, c.end)
		}
		if begun := periodStart(end, c.period, c.weekStart, zone(c.zone)); !begun.Equal(end) {
			t.Errorf("%s after %s: the next period begins %s, not %s", c.period, c.now, begun, end)
		}
	}
	if end := PeriodEnd(time.Now(), tollgate.Never, 0, time.UTC); !end.IsZero() {
		t.Error(end)
	}
}

// What somebody sets as used stays, of an account that is new too, and of one whose
// period has just ended.
func TestUsedThatWasSetStays(t *testing.T) {
	c := newClocked(t, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	quota := tollgate.Account{
		Enterprise: c.company.ID, Parent: c.company.ID, Kind: tollgate.KindUser, Mode: tollgate.ModeQuota, Name: "quota",
		Currency: "EUR", Timezone: "Europe/Berlin", Allowance: 50_000_000, Reset: tollgate.Daily,
	}
	c.change(t, func(change *store.Change) error { return change.PutAccount(&quota) })
	for _, at := range []time.Time{c.at, time.Date(2026, 11, 20, 23, 0, 0, 300_000_000, time.UTC)} { // midnight in Berlin
		c.at = at
		err := c.office.CorrectUsed(t.Context(), store.Actor{Name: "test"}, quota.ID,
			tollgate.Money{Micro: 10_000_000, Currency: "EUR"}, "taken over", at.String())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c.at = c.at.Add(time.Second)
			if err := c.office.sweep(t.Context(), time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.standing(t, quota.ID); got.Used != 10_000_000 {
			t.Errorf("at %s: %s are used, want what was set", at, tollgate.FormatMicro(got.Used))
		}
	}
}
