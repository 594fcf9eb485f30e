package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestOpenRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, url := range []string{"", "sqlite:", "mysql://x", "file.db", "postgres://%zz"} {
		_, err := store.Open(t.Context(), url, store.Options{Now: time.Now})
		if tollgate.CodeOf(err) != tollgate.CodeInvalid {
			t.Errorf("%q: %v, want invalid", url, err)
		}
	}
	_, err := store.Open(t.Context(), "postgres://127.0.0.1:1/x?connect_timeout=1", store.Options{Now: time.Now})
	if tollgate.CodeOf(err) != tollgate.CodeUnavailable {
		t.Errorf("no server: %v, want unavailable", err)
	}
}

func TestMigrateOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		var opened sync.WaitGroup
		for range 4 { // nodes that start at the same moment
			opened.Go(func() {
				db, err := store.Open(t.Context(), url, store.Options{Now: time.Now})
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		opened.Wait()
		if _, err := bare(t, url).ExecContext(t.Context(), `INSERT INTO migration (version, applied_at, why)
			VALUES (1000, 0, 'a newer program')`); err != nil {
			t.Fatal(err)
		}
		_, err := store.Open(t.Context(), url, store.Options{Now: time.Now})
		if tollgate.CodeOf(err) != tollgate.CodeConflict || !strings.Contains(err.Error(), "newer") {
			t.Errorf("a newer schema: %v, want a conflict that says so", err)
		}
	})
}

func TestPutAndReadBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		o.user.Name, o.user.Frozen, o.user.CreditLimit = "Erika", true, 5_000_000
		o.device.Plan = tollgate.DialingPlan{Country: "DE", RoutePrefixes: []string{"0", "9"}}
		o.device.ForwardPayer = tollgate.ExtensionPays
		o.device.Control = true
		o.device.Rules = []tollgate.CallRule{{
			Name: "mobile", Conditions: []tollgate.Condition{{Pattern: "^49(1[567].*)"}}, Tariff: o.tariff.ID, Charge: true,
			Account: "$1", NoCredit: tollgate.Action{Kind: tollgate.ActionTransfer, Target: "100"},
			Exhausted: tollgate.Action{Kind: tollgate.ActionAnnounce, Sound: "no-credit"},
		}}
		o.user.Bills, o.user.Business = tollgate.BillPrivate, tollgate.BusinessEnterprise
		o.user.LowCredit, o.user.WeekStart, o.user.Reset = 2_000_000, 6, tollgate.Weekly
		o.tariff.Peak = tollgate.PeakWindow{From: "08:00", To: "18:00", Weekend: []string{"sunday"}}
		o.tariff.DefaultCustomer = true
		attributions := []tollgate.Attribution{
			{Prefix: "4930", Class: tollgate.ClassLocal, Country: "DE", AreaCode: "30"},
		}
		deck := tollgate.Deck{Tariff: o.tariff.ID, Effective: noon, Rates: []tollgate.Rate{
			{Class: tollgate.ClassMobile, Price: "0.2"},
			{Number: "4930110", Price: "0"},
			{
				Prefix: "49", Name: "Germany", Price: "0.1", PricePeak: "0.2", ConnectFee: "0.05",
				Per: "60", First: "30", Next: "6",
			},
		}}
		exchange := store.ExchangeRate{From: "USD", To: "EUR", Effective: noon, Rate: "0.92"}
		change(t, db, func(c *store.Change) error {
			for _, err := range []error{
				c.PutAccount(&o.user), c.PutDevice(&o.device, ""), c.PutTariff(&o.tariff),
				c.PutAttributions(attributions), c.PutDeck(&deck), c.PutExchangeRate(exchange),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		d, err := db.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o.tariff.Revision++ // by the deck
		for what, pair := range map[string][2]any{
			"devices":      {d.Devices, []tollgate.Device{o.device}},
			"tariffs":      {d.Tariffs, []tollgate.Tariff{o.tariff}},
			"attributions": {d.Attributions, attributions},
			"exchange":     {d.Exchange, []store.ExchangeRate{exchange}},
		} {
			if diff := cmp.Diff(pair[1], pair[0]); diff != "" {
				t.Errorf("%s: -want +got\n%s", what, diff)
			}
		}
		user, err := db.Account(t.Context(), store.Everything, o.user.ID)
		if diff := cmp.Diff(o.user, user); err != nil || diff != "" {
			t.Errorf("account: %v, -want +got\n%s", err, diff)
		}
		decks, err := db.Decks(t.Context(), o.tariff.ID)
		if diff := cmp.Diff([]tollgate.Deck{deck}, decks); err != nil || diff != "" {
			t.Errorf("decks: %v, -want +got\n%s", err, diff)
		}
	})
}

