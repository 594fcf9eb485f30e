package rating

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
)

const (
	firstYear = 1970
	endYear   = 2202 // a year after the last instant that can be priced and the longest call
	layDays   = (endYear - firstYear + 1) * 366
)

// days is a set of dates, one bit for each day since 1970-01-01.
type days struct {
	bits [layDays/64 + 1]uint64
}

func (d *days) contains(day int64) bool {
	return day >= 0 && day < layDays && d.bits[day/64]&(1<<(day%64)) != 0
}

func (d *days) add(year int, month time.Month, day int) {
	n := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / daySeconds
	if year >= firstYear && n < layDays {
		d.bits[n/64] |= 1 << (n % 64)
	}
}

// compileHolidays lays the holidays of a tariff out over all years.
func compileHolidays(entries []string) (*days, error) {
	d := &days{}
	for _, entry := range entries {
		if !d.addDate(entry) && !d.addNamed(entry) {
			return nil, &Fault{Key: "peak.holidays", Value: entry, Reason: "want MM-DD, YYYY-MM-DD, easter_monday," +
				" good_friday, or one of the calendars " + strings.Join(slices.Sorted(maps.Keys(calendars())), ", ")}
		}
	}
	return d, nil
}

// addDate adds a date of one year or of every year.
func (d *days) addDate(entry string) bool {
	if date, err := time.Parse("2006-01-02", entry); err == nil {
		d.add(date.Date())
		return true
	}
	date, err := time.Parse("2006-01-02", "2000-"+entry) // a leap year: 02-29 is a date
	if err != nil {
		return false
	}
	for year := firstYear; year < endYear; year++ {
		if date.Day() <= 28 || time.Date(year, date.Month(), date.Day(), 0, 0, 0, 0, time.UTC).Month() == date.Month() {
			d.add(year, date.Month(), date.Day())
		}
	}
	return true
}

// addNamed adds a holiday that moves, or a whole calendar. A holiday that is
// made up for on another day counts on both.
func (d *days) addNamed(entry string) bool {
	var holidays []*cal.Holiday
	switch entry {
	case "easter_monday":
		holidays = []*cal.Holiday{aa.EasterMonday}
	case "good_friday":
		holidays = []*cal.Holiday{aa.GoodFriday}
	default:
		holidays = calendars()[entry]
	}
	for _, holiday := range holidays {
		for year := firstYear - 1; year <= endYear; year++ {
			actual, observed := holiday.Calc(year)
			for _, day := range [...]time.Time{actual, observed} {
				if !day.IsZero() {
					// The library answers with midnight on this machine's clock, or the hour
					// before where clocks skip midnight: two hours later is the day meant.
					d.add(day.Add(2 * time.Hour).Date())
				}
			}
		}
	}
	return holidays != nil
}
