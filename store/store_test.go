package store_test

import (
	"context"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// office is a small configuration to test with.
type office struct {
	enterprise, user tollgate.Account
	device           tollgate.Device
	tariff           tollgate.Tariff
	operator         tollgate.Operator
}

var root = store.Actor{Name: "root", Address: "127.0.0.1"}

func change(t *testing.T, db *store.DB, fn func(*store.Change) error) {
	t.Helper()
	if err := db.Change(t.Context(), root, "test", fn); err != nil {
		t.Fatal(err)
	}
}

// furnish makes an enterprise called name with a user, a device with an
// extension and a trunk, a tariff and an operator.
func furnish(t *testing.T, db *store.DB, name string) *office {
	t.Helper()
	o := &office{}
	change(t, db, func(c *store.Change) error {
		o.tariff = tollgate.Tariff{Name: name + " retail", Currency: "EUR", Timezone: "Europe/Berlin", Per: 60}
		if err := c.PutTariff(&o.tariff); err != nil {
			return err
		}
		o.operator = tollgate.Operator{Name: name + " carrier", Tariff: o.tariff.ID}
		if err := c.PutOperator(&o.operator); err != nil {
			return err
		}
		o.enterprise = tollgate.Account{
			Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: name, Currency: "EUR",
			Timezone: "Europe/Berlin", Tariff: o.tariff.ID,
		}
		if err := c.PutAccount(&o.enterprise); err != nil {
			return err
		}
		o.user = tollgate.Account{
			Enterprise: o.enterprise.ID, Parent: o.enterprise.ID, Kind: tollgate.KindUser,
			Mode: tollgate.ModePrepaid, Name: "user of " + name, Code: "4711", Currency: "EUR",
			Timezone: "Europe/Berlin",
		}
		if err := c.PutAccount(&o.user); err != nil {
			return err
		}
		o.device = tollgate.Device{
			Enterprise: o.enterprise.ID, Name: name + " pbx", Kind: tollgate.DeviceAsterisk,
			Timezone: "Europe/Berlin", DefaultAccount: o.enterprise.ID, Account: name + " dock",
			Asterisk: tollgate.AMISettings{Address: "127.0.0.1:5038", Username: "tollgate", Secret: "hush"},
			Enabled:  true,
		}
		if err := c.PutDevice(&o.device, "hash"); err != nil {
			return err
		}
		if err := c.PutExtension(tollgate.Extension{
			Device: o.device.ID, Number: "101", Account: o.user.ID, Name: "Reception",
		}); err != nil {
			return err
		}
		return c.PutTrunk(tollgate.Trunk{Device: o.device.ID, Name: "PJSIP/provider", Operator: o.operator.ID})
	})
	return o
}

// A change is counted once it is there: who reads the version after that, reads it.
func TestChangesAreCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		before := db.Changes()
		err := db.Change(t.Context(), store.Actor{Name: "test"}, "nothing", func(*store.Change) error {
			if n := db.Changes(); n != before {
				t.Errorf("counted before it was made: %d after %d", n, before)
			}
			return nil
		})
		if n := db.Changes(); err != nil || n == before {
			t.Errorf("%d after %d, %v", n, before, err)
		}
	})
}

func TestDirectoryHoldsWhatWasPut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		before, err := db.ConfigVersion(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o := furnish(t, db, "acme")
		d, err := db.Directory(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if d.Version != before+1 {
			t.Errorf("version went from %d to %d, want one more", before, d.Version)
		}
		if len(d.Devices) != 1 || d.Devices[0].Asterisk.Secret != "hush" || d.Devices[0].ID != o.device.ID {
			t.Errorf("devices: %+v", d.Devices)
		}
		if len(d.Accounts) != 2 || len(d.Extensions) != 1 || len(d.Trunks) != 1 ||
			len(d.Operators) != 1 || len(d.Tariffs) != 1 || d.Tariffs[0].Revision != 1 {
			t.Errorf("directory: %+v", d)
		}
	})
}