// refusal is a change that must not happen, and why.
type refusal struct {
	want tollgate.ErrorCode
	do   func(*store.Change) error
}

// foreign gives an account a tariff in dollars.
func foreign(a tollgate.Account) func(*store.Change) error {
	return func(c *store.Change) error {
		t := tollgate.Tariff{Name: "dollars", Currency: "USD", Timezone: "UTC", Per: 60}
		if err := c.PutTariff(&t); err != nil {
			return err
		}
		a.Tariff = t.ID
		return c.PutAccount(&a)
	}
}

func refusedAccounts(o, other *office) map[string]refusal {
	account := func(edit func(*tollgate.Account)) func(*store.Change) error {
		a := o.user
		edit(&a)
		return func(c *store.Change) error { return c.PutAccount(&a) }
	}
	return map[string]refusal{
		"a second account code": {tollgate.CodeConflict, account(func(a *tollgate.Account) { a.ID = 0 })},
		"another currency":      {tollgate.CodeConflict, account(func(a *tollgate.Account) { a.Currency = "USD" })},
		"a circle of parents":   {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Parent = a.ID })},
		"a foreign parent":      {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Parent = other.user.ID })},
		"a zone of nowhere":     {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Timezone = "Mars/Base" })},
		"the machine's zone":    {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Timezone = "Local" })},
		"a lower case currency": {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.ID, a.Currency = 0, "eur" })},
		"an unknown tariff":     {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Tariff = 5 })},
		"a tariff in dollars":   {tollgate.CodeInvalid, foreign(o.user)},
		"a tariff in dollars for who has the company pay": {tollgate.CodeInvalid, foreign(func() tollgate.Account {
			a := o.user
			a.Mode, a.Currency, a.ID, a.Code, a.Name = tollgate.ModeParent, "USD", 0, "", "new"
			return a
		}())},
		"an unknown mode":    {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Mode = "barter" })},
		"bills of a kind":    {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Bills = "some" })},
		"business by nobody": {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.Business = "x" })},
		"low credit below 0": {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.LowCredit = -1 })},
		"an eighth day":      {tollgate.CodeInvalid, account(func(a *tollgate.Account) { a.WeekStart = 7 })},
		"a house account": {tollgate.CodeInvalid, account(func(a *tollgate.Account) {
			a.ID, a.Kind = 0, tollgate.KindHouse
		})},
		"an account nobody has": {tollgate.CodeNotFound, account(func(a *tollgate.Account) { a.ID = 5 })},
	}
}

