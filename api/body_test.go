package api

import (
	"runtime"
	"strings"
	"testing"
	"time"
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

// Few large bodies are taken at once, and fewer of one device. Small ones do not wait.
func TestFewLargeBodies(t *testing.T) {
	h := newHouse(t)
	const path, alpha, beta = "/devices/alpha-pbx/records", "alpha:" + devicePassword, "beta:" + devicePassword
	var leave func()
	for range deliveriesOfOne {
		var err error
		leave, err = h.server.deliveries.Enter("device alpha-pbx")
		h.must(err)
	}
	large, small := "[]"+strings.Repeat(" ", bodyBytesMax), "[]"
	h.run([]scenario{
		{name: "too many", do: "POST " + path, as: alpha, body: large, want: 503},
		{name: "a small one", do: "POST " + path, as: alpha, body: small, want: 200},
		{name: "of another device", do: "POST /devices/beta-pbx/records", as: beta, body: large, want: 200},
	})
	leave()
	h.run([]scenario{
		{name: "afterwards", do: "POST " + path, as: alpha, body: large, want: 200},
		{name: "and again", do: "POST " + path, as: alpha, body: large, want: 200},
	})
}

// A file may take its time on a line of one megabit a second.
func TestFilesMayBeSlow(t *testing.T) {
	for _, bytes := range []int64{bodyBytesMax, recordBytesMax, journalBytesMax, sheetBytesMax} {
		got, slow := arrives(bytes), time.Duration(bytes/(1_000_000/8))*time.Second
		if got < slow*3/2 || got > 30*time.Minute {
			t.Errorf("%d bytes: %s, they need %s", bytes, got, slow)
		}
	}
}
