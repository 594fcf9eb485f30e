package rating

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"tollgate"
)

const (
	daySeconds = 86_400
	// The instants that can be priced, [1970-01-01, 2200-01-01) UTC. Zones and
	// holidays are laid out over them at compile time.
	firstInstant = 0
	endInstant   = 7_258_118_400
	// A call may begin in the last second and last as long as any.
	layoutEnd = endInstant + int64(DurationMax/time.Second) + SecondsMax + daySeconds
)

// window is when the peak price applies, on the clock of the tariff's zone.
type window struct {
	zone     []period
	from, to int64 // seconds of the local day; to may be daySeconds
	weekend  [7]bool
	holidays *days
}

// period is a run of instants with one offset from UTC.
type period struct {
	start  int64 // Unix seconds
	offset int64 // seconds east of UTC
}

// compileWindow checks window, weekend and holidays. It returns nil if no
// instant can be peak.
func compileWindow(location *time.Location, p tollgate.PeakWindow) (w *window, err error) {
	w = &window{}
	if w.from, err = clock(p.From); err != nil {
		return nil, &Fault{Key: "peak.from", Value: p.From, Reason: err.Error()}
	}
	if w.to, err = clock(p.To); err != nil {
		return nil, &Fault{Key: "peak.to", Value: p.To, Reason: err.Error()}
	}
	for _, name := range p.Weekend {
		day := slices.IndexFunc(weekdays[:], func(w time.Weekday) bool {
			return strings.EqualFold(w.String(), name)
		})
		if day < 0 {
			return nil, &Fault{Key: "peak.weekend", Value: name, Reason: "want sunday, monday and so on"}
		}
		w.weekend[day] = true
	}
	if w.holidays, err = compileHolidays(p.Holidays); err != nil {
		return nil, err
	}
	if p.From == "" || p.To == "" || w.from == w.to {
		return nil, nil
	}
	w.zone = periods(location)
	return w, nil
}

var weekdays = [...]time.Weekday{
	time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday,
}

// clock reads HH:MM as seconds of the day; 24:00 is the end of it.
func clock(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if text == "24:00" {
		return daySeconds, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, errors.New("want a time of day such as 08:00, 00:00 to 24:00")
	}
	return int64(t.Hour())*3600 + int64(t.Minute())*60, nil
}

// periods lays a zone out, because asking a time.Location about the future
// means reading its rule text again each time.
func periods(location *time.Location) []period {
	var zone []period
	for at := time.Unix(firstInstant, 0).In(location); at.Unix() < layoutEnd; {
		_, offset := at.Zone()
		if len(zone) == 0 || zone[len(zone)-1].offset != int64(offset) {
			zone = append(zone, period{start: at.Unix(), offset: int64(offset)})
		}
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(at) { // the standard library is a day short at the end of leap years
			end = at.Add(24 * time.Hour)
		}
		at = end
	}
	return zone
}

// band tells the band at an instant in Unix seconds and until when it cannot
// change: the next edge of the window, midnight or change of the clocks.
func (w *window) band(at int64) (b tollgate.Band, until int64) {
	if w == nil {
		return tollgate.OffPeak, layoutEnd
	}
	offset, until := w.offset(at)
	day, second := (at+offset)/daySeconds, (at+offset)%daySeconds
	if second < 0 {
		day, second = day-1, second+daySeconds
	}
	if w.weekend[(day+4)%7] || w.holidays.contains(day) { // 1970-01-01 was a Thursday
		return tollgate.OffPeak, min(until, at+daySeconds-second)
	}
	edge := int64(daySeconds)
	for _, e := range [...]int64{w.from, w.to} {
		if e > second {
			edge = min(edge, e)
		}
	}
	until = min(until, at+edge-second)
	inside := w.from <= second && second < w.to
	if w.to < w.from {
		inside = second >= w.from || second < w.to
	}
	if inside {
		return tollgate.Peak, until
	}
	return tollgate.OffPeak, until
}

// offset finds the zone's offset at an instant and the instant it ends.
func (w *window) offset(at int64) (offset, until int64) {
	i, found := slices.BinarySearchFunc(w.zone, at, func(p period, at int64) int {
		return cmp.Compare(p.start, at)
	})
	if !found {
		i--
	}
	until = layoutEnd
	if i+1 < len(w.zone) {
		until = w.zone[i+1].start
	}
	return w.zone[i].offset, until
}
