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
