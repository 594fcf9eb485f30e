package charging

import (
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// house is a small configuration: a company that pays in euro for calls from
// one device, sold by the minute.
type house struct {
	db      *store.DB
	office  *Office
	company tollgate.Account
	device  tollgate.Device
	tariff  tollgate.Tariff
}

func newHouse(t *testing.T, url string) *house {
	t.Helper()
	h := &house{db: storetest.OpenAt(t, url, scriptNow)}
	h.tariff = tollgate.Tariff{
		Name: "retail", Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
		Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp, DefaultCustomer: true,
		Default: tollgate.Rate{First: "60", Next: "60"},
	}
	h.company = tollgate.Account{
		Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: "Acme", Currency: "EUR",
		Timezone: "Europe/Berlin",
	}
	h.change(t, func(c *store.Change) error {
		if err := c.PutTariff(&h.tariff); err != nil {
			return err
		}
		if err := c.PutAccount(&h.company); err != nil {
			return err
		}
		h.device = tollgate.Device{
			Name: "pbx", Kind: tollgate.DevicePush, Timezone: "Europe/Berlin", Enabled: true,
			DefaultAccount: h.company.ID, ForwardPayer: tollgate.OriginatorPays,
			Plan: tollgate.DialingPlan{Country: "DE", AreaCode: "30"},
		}
		return c.PutDevice(&h.device, "")
	})
	h.office = newOffice(t, h.db, scriptNow)
	return h
}

func (h *house) change(t *testing.T, fn func(*store.Change) error) {
	t.Helper()
	if err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "test", fn); err != nil {
		t.Fatal(err)
	}
}

func (h *house) deck(t *testing.T, rates ...tollgate.Rate) {
	t.Helper()
	h.change(t, func(c *store.Change) error {
		return c.PutDeck(&tollgate.Deck{Tariff: h.tariff.ID, Rates: rates})
	})
}

func (h *house) record(id, dialed string, device tollgate.ID) tollgate.Record {
	at := scriptNow().Add(-time.Hour)
	return tollgate.Record{
		Call: tollgate.CallID{Device: device, UniqueID: id}, Source: tollgate.SourceAMI,
		Direction: tollgate.Outbound, Dialed: dialed, Start: at, Answer: at, End: at.Add(time.Minute),
	}
}

func (h *house) finish(t *testing.T, r tollgate.Record) tollgate.Result {
	t.Helper()
	results, err := h.office.Finish(t.Context(), []tollgate.Record{r})
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

func (h *house) balance(t *testing.T) int64 {
	t.Helper()
	a, err := h.db.Account(t.Context(), store.Everything, h.company.ID)
	if err != nil {
		t.Fatal(err)
	}
	return a.Balance
}

// A call that no rate fits is unpriced and charged to nobody; with the rate it
// is priced and charged once, and not again.
func TestPriceUnpriced(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		unpriced := h.finish(t, h.record("1", "0301234567", h.device.ID))
		h.finish(t, h.record("2", "112", h.device.ID)) // free, and never unpriced
		h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
		for round, want := range []int{1, 0} {
			n, err := h.office.PriceUnpriced(t.Context(), store.Actor{Name: "test"}, store.Everything, store.CDRFilter{})
			if err != nil || n != want {
				t.Errorf("round %d: %d calls priced and %v, want %d", round, n, err, want)
			}
			if got := h.balance(t); got != -250_000 {
				t.Errorf("round %d: the balance is %d, want -250000", round, got)
			}
		}
		cdr, err := h.db.CDR(t.Context(), store.Everything, unpriced.CDR)
		if err != nil || cdr.Customer.Status != tollgate.ChargePriced || cdr.Customer.Billed != 60 {
			t.Errorf("got %+v and %v", cdr.Customer, err)
		}
	})
}

