package charging

import (
	"strconv"
	"testing"
	"time"

	"tollgate"
	"tollgate/rating"

	"pgregory.net/rapid"
)

// What is affordable is what a search by halves finds, whatever the tariff.
func TestAffordable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeter(t)
		var most time.Duration
		for range 10 {
			if rapid.Bool().Draw(t, "another end") {
				most = time.Duration(rapid.Int64Range(0, 3*86400_000).Draw(t, "most")) * time.Millisecond
			}
			micro := rapid.OneOf(rapid.Int64Range(-1, 20_000_000), rapid.Int64Range(0, 20_000_000_000)).Draw(t, "micro")
			if rapid.Bool().Draw(t, "to the micro-unit") {
				micro, _ = m.cost(time.Duration(rapid.Int64Range(0, 2*86400).Draw(t, "held")) * time.Second)
			}
			got, want := m.affordable(micro, most), byHalves(m, micro, most)
			if got != want {
				t.Fatalf("%d micro-units, at most %s: got %s, want %s", micro, most, got, want)
			}
		}
	})
}

// byHalves is what is affordable, found without any thought.
func byHalves(m *meter, micro int64, most time.Duration) time.Duration {
	fits := func(seconds int64) bool {
		cost, reason := m.cost(time.Duration(seconds) * time.Second)
		return reason == "" && cost <= micro
	}
	if !fits(1) {
		return -1
	}
	low, high := int64(1), int64(most/time.Second)
	for low < high {
		if middle := low + (high-low+1)/2; fits(middle) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return time.Duration(low) * time.Second
}

// A call costs the same for ever, or until some money is used up.
func TestEndless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMeter(t)
		var c keptCall
		used := time.Duration(rapid.Int64Range(0, 10*86400).Draw(t, "used")) * time.Second
		c.Held = rapid.Int64Range(0, 20_000_000).Draw(t, "held")
		if rapid.Bool().Draw(t, "to the micro-unit") {
			c.Held, _ = m.cost(used + sliceMin)
		}
		c.Granted = max(0, m.affordable(c.Held, used+affordsMax))
		flat, reason := m.cost(flatSpan)
		if got, want := m.endless(&c), reason == "" && flat <= c.Held; got != want {
			t.Fatalf("%d micro-units held after %s: got %t, want %t", c.Held, used, got, want)
		}
	})
}

// drawMeter draws a tariff, and an answer about when clocks go forward.
func drawMeter(t *rapid.T) *meter {
	words := drawTariff(t)
	compiled, err := rating.Compile(words, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &directory{tariffs: map[tollgate.ID]*tariff{1: {words: words, compiled: compiled}}}
	answer := time.Date(2026, 3, 27, 0, 0, rapid.IntRange(0, 4*86400).Draw(t, "answer"), 0, time.UTC)
	return d.meter(1, tollgate.Number{E164: "49301234567", Class: tollgate.ClassLocal}, answer)
}

// drawTariff draws whatever can make a price jump, stand still, or end.
func drawTariff(t *rapid.T) tollgate.Tariff {
	price := func(label string, more ...string) string {
		return rapid.SampledFrom(append(more, "0", "0.001", "0.05", "0.29", "3")).Draw(t, label)
	}
	seconds := func(label string, least int64) string {
		return strconv.FormatInt(rapid.SampledFrom([]int64{least, 1, 6, 60, 3600, 90_000}).Draw(t, label), 10)
	}
	w := tollgate.Tariff{
		ID: 1, Name: "drawn", Currency: "EUR", Timezone: "Europe/Berlin",
		Per:      rapid.SampledFrom([]int64{1, 60}).Draw(t, "per"),
		Decimals: rapid.IntRange(0, 6).Draw(t, "decimals"),
		Rounding: rapid.SampledFrom([]tollgate.Rounding{
			tollgate.RoundHalfUp, tollgate.RoundHalfEven, tollgate.RoundUp, tollgate.RoundDown,
		}).Draw(t, "rounding"),
		Grace:     rapid.SampledFrom([]int64{0, 0, 3, 70}).Draw(t, "grace"),
		MinCharge: price("least", "", ""),
		Default: tollgate.Rate{
			Price: price("price", ""), ConnectFee: price("fee", ""), First: seconds("first", 0), Next: seconds("next", 1),
		},
	}
	if rapid.Bool().Draw(t, "peak") {
		w.Default.PricePeak = price("peak price")
		w.Peak = tollgate.PeakWindow{From: "08:00", To: "18:00", Weekend: []string{"saturday", "sunday"}}
	}
	if rapid.Bool().Draw(t, "limited") {
		w.MaxCharge = rapid.SampledFrom([]string{"3", "20", "500"}).Draw(t, "most")
	}
	return w
}