func refusedObjects(o, other *office) map[string]refusal {
	return map[string]refusal{
		"deleting what has calls": {tollgate.CodeConflict, func(c *store.Change) error {
			return c.DeleteAccount(o.user.ID)
		}},
		"deleting what has children": {tollgate.CodeConflict, func(c *store.Change) error {
			return c.DeleteAccount(o.enterprise.ID)
		}},
		"deleting a device's default": {tollgate.CodeConflict, func(c *store.Change) error {
			return c.DeleteAccount(other.user.ID)
		}},
		"deleting a tariff in use": {tollgate.CodeConflict, func(c *store.Change) error {
			return c.DeleteTariff(o.tariff.ID)
		}},
		"another currency for a tariff in use": {tollgate.CodeConflict, func(c *store.Change) error {
			t := o.tariff
			t.Currency = "USD"
			return c.PutTariff(&t)
		}},
		"another currency for a default in use": {tollgate.CodeConflict, func(c *store.Change) error {
			o := *o
			o.enterprise.Tariff, o.tariff.DefaultCustomer = 0, true
			if c.PutAccount(&o.enterprise) != nil || c.PutTariff(&o.tariff) != nil {
				return errors.New("there is no default")
			}
			o.tariff.Currency = "USD"
			return c.PutTariff(&o.tariff)
		}},
		"deleting an operator in use": {tollgate.CodeConflict, func(c *store.Change) error {
			return c.DeleteOperator(o.operator.ID)
		}},
		"a device twice": {tollgate.CodeConflict, func(c *store.Change) error {
			d := o.device
			d.ID, d.Account = 0, ""
			return c.PutDevice(&d, "")
		}},
		"a rule that does not compile": {tollgate.CodeInvalid, func(c *store.Change) error {
			d := o.device
			d.Rules = []tollgate.CallRule{{Conditions: []tollgate.Condition{{Pattern: "("}}}}
			return c.PutDevice(&d, "")
		}},
		"rules without end": {tollgate.CodeInvalid, func(c *store.Change) error {
			d := o.device
			d.Rules = make([]tollgate.CallRule, tollgate.RulesMax+1)
			return c.PutDevice(&d, "")
		}},
		"a foreign account for an extension": {tollgate.CodeInvalid, func(c *store.Change) error {
			return c.PutExtension(tollgate.Extension{Device: o.device.ID, Number: "1", Account: other.user.ID})
		}},
		"an extension of no device": {tollgate.CodeNotFound, func(c *store.Change) error {
			return c.PutExtension(tollgate.Extension{Device: 5, Number: "1"})
		}},
		"two rates with one key": {tollgate.CodeConflict, func(c *store.Change) error {
			return c.PutDeck(&tollgate.Deck{
				Tariff: o.tariff.ID, Rates: []tollgate.Rate{{Prefix: "49"}, {Prefix: "49"}},
			})
		}},
		"two default tariffs": {tollgate.CodeConflict, func(c *store.Change) error {
			for _, name := range []string{"one", "two"} {
				if err := c.PutTariff(&tollgate.Tariff{Name: name, DefaultCustomer: true}); err != nil {
					return err
				}
			}
			return nil
		}},
		"deleting what is not there": {tollgate.CodeNotFound, func(c *store.Change) error {
			return c.DeleteTrunk(o.device.ID, "PJSIP/other")
		}},
	}
}

func TestChangeRefuses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, other := furnish(t, db, "acme"), furnish(t, db, "umbra")
		o.post(t, db, o.call(1))
		cases := refusedAccounts(o, other)
		maps.Copy(cases, refusedObjects(o, other))
		for name, try := range cases {
			before, err := db.ConfigVersion(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			err = db.Change(t.Context(), root, "test", try.do)
			if tollgate.CodeOf(err) != try.want {
				t.Errorf("%s: %v (%s), want %s", name, err, tollgate.CodeOf(err), try.want)
			}
			if after, _ := db.ConfigVersion(t.Context()); after != before {
				t.Errorf("%s: the version went up though nothing changed", name)
			}
		}
		checkBooks(t, db)
	})
}

