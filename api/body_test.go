package api

import (
	"runtime"
	"strings"
	"testing"
)

// A body of millions of empty elements takes memory as its text does, not a hundred times that.
func TestEndlessLists(t *testing.T) {
	h := newHouse(t)
	empty := "[" + strings.Repeat("{},", 5_500_000) + "{}]"
	numbered := `[{"dialed":"1"` + strings.Repeat(`,"a":1`, 2_500_000) + `}]`
	wrong := empty[:9_000_001] + "{}]"
	const device, records = "alpha:" + devicePassword, "POST /devices/alpha-pbx/records"
	const deck = "PUT /tariffs/{retail}/decks?dry_run=true"
	for _, c := range []struct {
		megabytes uint64 // all that is made of it, over and again
		scenario
	}{
		{250, scenario{name: "calls", do: records, as: device, body: empty, want: 422, has: []string{"at most 10000"}}},
		{250, scenario{
			name: "a call of a million fields", do: records, as: device, body: numbered, want: 400,
			has: []string{"more than 65536 bytes"},
		}},
		{700, scenario{name: "rates", do: deck, as: "admin", body: empty, want: 422, has: []string{"at most 5000000"}}},
		{700, scenario{name: "wrong rates", do: deck, as: "admin", body: wrong, want: 422, has: []string{"10001 rows"}}},
		{700, scenario{
			name: "attribution", do: "PUT /attribution?dry_run=true", as: "admin", body: wrong, want: 422,
			has: []string{"10001 rows"},
		}},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h.run([]scenario{c.scenario})
		runtime.ReadMemStats(&after)
		made := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%s: %d MB of memory", c.name, made)
		if made > c.megabytes {
			t.Errorf("%s: %d MB of memory, want at most %d", c.name, made, c.megabytes)
		}
	}
}
