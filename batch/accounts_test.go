package batch

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// furnishEveryKind makes accounts of every kind and mode, as the pages, the API
// and the issue of cards leave them, and the house account that a recharge makes.
func furnishEveryKind(t *testing.T) *store.DB {
	t.Helper()
	p := newPrinter(t, storetest.Open(t, storetest.SQLite(t)))
	if _, err := p.issue(t.Context(), p.book, p.summer()); err != nil {
		t.Fatal(err)
	}
	err := p.db.Change(t.Context(), clerk, "furnish", func(c *store.Change) error {
		tariff := tollgate.Tariff{
			Name: "retail", Currency: "EUR", Timezone: "UTC", Per: 60, Decimals: 6,
			Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp,
		}
		company := tollgate.Account{
			Kind: tollgate.KindEnterprise, Name: "Zeta", Mode: tollgate.ModePrepaid, Currency: "CHF",
		}
		department := tollgate.Account{
			Enterprise: p.enterprise, Parent: p.enterprise, Kind: tollgate.KindGateway, Name: "Sales",
			Mode: tollgate.ModePostpaid, Currency: "EUR", CreditLimit: 50_000_000, Code: "7", Frozen: true,
		}
		if err := c.PutTariff(&tariff); err != nil {
			return err
		}
		for _, a := range []*tollgate.Account{&company, &department} {
			if err := c.PutAccount(a); err != nil {
				return err
			}
		}
		for _, a := range []*tollgate.Account{
			{
				Parent: p.enterprise, Name: "Anna", Mode: tollgate.ModeQuota, Allowance: 1, Reset: tollgate.Weekly,
				WeekStart: int(time.Sunday), LowCredit: 2_500_000, Tariff: tariff.ID,
			},
			{
				Parent: department.ID, Name: "Berta", Mode: tollgate.ModeParent, Timezone: "Europe/Berlin",
				Bills: tollgate.BillPrivate, Business: tollgate.BusinessEnterprise,
			},
			{Name: "Aaron", Mode: tollgate.ModePostpaid}, // below nobody, as the API allows
		} {
			a.Enterprise, a.Kind, a.Currency = p.enterprise, tollgate.KindUser, "EUR"
			if err := c.PutAccount(a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.db
}

// An export read back changes nothing, also where an account inherits what it does not say.
func TestExportedAccountsAreReadBackUnchanged(t *testing.T) {
	db := furnishEveryKind(t)
	var exported bytes.Buffer
	if err := ExportAccounts(t.Context(), db, store.Everything, &exported); err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(exported.String(), "\n") - 1
	preview, rejects, err := ImportAccounts(t.Context(), db, actor(), bytes.NewReader(exported.Bytes()), false)
	if err != nil || len(rejects) > 0 || counts(preview) != [4]int{0, 0, 0, lines} {
		t.Errorf("%d lines read back as %+v, %v, %v", lines, preview, rejects, err)
	}
}

// Only a new company needs a zone of its own; everybody else has his company's.
func TestImportedZones(t *testing.T) {
	db := newBooks(t)
	const sheet = "enterprise,kind,name,currency,timezone\nAcme,enterprise,Acme,EUR,\nAcme,user,Anna,EUR,\n" +
		"Bolt,enterprise,Bolt,EUR,Europe/Berlin\n"
	for range 2 {
		if _, rejects, err := ImportAccounts(t.Context(), db, actor(), strings.NewReader(sheet), false); err != nil ||
			len(rejects) > 0 {
			t.Fatal(rejects, err)
		}
	}
	cleared := strings.Replace(sheet, "Europe/Berlin", "", 1)
	if _, _, err := ImportAccounts(t.Context(), db, actor(), strings.NewReader(cleared), false); err != nil {
		t.Fatal(err)
	}
	directory, err := db.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"Acme": "UTC", "Anna": "", "Bolt": "Europe/Berlin"}
	for _, a := range directory.Accounts {
		if a.Timezone != want[a.Name] {
			t.Errorf("%s has the time zone %q, want %q", a.Name, a.Timezone, want[a.Name])
		}
	}
}