// The account that nothing names is the only one that can be deleted; devices,
// tariffs and operators are hidden once nothing leads to them.
func TestDelete(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		o.post(t, db, o.call(1))
		spare := o.user
		spare.ID, spare.Code, spare.Name = 0, "", "spare"
		change(t, db, func(c *store.Change) error { return c.PutAccount(&spare) })
		change(t, db, func(c *store.Change) error {
			o.enterprise.Tariff, o.operator.Tariff = 0, 0
			for _, err := range []error{
				c.DeleteAccount(spare.ID), c.PutAccount(&o.enterprise), c.DeleteDevice(o.device.ID),
				c.PutOperator(&o.operator), c.DeleteOperator(o.operator.ID), c.DeleteTariff(o.tariff.ID),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		d, err := db.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Accounts) != 2 || len(d.Devices)+len(d.Extensions)+len(d.Trunks)+len(d.Operators)+len(d.Tariffs) != 0 {
			t.Errorf("left in the directory: %+v", d)
		}
		calls, err := db.CDRs(t.Context(), store.Everything, store.CDRFilter{Device: o.device.ID}, store.Paging{})
		if err != nil || len(calls.Items) != 1 {
			t.Errorf("the call of the deleted device: %+v, %v", calls, err)
		}
		o.enterprise.Name = "gone"
		change(t, db, func(c *store.Change) error { return c.PutAccount(&o.enterprise) })
		again := furnish(t, db, "acme") // the names are free
		if again.device.ID == o.device.ID {
			t.Error("a new device has the deleted one's id")
		}
	})
}

func TestOperationLogTellsWhatChangedAndNoSecret(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		o.device.Asterisk.Secret, o.device.Name = "", "renamed"
		change(t, db, func(c *store.Change) error { return c.PutDevice(&o.device, "second hash") })
		if o.device.Asterisk.Secret != "hush" {
			t.Errorf("an empty secret did not keep the stored one but %q", o.device.Asterisk.Secret)
		}
		log, err := db.OperationLog(t.Context(), store.Everything, store.Paging{})
		if err != nil {
			t.Fatal(err)
		}
		newest := log.Items[0]
		if newest.Actor != "root" || newest.Address != "127.0.0.1" || newest.Action != "test" ||
			newest.Object != "device "+o.device.ID.String() || time.Since(newest.At) > time.Minute {
			t.Errorf("log: %+v", newest)
		}
		if !strings.Contains(newest.Before, "acme pbx") || !strings.Contains(newest.After, "renamed") {
			t.Errorf("log: before %s, after %s", newest.Before, newest.After)
		}
		for _, op := range log.Items {
			if text := op.Before + op.After; strings.Contains(text, "hush") || strings.Contains(text, "hash") {
				t.Errorf("a secret in the log: %s", text)
			}
		}
		if _, hash, err := db.DeviceLogin(t.Context(), "acme dock"); err != nil || hash != "second hash" {
			t.Errorf("device login: %q, %v", hash, err)
		}
	})
}

func TestSessionsAndTokens(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		now := noon
		db := storetest.OpenAt(t, url, func() time.Time { return now })
		if err := db.PutSession(t.Context(), "h", []byte("one"), noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := db.PutSession(t.Context(), "h", []byte{0, 255}, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Session(t.Context(), "h"); err != nil || string(got) != "\x00\xff" {
			t.Errorf("session: %q, %v", got, err)
		}
		token := store.Token{Name: "n", Hash: "t", Role: "reader", Expires: noon.Add(time.Hour)}
		change(t, db, func(c *store.Change) error { return c.PutToken(&token) })
		now = noon.Add(2 * time.Minute)
		if err := db.TouchToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if got, err := db.TokenByHash(t.Context(), "t"); err != nil || !got.Used.Equal(now) || got.Role != "reader" {
			t.Errorf("token: %+v, %v", got, err)
		}
		now = noon.Add(2 * time.Hour)
		if _, err := db.Session(t.Context(), "h"); tollgate.CodeOf(err) != tollgate.CodeNotFound {
			t.Errorf("an expired session: %v", err)
		}
		if _, err := db.TokenByHash(t.Context(), "t"); tollgate.CodeOf(err) != tollgate.CodeNotFound {
			t.Errorf("an expired token: %v", err)
		}
	})
}

