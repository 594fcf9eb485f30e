package batch

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
)

const accountSheet = `enterprise,kind,name,parent,mode,code,currency,tariff,credit_limit,allowance,reset,timezone,frozen
Acme,enterprise,Acme,,postpaid,,EUR,retail,100,,,Europe/Berlin,no
Acme,user,Anna,,parent,a-1,EUR,,,,,Europe/Berlin,no
Acme,user,Berta,Anna,quota,,EUR,,,25.50,day,Europe/Berlin,yes
`

func actor() store.Actor { return store.Actor{Name: "test"} }

// newBooks is a store with one tariff and one device.
func newBooks(t *testing.T) *store.DB {
	t.Helper()
	db := storetest.Open(t, storetest.SQLite(t))
	err := db.Change(t.Context(), actor(), "test", func(c *store.Change) error {
		err := c.PutTariff(&tollgate.Tariff{
			Name: "retail", Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
			Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp,
		})
		if err != nil {
			return err
		}
		return c.PutDevice(&tollgate.Device{
			Name: "pbx", Kind: tollgate.DevicePush, Timezone: "Europe/Berlin",
			ForwardPayer: tollgate.OriginatorPays, Plan: tollgate.DialingPlan{Country: "DE"},
		}, "")
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func counts(p Preview) [4]int { return [4]int{p.Added, p.Changed, p.Removed, p.Same} }

func TestImportAccounts(t *testing.T) {
	db := newBooks(t)
	changed := strings.Replace(accountSheet, "25.50", "30", 1)
	for _, step := range []struct {
		name, sheet string
		dryRun      bool
		want        [4]int // added, changed, removed, same
	}{
		{"preview of new", accountSheet, true, [4]int{3, 0, 0, 0}},
		{"new", accountSheet, false, [4]int{3, 0, 0, 0}},
		{"again", accountSheet, false, [4]int{0, 0, 0, 3}},
		{"preview of change", changed, true, [4]int{0, 1, 0, 2}},
		{"change", changed, false, [4]int{0, 1, 0, 2}},
		{"change again", changed, false, [4]int{0, 0, 0, 3}},
	} {
		preview, rejects, err := ImportAccounts(t.Context(), db, actor(), strings.NewReader(step.sheet), step.dryRun)
		if err != nil || len(rejects) > 0 || counts(preview) != step.want {
			t.Errorf("%s: got %+v, %v, %v, want %v", step.name, preview, rejects, err, step.want)
		}
	}
	var exported bytes.Buffer
	if err := ExportAccounts(t.Context(), db, store.Everything, &exported); err != nil {
		t.Fatal(err)
	}
	preview, rejects, err := ImportAccounts(t.Context(), db, actor(), &exported, false)
	if err != nil || len(rejects) > 0 || counts(preview) != [4]int{0, 0, 0, 3} {
		t.Errorf("what was exported reads back as %+v, %v, %v", preview, rejects, err)
	}
}

// One refused line and nothing is imported, and every refused line is named.
func TestImportAccountsAllOrNothing(t *testing.T) {
	db := newBooks(t)
	for name, test := range map[string]struct {
		lines string
		want  []string
	}{
		"fields": {
			"Acme,client,Carl,,parent,,EUR,,,,,UTC,no\n" +
				"Acme,user,Dora,,free,,EUR,,,,,UTC,no\n" +
				"Acme,user,Emil,,parent,,EUR,,x,,,UTC,no\n",
			[]string{
				`line 5, kind "client": want enterprise, user, gateway or card`,
				`line 6, mode "free": want prepaid, postpaid, quota or parent`,
				`line 7, credit_limit "x": want an amount such as 25 or 25.50`,
			},
		},
		"names": {
			"Bolt,user,Carl,,parent,,EUR,,,,,UTC,no\n" +
				"Acme,user,Dora,,prepaid,,EUR,cheap,,,,UTC,no\n" +
				"Acme,user,Emil,Nobody,parent,,EUR,,,,,UTC,no\n" +
				"Acme,user,Fritz,,prepaid,,EUR,,,,,Mars/Olympus,no\n",
			[]string{
				`line 5, enterprise "Bolt": no such enterprise: give it a line above this one`,
				`line 6, tariff "cheap": no such tariff`,
				`line 7, parent "Nobody": no such account: give it a line above this one`,
				`line 8: account "Fritz": time zone "Mars/Olympus": want an IANA name such as Europe/Berlin`,
			},
		},
	} {
		_, rejects, err := ImportAccounts(t.Context(), db, actor(), strings.NewReader(accountSheet+test.lines), false)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rejects {
			got = append(got, r.String())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		directory, err := db.Directory(t.Context())
		if err != nil || len(directory.Accounts) != 0 {
			t.Errorf("%s: %d accounts were imported, %v", name, len(directory.Accounts), err)
		}
	}
}

func TestImportExtensions(t *testing.T) {
	db := newBooks(t)
	if _, _, err := ImportAccounts(t.Context(), db, actor(), strings.NewReader(accountSheet), false); err != nil {
		t.Fatal(err)
	}
	const sheet = "device;number;enterprise;account;name\npbx;101;Acme;Anna;Anna at the desk\npbx;102;Acme;Berta;\n"
	for round, want := range [][4]int{{2, 0, 0, 0}, {0, 0, 0, 2}} {
		preview, rejects, err := ImportExtensions(t.Context(), db, actor(), strings.NewReader(sheet), false)
		if err != nil || len(rejects) > 0 || counts(preview) != want {
			t.Errorf("round %d: got %+v, %v, %v", round, preview, rejects, err)
		}
	}
	var exported bytes.Buffer
	if err := ExportExtensions(t.Context(), db, store.Everything, &exported); err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(sheet, ";", ","); exported.String() != want {
		t.Errorf("exported\n%s", exported.String())
	}
	bad := "device,number,enterprise,account\npbx,,Acme,Anna\n"
	_, rejects, _ := ImportExtensions(t.Context(), db, actor(), strings.NewReader(bad), false)
	if len(rejects) != 1 || rejects[0].Column != "number" {
		t.Errorf("an empty number gives %v", rejects)
	}
	bad = "device,number,enterprise,account\nold,101,Acme,Anna\npbx,101,Acme,Nobody\n"
	_, rejects, _ = ImportExtensions(t.Context(), db, actor(), strings.NewReader(bad), false)
	if len(rejects) != 2 || rejects[0].Column != "device" || rejects[1].Column != "account" {
		t.Errorf("unknown names give %v", rejects)
	}
}

func TestImportRates(t *testing.T) {
	db := newBooks(t)
	const first = "prefix,name,price\n49,Germany,0.02\n4915,Mobile,0.09\n"
	const second = "prefix,name,price\n49,Germany,0.03\n44,Britain,0.04\n"
	november := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		name, sheet string
		effective   time.Time
		dryRun      bool
		want        [4]int
	}{
		{"new", first, time.Time{}, false, [4]int{2, 0, 0, 0}},
		{"preview", second, time.Time{}, true, [4]int{1, 1, 1, 0}},
		{"still the first", first, time.Time{}, false, [4]int{0, 0, 0, 2}},
		{"a later deck", second, november, false, [4]int{2, 0, 0, 0}},
		{"a later deck again", second, november, false, [4]int{0, 0, 0, 2}},
	} {
		preview, rejects, err := ImportRates(t.Context(), db, actor(), "retail", step.effective,
			strings.NewReader(step.sheet), step.dryRun)
		if err != nil || len(rejects) > 0 || counts(preview) != step.want {
			t.Errorf("%s: got %+v, %v, %v, want %v", step.name, preview, rejects, err, step.want)
		}
	}
	for at, want := range map[time.Time]string{november.Add(-1): "4915", november: "44"} {
		var exported bytes.Buffer
		if err := ExportRates(t.Context(), db, "retail", at, &exported); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(exported.String(), "\n"+want+",") {
			t.Errorf("at %s: prefix %s is not in\n%s", at, want, exported.String())
		}
	}
	_, rejects, err := ImportRates(t.Context(), db, actor(), "retail", time.Time{},
		strings.NewReader("prefix,price\n49,0.02\n49,0.03\n"), false)
	if err != nil || len(rejects) != 1 {
		t.Errorf("the same prefix twice: got %v, %v", rejects, err)
	}
	_, _, err = ImportRates(t.Context(), db, actor(), "wholesale", time.Time{}, strings.NewReader(first), false)
	if tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Errorf("an unknown tariff: got %v", err)
	}
}

func TestImportTariff(t *testing.T) {
	db := newBooks(t)
	const file = "name = \"wholesale\"\ncurrency = \"EUR\"\ntimezone = \"Europe/Berlin\"\n[default]\nprice = \"0.05\"\n"
	for round, want := range [][4]int{{1, 0, 0, 0}, {0, 1, 0, 0}} {
		preview, _, err := ImportTariff(t.Context(), db, actor(), strings.NewReader(file), true, false)
		if err != nil || counts(preview) != want {
			t.Errorf("round %d: got %+v, %v", round, preview, err)
		}
	}
	tariffs, err := db.Tariffs(t.Context(), store.Everything)
	if err != nil || len(tariffs) != 2 {
		t.Errorf("%d tariffs, %v", len(tariffs), err)
	}
}
