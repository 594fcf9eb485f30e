package store_test

import (
	"errors"
	"strings"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// In sheets an account is known by its company and its name, so no two share
// them; those that do so from before can be changed all the same, and told apart.
func TestNamesAreTakenOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		o, other := furnish(t, db, "acme"), furnish(t, db, "umbra")
		named := func(a tollgate.Account, id tollgate.ID, name string) func(*store.Change) error {
			a.ID, a.Name, a.Code = id, name, ""
			if a.Kind == tollgate.KindEnterprise {
				a.Enterprise = id
			}
			return func(c *store.Change) error { return c.PutAccount(&a) }
		}
		const inCompany, company = "another account of the company has this name", "another company has this name"
		deep := o.user
		deep.Parent = o.user.ID
		for _, try := range []struct {
			do   func(*store.Change) error
			want string // empty: it is done
		}{
			{named(o.user, 0, o.user.Name), inCompany},
			{named(deep, 0, o.user.Name), inCompany},
			{named(o.user, 0, "acme"), inCompany},
			{named(o.user, o.user.ID, "acme"), inCompany},
			{named(o.enterprise, o.enterprise.ID, o.user.Name), inCompany},
			{named(o.enterprise, 0, "acme"), company},
			{named(other.enterprise, other.enterprise.ID, "acme"), company},
			{named(other.user, 0, o.user.Name), ""},
			{named(o.enterprise, 0, o.user.Name), ""},
			{named(o.user, o.user.ID, o.user.Name), ""},
			{named(o.user, o.user.ID, "umbra"), ""},
		} {
			err := db.Change(t.Context(), root, "test", try.do)
			if try.want == "" && err != nil || try.want != "" &&
				(tollgate.CodeOf(err) != tollgate.CodeConflict || !strings.Contains(err.Error(), try.want)) {
				t.Errorf("%v (%s), want %q", err, tollgate.CodeOf(err), try.want)
			}
		}
		if _, err := bare(t, url).ExecContext(t.Context(), "UPDATE account SET name = 'acme' WHERE id = $1",
			int64(o.user.ID)); err != nil {
			t.Fatal(err)
		}
		o.user.Name, o.user.Frozen = "acme", true
		change(t, db, func(c *store.Change) error { return c.PutAccount(&o.user) })
		o.user.Name = "Erika"
		change(t, db, func(c *store.Change) error { return c.PutAccount(&o.user) })
	})
}

// What is said where the currencies of a tariff and an account do not meet leads
// to the field, and whoever has a wrong tariff from before can still be frozen.
func TestCurrencyOfATariff(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		o := furnish(t, db, "acme")
		for want, do := range map[string]func(*store.Change) error{
			`tariff "dollars": it is in USD but account "user of acme" in EUR: choose a tariff in EUR`: foreign(o.user),
			`currency: account "acme" in EUR pays by this tariff: make another tariff in CHF`: func(
				c *store.Change,
			) error {
				tariff := o.tariff
				tariff.Currency = "CHF"
				return c.PutTariff(&tariff)
			},
		} {
			if err := db.Change(t.Context(), root, "test", do); err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		for _, free := range []func(){
			func() { o.enterprise.Tariff = 0 }, // nobody pays by it then
			func() { o.tariff.Currency = "USD" },
			func() { o.tariff.DefaultCustomer = true }, // the company's money is another already
			func() { o.tariff.Currency = "CHF" },
			func() { o.tariff.Currency = "EUR" },
			func() { o.enterprise.Tariff = o.tariff.ID },
		} {
			free()
			change(t, db, func(c *store.Change) error {
				return errors.Join(c.PutAccount(&o.enterprise), c.PutTariff(&o.tariff))
			})
		}
		_, err := bare(t, url).ExecContext(t.Context(),
			"UPDATE account SET tariff_id = $1, currency = 'USD' WHERE id = $2", int64(o.tariff.ID), int64(o.user.ID))
		if err != nil {
			t.Fatal(err)
		}
		o.user.Tariff, o.user.Currency, o.user.Frozen = o.tariff.ID, "USD", true
		change(t, db, func(c *store.Change) error { return c.PutAccount(&o.user) })
	})
}

// TestSetFrozen freezes an account of one's own scope, with the terms that
// somebody else has set meanwhile.
func TestSetFrozen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o, other := furnish(t, db, "acme"), furnish(t, db, "other")
		freeze := func(s store.Scope, frozen bool) (a tollgate.Account, err error) {
			return a, db.Change(t.Context(), store.Actor{Name: "test"}, "freeze", func(c *store.Change) error {
				a, err = c.SetFrozen(s, o.user.ID, frozen)
				return err
			})
		}
		o.user.CreditLimit = 7
		change(t, db, func(c *store.Change) error { return c.PutAccount(&o.user) })
		if _, err := freeze(store.Scope(o.user.Enterprise), true); err != nil {
			t.Fatal(err)
		}
		a, err := db.Account(t.Context(), store.Everything, o.user.ID)
		if err != nil || !a.Frozen || a.CreditLimit != 7 {
			t.Errorf("%+v %v", a, err)
		}
		if _, err := freeze(store.Scope(other.user.Enterprise), false); tollgate.CodeOf(err) != tollgate.CodeNotFound {
			t.Errorf("another's: %v", err)
		}
		if a, err := freeze(store.Everything, false); err != nil || a.Frozen || a.CreditLimit != 7 {
			t.Errorf("%+v %v", a, err)
		}
	})
}
