package batch

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"tollgate"
	"tollgate/rating"

	"github.com/google/go-cmp/cmp"
)

func TestReadTariff(t *testing.T) {
	file, err := os.Open("testdata/tariff.toml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := ReadTariff(file)
	if err != nil {
		t.Fatal(err)
	}
	want := tollgate.Tariff{
		Name: "retail", Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
		Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp,
		Default: tollgate.Rate{Price: "0.05", PricePeak: "0.10", ConnectFee: "0", First: "60", Next: "60"},
		Peak: tollgate.PeakWindow{
			From: "08:00", To: "18:00", Weekend: []string{"saturday", "sunday"},
			Holidays: []string{"01-01", "12-25", "2026-05-14", "easter_monday", "good_friday"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadTariffDefaults(t *testing.T) {
	got, err := ReadTariff(strings.NewReader("\ufeffname='x'\ncurrency='EUR'\n[peak]\nholidays='de'\n[default]\nprice=0"))
	if err != nil {
		t.Fatal(err)
	}
	want := tollgate.Tariff{
		Name: "x", Currency: "EUR", Timezone: "UTC", Per: 60, Decimals: 6,
		Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp,
		Default: tollgate.Rate{Price: "0"}, Peak: tollgate.PeakWindow{Holidays: []string{"de"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadTariffRefuses(t *testing.T) {
	const head = "name = \"x\"\ncurrency = \"EUR\"\n"
	tests := map[string]struct{ file, want string }{
		"unknown key":        {head + "colour = 1", `line 3: unknown key "colour"`},
		"unknown key below":  {head + "[peak]\nfrom='08:00'\n'wochen ende'=1", `unknown key`},
		"unknown in default": {head + "[default]\n\nper = 60", `line 5: unknown key "default.per"`},
		"unknown table":      {head + "[ peaks ]\nfrom='08:00'", `line 3: unknown key "peaks"`},
		"not TOML":           {head + "per = = 3", `line 3`},
		"float":              {head + "[default]\nprice = 0.05", `line 4 (last key "default.price"): write the amount in quotes`},
		"text for number":    {head + "per = \"60\"", `line 3`},
		"number for text":    {"name = 5", `line 1`},
		"fraction of seconds": {
			head + "[default]\nfirst_interval = 1.5", `line 4 (last key "default.first_interval"): want whole seconds`,
		},
		"number for holiday": {head + "[peak]\nholidays = [1225]", `line 4 (last key "peak.holidays"): want names`},
		"no name":            {"currency = 'EUR'", `key "name" is missing`},
		"no currency":        {"name = 'x'", `currency "": want`},
		"wrong value":        {head + "\ntimezone = 'Europe/Bonn'", `line 4: timezone "Europe/Bonn": unknown zone`},
		"wrong value below":  {head + "[peak]\n to = '26:00'", `line 4: peak.to "26:00": want a time of day`},
		"wrong default":      {head + "[default]\nprice = '0,05'", `line 4: default.price "0,05": want an amount`},
		"too long":           {strings.Repeat("#", TariffBytesMax+1), "longer than 1048576 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ReadTariff(strings.NewReader(test.file))
			if tollgate.CodeOf(err) != tollgate.CodeInvalid || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// What can be read is in order, and reads the same after it was written.
func FuzzReadTariff(f *testing.F) {
	example, err := os.ReadFile("testdata/tariff.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("name='a\"\\n'\ncurrency='CREDIT'\nper=1\ngrace=3\nmin_charge='0.1'\nmax_charge=5\ndescription='ä'"))
	f.Add([]byte("name='x'\ncurrency='EUR'\ndefault_customer=true\ndefault.price=1\npeak.weekend='sunday'"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := ReadTariff(bytes.NewReader(text))
		if err != nil {
			return
		}
		if _, err := rating.Compile(first, nil); err != nil {
			t.Fatalf("read, but does not compile: %v", err)
		}
		var file bytes.Buffer
		if err := WriteTariff(&file, first); err != nil {
			t.Fatal(err)
		}
		second, err := ReadTariff(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, file.Bytes())
		}
		if diff := cmp.Diff(emptyLists(first), emptyLists(second)); diff != "" {
			t.Errorf("%s\n%s", diff, file.Bytes())
		}
	})
}

// emptyLists makes no names and a list of none the same.
func emptyLists(t tollgate.Tariff) tollgate.Tariff {
	t.Peak.Weekend = append([]string{}, t.Peak.Weekend...)
	t.Peak.Holidays = append([]string{}, t.Peak.Holidays...)
	return t
}
