package numbering

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"tollgate"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNewPlanRefuses(t *testing.T) {
	tests := []struct {
		name string
		plan tollgate.DialingPlan
		want string
	}{
		{"country", tollgate.DialingPlan{Country: "XX"}, `country "XX"`},
		{"lower case", tollgate.DialingPlan{Country: "de"}, `country "de"`},
		{"area code", tollgate.DialingPlan{AreaCode: "+30"}, `area_code "+30"`},
		{"area code with its prefix", tollgate.DialingPlan{Country: "DE", AreaCode: "030"}, `area_code "030": begins with the national prefix 0 of DE: write 30`},
		{"area code with one of North America", tollgate.DialingPlan{Country: "CA", AreaCode: "1416"}, `write 416`},
		{"area code of nothing else", tollgate.DialingPlan{Country: "DE", AreaCode: "0"}, `leave it empty`},
		{"international prefix", tollgate.DialingPlan{InternationalPrefix: "+"}, `international_prefix "+"`},
		{"national prefix", tollgate.DialingPlan{NationalPrefix: "x"}, `national_prefix "x"`},
		{"route prefix", tollgate.DialingPlan{RoutePrefixes: []string{"9", ""}}, `route_prefixes ""`},
		{"private code", tollgate.DialingPlan{PrivateCodes: []string{"private"}}, `private_codes "private"`},
		{"project code", tollgate.DialingPlan{ProjectCode: strings.Repeat("*", 17)}, `project_code`},
		{"extension digits", tollgate.DialingPlan{ExtensionDigitsMax: -1}, `extension_digits_max -1`},
		{"emergency", tollgate.DialingPlan{Emergency: []string{"11 0"}}, `emergency "11 0"`},
		{"too many", tollgate.DialingPlan{RoutePrefixes: make([]string, 65)}, `route_prefixes: 65 entries`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewPlan(test.plan, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) || tollgate.CodeOf(err) != tollgate.CodeInvalid {
				t.Errorf("got %v, want invalid: %s", err, test.want)
			}
		})
	}
}

// TestNewPlanTakesAreaCodes: where the digit of the national prefix also begins
// area codes, it is part of them.
func TestNewPlanTakesAreaCodes(t *testing.T) {
	for country, area := range map[string]string{
		"DE": "30", "GB": "20", "US": "212", "IT": "06", "SM": "0549", "RU": "812", "HU": "1", "ES": "91",
	} {
		if _, err := NewPlan(tollgate.DialingPlan{Country: country, AreaCode: area}, nil); err != nil {
			t.Errorf("%s %s: %v", country, area, err)
		}
	}
}

func TestNewAttributionsRefuses(t *testing.T) {
	tests := []struct {
		name string
		rows []tollgate.Attribution
		want string
	}{
		{"prefix", []tollgate.Attribution{{Prefix: "49"}, {Prefix: "+49"}}, `attribution 2, prefix "+49": prefix must`},
		{"no prefix", []tollgate.Attribution{{}}, `attribution 1, prefix "": prefix must`},
		{"class", []tollgate.Attribution{{Prefix: "49", Class: "cheap"}}, `class must be empty or one of`},
		{"country", []tollgate.Attribution{{Prefix: "49", Country: "Germany"}}, `country must be empty or two capital letters`},
		{"area code", []tollgate.Attribution{{Prefix: "49", AreaCode: "x"}}, `area_code must`},
		{"destination", []tollgate.Attribution{{Prefix: "49", Destination: strings.Repeat("x", 201)}}, `destination must be at most 200 bytes`},
		{"twice", []tollgate.Attribution{{Prefix: "49"}, {Prefix: "49"}}, `prefix "49" is there twice: 1 and 2`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewAttributions(test.rows)
			if err == nil || !strings.Contains(err.Error(), test.want) || tollgate.CodeOf(err) != tollgate.CodeInvalid {
				t.Errorf("got %v, want invalid: %s", err, test.want)
			}
		})
	}
}

func TestEmergency(t *testing.T) {
	p := plan(t, tollgate.DialingPlan{Country: "DE", RoutePrefixes: []string{"0"}, Emergency: []string{"19222"}})
	for number, want := range map[string]bool{
		"112": true, "0112": true, "110": true, "+49112": true, "0049110": true, "sip:112@host": true, "19222": true,
		"00112": true, "": false, "1120": false, "0001120": false, "911": false, "01121234567": false,
	} {
		if got := p.Normalise(number).Class; (got == tollgate.ClassEmergency) != want {
			t.Errorf("Normalise(%q) is of class %q, emergency: %v", number, got, want)
		}
	}
}