func TestChangesOfManyNodesDoNotLoseEachOther(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		nodes := []*store.DB{storetest.Open(t, url), storetest.Open(t, url)}
		o := furnish(t, nodes[0], "acme")
		var done sync.WaitGroup
		for i, db := range nodes {
			done.Go(func() {
				for j := range 10 {
					err := db.Change(context.Background(), root, "test", func(c *store.Change) error {
						return c.PutExtension(tollgate.Extension{Device: o.device.ID, Number: fmt.Sprint(i, "-", j)})
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		done.Wait()
		d, err := nodes[0].Directory(t.Context())
		if err != nil || len(d.Extensions) != 21 || d.Version != 1+1+20 {
			t.Errorf("%d extensions, version %d, %v; want 21 and 22", len(d.Extensions), d.Version, err)
		}
	})
}

// A change that meets a conflict is made again from the start: what it gave an
// ID has none again.
func TestChangeIsMadeAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		enterprise := tollgate.Account{
			Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: "acme", Currency: "EUR",
			Timezone: "UTC",
		}
		user := store.User{Name: "erika", Role: "admin", PasswordHash: "x"}
		tries := 0
		change(t, db, func(c *store.Change) error {
			tries++
			if err := errors.Join(c.PutAccount(&enterprise), c.PutUser(&user)); err != nil {
				return err
			}
			if tries < 3 {
				return &pgconn.PgError{Code: "40P01", Message: "deadlock detected"}
			}
			return nil
		})
		got, err := db.Account(t.Context(), store.Everything, enterprise.ID)
		if err != nil || got.Enterprise != enterprise.ID || tries != 3 {
			t.Errorf("after %d tries: %+v, %v", tries, got, err)
		}
		if u, err := db.UserByName(t.Context(), "erika"); err != nil || u.ID != user.ID {
			t.Errorf("the user is %+v, %v; want id %d", u, err, user.ID)
		}
	})
}

func TestWhatCannotBeStoredIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		if db.Engine() == store.SQLite {
			return // stores anything
		}
		var endless strings.Builder
		for range 1000 { // of what cannot be compressed
			endless.WriteString(rand.Text())
		}
		for name, number := range map[string]string{
			"endless": endless.String(), "a zero byte": "1\x00", "no UTF-8": "1\xff",
		} {
			err := db.Change(t.Context(), root, "test", func(c *store.Change) error {
				return c.PutExtension(tollgate.Extension{Device: o.device.ID, Number: number})
			})
			if tollgate.CodeOf(err) != tollgate.CodeInvalid {
				t.Errorf("%s: %v, want invalid", name, err)
			}
		}
	})
}

// The tariff of a call rule is there, and stays as long as the rule.
func TestTariffOfACallRule(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		change := func(fn func(*store.Change) error) tollgate.ErrorCode {
			return tollgate.CodeOf(db.Change(t.Context(), store.Actor{Name: "test"}, "test", fn))
		}
		tariff := tollgate.Tariff{Name: "abroad", Currency: "EUR", Timezone: "UTC", Per: 60}
		device := tollgate.Device{Name: "hq", Kind: tollgate.DevicePush, Timezone: "UTC"}
		put := func(c *store.Change) error { return c.PutDevice(&device, "") }
		remove := func(c *store.Change) error { return c.DeleteTariff(tariff.ID) }
		device.Rules = []tollgate.CallRule{{Name: "abroad", Tariff: 42}}
		if got := change(put); got != tollgate.CodeInvalid {
			t.Errorf("a rule with a tariff that is not there: %q", got)
		}
		if got := change(func(c *store.Change) error { return c.PutTariff(&tariff) }); got != "" {
			t.Fatal(got)
		}
		device.Rules[0].Tariff = tariff.ID
		if got := change(put); got != "" {
			t.Fatal(got)
		}
		if got := change(remove); got != tollgate.CodeConflict {
			t.Errorf("deleting its tariff: %q", got)
		}
		device.Rules = nil
		if got := change(put) + change(remove); got != "" {
			t.Error(got)
		}
	})
}
