package charging

import (
	"testing"
	"time"

	"tollgate"
)

func TestPeriodStart(t *testing.T) {
	for _, c := range []struct {
		zone, now string
		period    tollgate.Period
		weekStart int
		want      string
	}{
		{"Europe/Berlin", "2026-03-29T12:00:00Z", tollgate.Daily, 1, "2026-03-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29T21:59:59Z", tollgate.Daily, 1, "2026-03-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29T22:00:00Z", tollgate.Daily, 1, "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "2026-10-25T22:59:59Z", tollgate.Daily, 1, "2026-10-24T22:00:00Z"},
		{"Europe/Berlin", "2026-10-25T23:00:00Z", tollgate.Daily, 1, "2026-10-25T23:00:00Z"},
		// Clocks go from 24:00 to 1:00 in Beirut: the day begins at one.
		{"Asia/Beirut", "2026-03-29T12:00:00Z", tollgate.Daily, 1, "2026-03-28T22:00:00Z"},
		// They went back from 24:00 to 23:00 in São Paulo: the day before began once.
		{"America/Sao_Paulo", "2018-02-18T02:30:00Z", tollgate.Daily, 1, "2018-02-17T02:00:00Z"},
		{"America/Sao_Paulo", "2018-02-18T03:00:00Z", tollgate.Daily, 1, "2018-02-18T03:00:00Z"},
		{"America/New_York", "2026-11-22T04:59:59Z", tollgate.Weekly, 0, "2026-11-15T05:00:00Z"},
		{"America/New_York", "2026-11-22T05:00:00Z", tollgate.Weekly, 0, "2026-11-22T05:00:00Z"},
		{"Europe/Berlin", "2026-11-22T22:59:59Z", tollgate.Weekly, 1, "2026-11-15T23:00:00Z"},
		{"Europe/Berlin", "2026-11-22T23:00:00Z", tollgate.Weekly, 1, "2026-11-22T23:00:00Z"},
		{"Europe/Berlin", "2026-01-31T22:59:59Z", tollgate.Monthly, 1, "2025-12-31T23:00:00Z"},
		{"Asia/Kathmandu", "2026-11-22T12:20:30Z", tollgate.Hourly, 1, "2026-11-22T12:15:00Z"},
		{"UTC", "2026-11-22T12:20:30Z", tollgate.Never, 1, "0001-01-01T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := periodStart(now, c.period, c.weekStart, zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s %s in %s: %s, want %s", c.period, c.now, c.zone, got, c.want)
		}
	}
}