// TestNormalFormIsFixed: a number in normal form, written with a plus sign, is
// the same number again, whatever the device.
func TestNormalFormIsFixed(t *testing.T) {
	plans := manyPlans(t)
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(plans).Draw(t, "plan")
		dialed := rapid.StringMatching(`(\+|00|011|0|9|90|1|)(49|44|1|39|7|55|)[0-9]{3,12}`).Draw(t, "dialed")
		n := rapid.SampledFrom(ways(p)).Draw(t, "way")(dialed)
		switch {
		case n.Class == unknown || n.Class == internal || n.Class == emergency:
			return
		case strings.HasSuffix(n.Destination, "short code"):
			return
		}
		again := p.Normalise("+" + n.E164)
		n.Raw, again.Raw, n.Private = "", "", false
		n.Dialed, again.Dialed = "", ""
		if diff := cmp.Diff(n, again); diff != "" {
			t.Fatalf("%s is +%s, but that is another number (-first +again):\n%s", dialed, n.E164, diff)
		}
	})
}

func FuzzNormalise(f *testing.F) {
	for _, seed := range []string{
		"902085551234", "*7*0049301234567", "*9*4711*0301", "+49 (0)30 123", "sip:112@host", "0112", "",
		"\"x\" <tel:+1-212-555-1234>", "00", "+", "00144930123456", "0111512345678", "\xff",
	} {
		f.Add(seed)
	}
	plans := manyPlans(f)
	f.Fuzz(func(t *testing.T, dialed string) {
		for _, p := range plans {
			for way, read := range ways(p) {
				n := read(dialed)
				if n.Raw != dialed {
					t.Fatalf("%q: raw is %q", dialed, n.Raw)
				}
				if !allDigits(n.E164) || len(n.E164) > numberDigitsMax {
					t.Fatalf("%q: normal form %q", dialed, n.E164)
				}
				if n.Class != unknown && n.E164 == "" {
					t.Fatalf("%q: class %q without a number", dialed, n.Class)
				}
				if way > 0 && n.Class == internal {
					t.Fatalf("%q: took a trunk, and is internal", dialed)
				}
				if again := read(dialed); again != n {
					t.Fatalf("%q: %+v, and then %+v", dialed, n, again)
				}
			}
		}
	})
}

// ways are the ways to read a number, with no extension known.
func ways(p *Plan) []func(string) tollgate.Number {
	return []func(string) tollgate.Number{
		p.Normalise,
		func(dialed string) tollgate.Number { return p.NormaliseOutside(dialed, nobody) },
		func(number string) tollgate.Number { return p.NormaliseSent(number, nobody) },
	}
}

// TestPlanIsShared: many calls at once on one plan give what one at a time gives.
func TestPlanIsShared(t *testing.T) {
	p := plan(t, tollgate.DialingPlan{Country: "DE", AreaCode: "30"})
	numbers := make([]string, 2000)
	want := make([]tollgate.Number, len(numbers))
	fresh := plan(t, tollgate.DialingPlan{Country: "DE", AreaCode: "30"})
	for i := range numbers {
		numbers[i] = fmt.Sprintf("0%d", 201000000+i*271_828)
		want[i] = fresh.Normalise(numbers[i])
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i, number := range numbers {
				if got := p.Normalise(number); got != want[i] {
					t.Errorf("%s is %+v, want %+v", number, got, want[i])
				}
			}
		})
	}
	group.Wait()
}

func BenchmarkNormalise(b *testing.B) {
	p := plan(b, tollgate.DialingPlan{
		Country: "DE", AreaCode: "30", RoutePrefixes: []string{"0"}, PrivateCodes: []string{"*7*"}, ExtensionDigitsMax: 3,
	})
	for _, number := range []string{"101", "0112", "00301234567", "0015112345678", "00012125551234", "*7*0089-123456"} {
		b.Run("warm/"+number, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Normalise(number)
			}
		})
	}
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		numbers := make([]string, 1<<20)
		for i := range numbers {
			numbers[i] = fmt.Sprintf("00%d", 2_000_000_000+i*7919)
		}
		i := 0
		for b.Loop() {
			p.Normalise(numbers[i&(len(numbers)-1)])
			i++
		}
	})
}

// manyPlans are devices of all sorts.
func manyPlans(tb testing.TB) []*Plan {
	var plans []*Plan
	for _, p := range []tollgate.DialingPlan{
		{},
		{RoutePrefixes: []string{"9", "0"}},
		{
			Country: "DE", AreaCode: "30", RoutePrefixes: []string{"0"}, PrivateCodes: []string{"*7*", "8"},
			ProjectCode: "*9*", ExtensionDigitsMax: 4,
		},
		{Country: "GB", AreaCode: "20", RoutePrefixes: []string{"9", "99"}},
		{Country: "US", AreaCode: "212", RoutePrefixes: []string{"9"}, ExtensionDigitsMax: 4},
		{Country: "IT", AreaCode: "06"},
		{Country: "BR", AreaCode: "11"},
		{Country: "AR", AreaCode: "11"},
		{Country: "RU", AreaCode: "495"},
	} {
		plans = append(plans, plan(tb, p, tollgate.Attribution{Prefix: "4989", Destination: "Monaco", Class: mobile}))
	}
	return plans
}
