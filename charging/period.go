package charging

import (
	"context"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// periodStart is the beginning of the period that now is in: local midnight of
// the zone, or the first instant of the local day where a clock change leaves
// midnight out. Zero for Never.
func periodStart(now time.Time, period tollgate.Period, weekStart int, zone *time.Location) time.Time {
	local := now.In(zone)
	year, month, day := local.Date()
	switch period {
	case tollgate.Hourly:
		return now.Add(-time.Duration(local.Minute())*time.Minute -
			time.Duration(local.Second())*time.Second - time.Duration(local.Nanosecond())).UTC()
	case tollgate.Daily:
	case tollgate.Weekly:
		day -= (int(local.Weekday()) - weekStart + 7) % 7
	case tollgate.Monthly:
		day = 1
	default:
		return time.Time{}
	}
	return dayStart(year, month, day, zone)
}

// PeriodEnd is when the use of a quota returns to zero next: the beginning of
// the period after the one that now is in, by the days of the zone. weekStart is
// the first day of a week, 0 Sunday to 6 Saturday. Zero for Never.
func PeriodEnd(now time.Time, period tollgate.Period, weekStart int, zone *time.Location) time.Time {
	start := periodStart(now, period, weekStart, zone)
	year, month, day := start.In(zone).Date()
	switch period {
	case tollgate.Hourly:
		return start.Add(time.Hour)
	case tollgate.Daily:
		day++
	case tollgate.Weekly:
		day += 7
	case tollgate.Monthly:
		month++
	default:
		return time.Time{}
	}
	return dayStart(year, month, day, zone)
}

// dayStart is the first instant of a local day.
func dayStart(year int, month time.Month, day int, zone *time.Location) time.Time {
	want := time.Date(year, month, day, 12, 0, 0, 0, zone).Day()
	start := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if start.Day() != want { // clocks went forward over midnight
		_, start = start.ZoneBounds()
	}
	return start.UTC()
}

// freshen returns the use of quota accounts to zero whose period has ended.
func (f *Office) freshen(ctx context.Context, d *directory, ids []tollgate.ID, now time.Time) error {
	for _, id := range ids {
		a := d.accounts[id]
		if a == nil || a.Mode != tollgate.ModeQuota || a.Reset == tollgate.Never || a.Reset == "" {
			continue
		}
		start := periodStart(now, a.Reset, a.WeekStart, d.zone(a))
		if !start.After(a.PeriodStart) || !f.periods.older(id, start) {
			continue
		}
		if _, err := f.book.ResetQuota(ctx, a.Enterprise, id, start); err != nil {
			return err
		}
		f.periods.set(id, start)
	}
	return nil
}

// CorrectUsed adds to what a quota account has used in the period that now is in:
// see ledger.Book.CorrectUsed. The period is begun first: the account may be new,
// or the clock not have been looked at since midnight, and the use that somebody
// just set would return to zero with the period.
func (f *Office) CorrectUsed(
	ctx context.Context, by store.Actor, account tollgate.ID, delta tollgate.Money, note, key string,
) error {
	d, err := f.directory(ctx)
	if err != nil {
		return err
	}
	if err := f.freshen(ctx, d, []tollgate.ID{account}, f.now()); err != nil {
		return err
	}
	return f.book.CorrectUsed(ctx, by, account, delta, note, key)
}

// freshenQuotas begins the periods that calls are to be counted in.
func (f *Office) freshenQuotas(
	ctx context.Context, d *directory, settlements []ledger.Settlement, now time.Time,
) error {
	var ids []tollgate.ID
	for i := range settlements {
		if id := settlements[i].Quota; id != 0 {
			ids = append(ids, id)
		}
	}
	return f.freshen(ctx, d, ids, now)
}

// zone is where an account is at home: its own zone, else its parents'.
func (d *directory) zone(a *tollgate.Account) *time.Location {
	for up := range d.upward(a) {
		if zone := d.zones[up.Timezone]; zone != nil && up.Timezone != "" {
			return zone
		}
	}
	return time.UTC
}

// zonesOf loads the zones of accounts, each once; what cannot be loaded is left out.
func zonesOf(accounts []tollgate.Account) map[string]*time.Location {
	zones := make(map[string]*time.Location)
	for i := range accounts {
		name := accounts[i].Timezone
		if _, known := zones[name]; known {
			continue
		}
		zone, err := time.LoadLocation(name)
		if err != nil {
			zone = nil
		}
		zones[name] = zone
	}
	return zones
}

// resetAll looks at every quota account.
func (f *Office) resetAll(ctx context.Context, now time.Time) error {
	d, err := f.directory(ctx)
	if err != nil {
		return err
	}
	return f.freshen(ctx, d, d.quotas, now)
}
