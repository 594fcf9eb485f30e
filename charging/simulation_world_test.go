package charging

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

// simWorld is the houses of the simulation: made once in a real store, read as
// it reads configurations, and never changed.
type simWorld struct {
	directory  *directory
	accounts   []tollgate.Account
	credit     map[tollgate.ID]int64 // what limited accounts are given; they must never spend more
	device     tollgate.ID
	extensions int
	owners     []tollgate.ID // by extension, from 100
	actor      store.Actor
}

func newSimWorld(t *testing.T) *simWorld {
	t.Helper()
	w := &simWorld{credit: map[tollgate.ID]int64{}, actor: store.Actor{Name: "simulation"}}
	db := storetest.OpenAt(t, storetest.SQLite(t), scriptNow)
	err := db.Change(t.Context(), w.actor, "simulation", func(c *store.Change) error { return w.build(c) })
	if err != nil {
		t.Fatal(err)
	}
	office, err := New(t.Context(), db, ledger.New(db, ledger.Options{Now: scriptNow}), Options{Now: scriptNow})
	if err != nil {
		t.Fatal(err)
	}
	w.directory = office.current.Load()
	for _, a := range w.directory.accounts {
		w.accounts = append(w.accounts, *a)
	}
	slices.SortFunc(w.accounts, func(a, b tollgate.Account) int { return cmp.Compare(a.ID, b.ID) })
	return w
}

func (w *simWorld) build(c *store.Change) error {
	tariff := func(name, price, fee string, first, next int64) (tollgate.ID, error) {
		t := &tollgate.Tariff{
			Name: name, Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
			Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp,
			Default: tollgate.Rate{
				Price: price, ConnectFee: fee,
				First: strconv.FormatInt(first, 10), Next: strconv.FormatInt(next, 10),
			},
		}
		if err := c.PutTariff(t); err != nil {
			return 0, err
		}
		return t.ID, c.PutDeck(&tollgate.Deck{Tariff: t.ID, Rates: []tollgate.Rate{
			{Prefix: "49800", Name: "free", Price: "0"},
			{Prefix: "4915", Name: "mobile", Price: "0.90"},
		}})
	}
	seconds, err := tariff("seconds", "0.60", "", 1, 1)
	if err != nil {
		return err
	}
	minutes, err := tariff("minutes", "0.30", "0.05", 60, 60)
	if err != nil {
		return err
	}
	pulses, err := tariff("pulses", "0.48", "0.02", 10, 6)
	if err != nil {
		return err
	}
	account := func(a tollgate.Account, of *tollgate.Account, micro int64) (*tollgate.Account, error) {
		a.Currency, a.Timezone = "EUR", "Europe/Berlin"
		if of != nil {
			a.Parent, a.Enterprise = of.ID, of.Enterprise
		}
		if err := c.PutAccount(&a); err != nil {
			return nil, err
		}
		if a.Limited() {
			w.credit[a.ID] = micro
		}
		return &a, nil
	}
	const unit = tollgate.MicroPerUnit
	free, err := account(tollgate.Account{Kind: tollgate.KindEnterprise, Name: "free", Mode: tollgate.ModePostpaid, Tariff: seconds}, nil, 0)
	if err != nil {
		return err
	}
	paid, err := account(tollgate.Account{Kind: tollgate.KindEnterprise, Name: "paid", Mode: tollgate.ModePrepaid, Tariff: pulses}, nil, 60*unit)
	if err != nil {
		return err
	}
	device := &tollgate.Device{
		Name: "pbx", Kind: tollgate.DeviceAsterisk, Timezone: "Europe/Berlin", Enabled: true, Control: true,
		ForwardPayer: tollgate.OriginatorPays, Plan: tollgate.DialingPlan{Country: "DE", AreaCode: "30"},
	}
	if err := c.PutDevice(device, ""); err != nil {
		return err
	}
	w.device = device.ID
	users := []struct {
		words tollgate.Account
		of    *tollgate.Account
		micro int64
		lines int
	}{
		{tollgate.Account{Name: "hot", Mode: tollgate.ModePrepaid, LowCredit: unit}, free, 40 * unit, 5},
		{tollgate.Account{Name: "owing", Mode: tollgate.ModePrepaid, CreditLimit: 5 * unit, Tariff: minutes}, free, 20 * unit, 2},
		{tollgate.Account{Name: "quota", Mode: tollgate.ModeQuota, Allowance: 30 * unit, Reset: tollgate.Daily, Tariff: pulses}, free, 0, 2},
		{tollgate.Account{Name: "child", Mode: tollgate.ModeParent}, paid, 0, 2},
		{tollgate.Account{Name: "own", Mode: tollgate.ModePrepaid, Tariff: minutes}, paid, 15 * unit, 2},
		{tollgate.Account{Name: "limited", Mode: tollgate.ModePostpaid, CreditLimit: 12 * unit}, free, 0, 1},
		{tollgate.Account{Name: "unlimited", Mode: tollgate.ModeParent}, free, 0, 1},
	}
	for _, u := range users {
		u.words.Kind = tollgate.KindUser
		a, err := account(u.words, u.of, u.micro)
		if err != nil {
			return err
		}
		for range u.lines {
			number := strconv.Itoa(100 + w.extensions)
			w.extensions++
			w.owners = append(w.owners, a.ID)
			if err := c.PutExtension(tollgate.Extension{Device: device.ID, Number: number, Account: a.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

// dial draws a number.
func (w *simWorld) dial(random *rand.Rand) string {
	return []string{
		"0301234567", "0301234567", "08912345678", "015112345678", "08001234567", "0044201234567", "112",
	}[random.IntN(7)]
}

func (w *simWorld) number(dialed string) tollgate.Number {
	return w.directory.sites[w.device].plan.Normalise(dialed)
}

func (w *simWorld) owner(extension string) *tollgate.Account {
	n, err := strconv.Atoi(extension)
	if err != nil {
		panic(err)
	}
	return w.directory.accounts[w.owners[n-100]]
}

func (w *simWorld) tariffOf(extension string) tollgate.ID {
	a := w.owner(extension)
	return w.directory.customerTariff(a, a.Enterprise)
}

// limitedOf lists the accounts that hold money for calls of an extension.
func (w *simWorld) limitedOf(extension string) []tollgate.ID {
	ids, err := w.directory.chain(w.owner(extension), "EUR")
	if err != nil {
		panic(err)
	}
	return ids
}
