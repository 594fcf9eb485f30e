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

// simTariffs are the ways to count: by seconds, by minutes, and in steps.
func simTariffs(c *store.Change) (ids map[string]tollgate.ID, err error) {
	ids = make(map[string]tollgate.ID)
	for name, d := range map[string]tollgate.Rate{
		"seconds": {Price: "0.60", First: "1", Next: "1"},
		"minutes": {Price: "0.30", ConnectFee: "0.05", First: "60", Next: "60"},
		"pulses":  {Price: "0.48", ConnectFee: "0.02", First: "10", Next: "6"},
	} {
		t := &tollgate.Tariff{
			Name: name, Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
			Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp, Default: d,
		}
		if err := c.PutTariff(t); err != nil {
			return nil, err
		}
		ids[name] = t.ID
		err := c.PutDeck(&tollgate.Deck{Tariff: t.ID, Rates: []tollgate.Rate{
			{Prefix: "49800", Name: "free", Price: "0"},
			{Prefix: "4915", Name: "mobile", Price: "0.90"},
		}})
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// simAccount is an account, what it is given, and its lines.
type simAccount struct {
	words  tollgate.Account
	of     string
	tariff string
	credit int64 // units
	lines  int
}

// simAccounts are a company without limit, one that pays in advance, and their people.
func simAccounts() []simAccount {
	const unit = tollgate.MicroPerUnit
	company, user := tollgate.KindEnterprise, tollgate.KindUser
	return []simAccount{
		{words: tollgate.Account{Kind: company, Name: "free", Mode: tollgate.ModePostpaid}, tariff: "seconds"},
		{words: tollgate.Account{Kind: company, Name: "paid", Mode: tollgate.ModePrepaid}, tariff: "pulses", credit: 60},
		{
			words: tollgate.Account{Kind: user, Name: "hot", Mode: tollgate.ModePrepaid, LowCredit: unit},
			of:    "free", credit: 40, lines: 5,
		},
		{
			words: tollgate.Account{Kind: user, Name: "owing", Mode: tollgate.ModePrepaid, CreditLimit: 5 * unit},
			of:    "free", tariff: "minutes", credit: 20, lines: 2,
		},
		{
			words: tollgate.Account{
				Kind: user, Name: "quota", Mode: tollgate.ModeQuota, Allowance: 30 * unit, Reset: tollgate.Daily,
			},
			of: "free", tariff: "pulses", lines: 2,
		},
		{words: tollgate.Account{Kind: user, Name: "child", Mode: tollgate.ModeParent}, of: "paid", lines: 2},
		{
			words: tollgate.Account{Kind: user, Name: "own", Mode: tollgate.ModePrepaid},
			of:    "paid", tariff: "minutes", credit: 15, lines: 2,
		},
		{
			words: tollgate.Account{Kind: user, Name: "limited", Mode: tollgate.ModePostpaid, CreditLimit: 12 * unit},
			of:    "free", lines: 1,
		},
		{words: tollgate.Account{Kind: user, Name: "unlimited", Mode: tollgate.ModeParent}, of: "free", lines: 1},
	}
}

func (w *simWorld) build(c *store.Change) error {
	tariffs, err := simTariffs(c)
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
	w.device, w.extensions, w.owners = device.ID, 0, nil
	made := make(map[string]tollgate.Account)
	for _, a := range simAccounts() {
		words, of := a.words, made[a.of]
		words.Currency, words.Timezone, words.Tariff = "EUR", "Europe/Berlin", tariffs[a.tariff]
		words.Parent, words.Enterprise = of.ID, of.Enterprise
		if err := c.PutAccount(&words); err != nil {
			return err
		}
		made[words.Name] = words
		if words.Limited() {
			w.credit[words.ID] = a.credit * tollgate.MicroPerUnit
		}
		for range a.lines {
			e := tollgate.Extension{Device: device.ID, Number: strconv.Itoa(100 + w.extensions), Account: words.ID}
			w.extensions, w.owners = w.extensions+1, append(w.owners, words.ID)
			if err := c.PutExtension(e); err != nil {
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
