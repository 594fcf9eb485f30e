package batch

import (
	"bytes"
	"strings"
	"testing"

	"tollgate"
	"tollgate/rating"
	"tollgate/rating/specimen"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestReadRates(t *testing.T) {
	rates, rejects, err := ReadRates(strings.NewReader(`name;price;prefix;number;class;price_peak;per;connect_fee;first_interval;next_interval
Germany;0.02;49;;;;;;60;1
"Info; ""24h""";1.5;;4911833;;2;1;0.10;;
Mobile;;;;mobile;;;;;
`))
	if err != nil || len(rejects) > 0 {
		t.Fatal(err, rejects)
	}
	want := []tollgate.Rate{
		{Prefix: "49", Name: "Germany", Price: "0.02", First: "60", Next: "1", Line: 2},
		{
			Number: "4911833", Name: `Info; "24h"`, Price: "1.5", PricePeak: "2", Per: "1", ConnectFee: "0.10", Line: 3,
		},
		{Class: tollgate.ClassMobile, Name: "Mobile", Line: 4},
	}
	if diff := cmp.Diff(want, rates); diff != "" {
		t.Error(diff)
	}
}

func TestReadRatesRejects(t *testing.T) {
	rates, rejects, err := ReadRates(strings.NewReader(`prefix,number,class,price,per,next_interval
49,,,0.02,,
+43,,,0.02,,
43,,,"0,02",,
43,,,0.02,0,
43,,,0.02,,0
43,4312,,0.02,,
,,,0.02,,
,,rare,0.02,,
49,,,0.03,,
,49,,0.03,,
what is this
12345678901234567,,,0.03,,
`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]tollgate.Rate{
		{Prefix: "49", Price: "0.02", Line: 2}, {Number: "49", Price: "0.03", Line: 11},
	}, rates); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, r := range rejects {
		got = append(got, r.String())
	}
	want := []string{
		`line 3, prefix "+43": write digits only, country code first, at most 16`,
		`line 4, price "0,02": want an amount such as 0.05: digits, at most one decimal point, no sign`,
		`line 5, per "0": want whole seconds, 1 to 1000000`,
		`line 6, next_interval "0": want whole seconds, 1 to 1000000`,
		`line 7, prefix "43": only one of prefix, number and class can be given`,
		`line 8, prefix "": one of prefix, number and class must be given`,
		`line 9, class "rare": unknown; there are [internal local domestic international mobile premium tollfree emergency]`,
		`line 10, prefix "49": is in line 2 already; remove one of them`,
		`line 12: has 1 fields, the header has 6`,
		`line 13, prefix "12345678901234567": write digits only, country code first, at most 16`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadRatesHeader(t *testing.T) {
	_, _, err := ReadRates(strings.NewReader("prefix,rate\n49,1\n"))
	const want = `unknown column "rate"; columns are prefix, number, class`
	if tollgate.CodeOf(err) != tollgate.CodeInvalid || !strings.Contains(err.Error(), want) {
		t.Error(err)
	}
}

// Rates that can be read can be compiled, and read the same after they were written.
func FuzzReadRates(f *testing.F) {
	f.Add([]byte("prefix,price\n49,0.02\n49,1\n"))
	f.Add([]byte("number;class;name;price_peak;per;connect_fee;first_interval;next_interval\n" +
		"1;;\"=1+1\";0.1;1;0;0;6\n;mobile;;;;;;\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, _, err := ReadRates(bytes.NewReader(text))
		if err != nil {
			return
		}
		var file bytes.Buffer
		if err := WriteRates(&file, first); err != nil {
			t.Fatal(err)
		}
		second, rejects, err := ReadRates(bytes.NewReader(file.Bytes()))
		if err != nil || len(rejects) > 0 {
			t.Fatalf("%v, %v in\n%s", err, rejects, file.Bytes())
		}
		ignore := cmpopts.IgnoreFields(tollgate.Rate{}, "Line")
		if diff := cmp.Diff(first, second, ignore, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s\n%s", diff, file.Bytes())
		}
		_, err = rating.Compile(specimen.Tariff(), []tollgate.Deck{{Rates: first}})
		if err != nil && !strings.Contains(err.Error(), "too large beside") {
			t.Errorf("read, but does not compile: %v", err)
		}
	})
}

func BenchmarkReadRates(b *testing.B) {
	var file bytes.Buffer
	if err := WriteRates(&file, specimen.Rates(100_000)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, rejects, err := ReadRates(bytes.NewReader(file.Bytes())); err != nil || len(rejects) > 0 {
			b.Fatal(err, rejects)
		}
	}
}
