package charging

import (
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// clocked is a house whose clock is set by hand. Extension 101 is Anna's, who has
// ten euros.
type clocked struct {
	*house
	at   time.Time
	anna tollgate.Account
}

func (c *clocked) now() time.Time { return c.at }

func newClocked(t *testing.T, at time.Time) *clocked {
	t.Helper()
	c := &clocked{house: newHouse(t, storetest.SQLite(t)), at: at}
	c.office = newOffice(t, c.db, c.now)
	c.anna = c.caller(t, tollgate.KindUser, "Anna")
	c.change(t, func(change *store.Change) error {
		return change.PutExtension(tollgate.Extension{Device: c.device.ID, Number: "101", Account: c.anna.ID})
	})
	return c
}

// peak gives the house a price by the second that is another one between two
// times of the day in Berlin.
func (c *clocked) peak(t *testing.T, price, peak, from, to string) {
	t.Helper()
	c.tariff.Peak = tollgate.PeakWindow{From: from, To: to}
	c.tariff.Default = tollgate.Rate{Price: price, PricePeak: peak, First: "1", Next: "1"}
	c.change(t, func(change *store.Change) error { return change.PutTariff(&c.tariff) })
}

// covered fails unless what is held for Anna's call pays for all that was granted.
func (c *clocked) covered(t *testing.T, answer time.Time, g tollgate.Grant) {
	t.Helper()
	cost, reason := c.office.current.Load().meter(c.tariff.ID, tollgate.Number{E164: "49301234567"}, answer).cost(g.For)
	if held := c.standing(t, c.anna.ID).Reserved; reason != "" || held < cost {
		t.Errorf("%s after the answer is granted, costs %s (%s), and only %s is held", g.For,
			tollgate.FormatMicro(cost), reason, tollgate.FormatMicro(held))
	}
}

// A call of whose answer nobody told, or that was forgotten in a restart, is held
// for by the prices of the hour in which it was answered.
func TestRenewWithoutAnswer(t *testing.T) {
	for _, name := range []string{"never told", "forgotten in a restart"} {
		t.Run(name, func(t *testing.T) {
			answer := time.Date(2026, 11, 20, 11, 50, 0, 0, time.UTC)
			c := newClocked(t, answer.Add(-5*time.Second))
			c.peak(t, "0.10", "0.30", "00:00", "13:00") // until 12:00 UTC
			call := c.attempt("1", "101").Call
			g, err := c.office.Authorize(t.Context(), c.attempt("1", "101"))
			if name != "never told" {
				if err := c.office.Answer(t.Context(), call, answer); err != nil {
					t.Fatal(err)
				}
				c.office = newOffice(t, c.db, c.now)
			}
			for err == nil && g.For < 15*time.Minute {
				c.at = answer.Add(g.RenewAt)
				if g, err = c.office.Renew(t.Context(), call, g.RenewAt); err == nil {
					c.covered(t, answer, g)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if live := c.office.Live(0); len(live) != 1 || !live[0].Answered.Equal(answer) {
				t.Errorf("in progress: %+v", live)
			}
		})
	}
}

func peakRate(price, peak, pulse string) tollgate.Rate {
	return tollgate.Rate{Price: price, PricePeak: peak, First: pulse, Next: pulse}
}

// A call that rings into a dearer hour never costs more than is held for it: not by
// the timer that was set when it was dialled, and not after it was answered.
func TestRingsIntoPeak(t *testing.T) {
	edge := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name        string
		dials, asks time.Duration // before and after the peak begins
		tariff      tollgate.Rate
		want        time.Duration
	}{
		{"by seconds", 20 * time.Second, 3 * time.Second, peakRate("0.60", "60", "1"), 10 * time.Second},
		{"by minutes", 20 * time.Second, 3 * time.Second, peakRate("6", "9", "60"), time.Minute},
		{"not one minute", time.Minute, 0, peakRate("6", "60", "60"), 0},
		{"long before", time.Hour, 0, peakRate("6", "60", "60"), time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClocked(t, edge.Add(-test.dials))
			c.peak(t, test.tariff.Price, test.tariff.PricePeak, "13:00", "23:00")
			c.tariff.Default = test.tariff
			c.change(t, func(change *store.Change) error { return change.PutTariff(&c.tariff) })
			a := c.attempt("1", "101")
			g, err := c.office.Authorize(t.Context(), a)
			if err != nil || g.Allowed != (test.want > 0) || g.For != test.want {
				t.Fatalf("%+v and %v, want %s", g, err, test.want)
			}
			if !g.Allowed || test.dials > ringMax {
				return
			}
			answer := edge.Add(2 * time.Second)
			c.covered(t, answer, g)
			c.at = answer.Add(test.asks)
			if err := c.office.Answer(t.Context(), a.Call, answer); err != nil {
				t.Fatal(err)
			}
			if g, err = c.office.Renew(t.Context(), a.Call, test.asks); err != nil || !g.Allowed {
				t.Fatalf("%+v and %v", g, err)
			}
			c.covered(t, answer, g)
		})
	}
}

// One that rang for longer than any call rings ends where its money ends, though it
// does not last for a second.
func TestRingsTooLongIntoPeak(t *testing.T) {
	edge := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	c := newClocked(t, edge.Add(-time.Hour))
	c.peak(t, "0.60", "6000", "13:00", "23:00")
	a := c.attempt("1", "101")
	if g, err := c.office.Authorize(t.Context(), a); err != nil || g.For != sliceMin {
		t.Fatalf("%+v and %v", g, err)
	}
	c.at = edge.Add(time.Second)
	if err := c.office.Answer(t.Context(), a.Call, c.at); err != nil {
		t.Fatal(err)
	}
	for used, want := range map[time.Duration]time.Duration{0: time.Second, 3 * time.Second: 3 * time.Second} {
		g, err := c.office.Renew(t.Context(), a.Call, used)
		if err != nil || !g.Final || g.For > max(want, time.Second) {
			t.Errorf("after %s: %+v and %v, want it to end there", used, g, err)
		}
	}
}