// A record of a device that is not known yet waits, is named with the remedy,
// and is charged once the device is there.
func TestReplay(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
		later := h.record("1", "0301234567", h.device.ID)
		later.End = scriptNow().AddDate(0, 0, 2)
		if got := h.finish(t, later); got.Outcome != tollgate.OutcomeQuarantined {
			t.Fatalf("got %+v", got)
		}
		page, err := h.db.Quarantine(t.Context(), store.Everything, store.Paging{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%d records in quarantine, %v", len(page.Items), err)
		}
		ids := []tollgate.ID{page.Items[0].ID}
		still, err := h.office.Replay(t.Context(), store.Actor{Name: "test"}, store.Everything, ids)
		if err != nil || still[0].Outcome != tollgate.OutcomeQuarantined {
			t.Errorf("before the fix: %+v, %v", still, err)
		}
		h.office.now = func() time.Time { return scriptNow().AddDate(0, 0, 3) }
		done, err := h.office.Replay(t.Context(), store.Actor{Name: "test"}, store.Everything, ids)
		if err != nil || done[0].Outcome != tollgate.OutcomeStored {
			t.Errorf("after the fix: %+v, %v", done, err)
		}
		if n, err := h.db.QuarantineCount(t.Context(), store.Everything); err != nil || n != 0 {
			t.Errorf("%d records are still in quarantine, %v", n, err)
		}
		if got := h.balance(t); got >= 0 {
			t.Errorf("the balance is %d: nothing was charged", got)
		}
	})
}

// A price that changes applies to the next call and to none before it.
func TestConfigurationInForce(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	deck := &tollgate.Deck{Tariff: h.tariff.ID}
	for round, price := range []string{"0.25", "0.50"} {
		deck.Rates = []tollgate.Rate{{Prefix: "49", Price: price}}
		h.change(t, func(c *store.Change) error { return c.PutDeck(deck) })
		h.finish(t, h.record(price, "0301234567", h.device.ID))
		if got, want := h.balance(t), []int64{-250_000, -750_000}[round]; got != want {
			t.Errorf("at %s: the balance is %d, want %d", price, got, want)
		}
	}
}

// A tariff that cannot be compiled charges nothing: its calls wait for the fix.
func TestBrokenTariff(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "cheap"})
	got := h.finish(t, h.record("1", "0301234567", h.device.ID))
	if got.Outcome != tollgate.OutcomeQuarantined {
		t.Errorf("got %+v", got)
	}
}

// Listeners hear of stored calls after the commit, and of no call twice.
func TestSubscribe(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
	calls, cancel := h.office.Subscribe()
	defer cancel()
	for range 2 {
		h.finish(t, h.record("1", "0301234567", h.device.ID))
	}
	h.finish(t, h.record("2", "0301234568", h.device.ID))
	for _, want := range []string{"1", "2"} {
		heard := <-calls
		if len(heard) != 1 || heard[0].Call.UniqueID != want || heard[0].Customer.Micro != 250_000 {
			t.Errorf("heard %+v, want call %s", heard, want)
		}
	}
}

// A simulation gives the price that the call will have, and shows no
// enterprise what belongs to another.
func TestSimulate(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
	q := Query{
		Device: h.device.ID, Account: h.company.ID, Number: "0301234567", Answer: scriptNow(),
		Duration: 61 * time.Second,
	}
	quote, err := h.office.Simulate(t.Context(), 0, q)
	if err != nil || quote.Customer.Micro != 500_000 || quote.CustomerBecause == "" {
		t.Errorf("got %+v, %v", quote, err)
	}
	plain, err := h.office.Simulate(t.Context(), 0, Query{
		Tariff: h.tariff.ID, Number: "+49 30 1234567", Answer: scriptNow(), Duration: time.Minute,
	})
	if err != nil || plain.Customer.Micro != 250_000 {
		t.Errorf("without a device: got %+v, %v", plain, err)
	}
	_, err = h.office.Simulate(t.Context(), 0, Query{
		Tariff: h.tariff.ID, Number: "0301234567", Answer: scriptNow(), Duration: time.Minute,
	})
	if tollgate.CodeOf(err) != tollgate.CodeInvalid {
		t.Errorf("a national number without a device: got %v", err)
	}
	for name, change := range map[string]func(*Query){
		"account of another": func(q *Query) { q.Device = 0 },
		"device of another":  func(q *Query) { q.Account = 0 },
	} {
		other := q
		change(&other)
		if _, err := h.office.Simulate(t.Context(), 4711, other); tollgate.CodeOf(err) != tollgate.CodeNotFound {
			t.Errorf("%s: got %v, want not found", name, err)
		}
	}
}
