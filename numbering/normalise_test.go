package numbering

import (
	"os"
	"strings"
	"testing"

	"tollgate"
)

// plan compiles a dialling plan that is known to be right.
func plan(tb testing.TB, p tollgate.DialingPlan, rows ...tollgate.Attribution) *Plan {
	tb.Helper()
	own, err := NewAttributions(rows)
	if err != nil {
		tb.Fatal(err)
	}
	compiled, err := NewPlan(p, own)
	if err != nil {
		tb.Fatal(err)
	}
	return compiled
}

// dialing is one line of a table: what is dialled and what must come of it.
type dialing struct {
	dialed, e164 string
	class        tollgate.Class
	country      string
	destination  string // empty: not compared
}

func check(t *testing.T, p *Plan, lines []dialing) {
	t.Helper()
	checkRead(t, p.Normalise, lines)
}

// checkRead checks one way of reading numbers.
func checkRead(t *testing.T, read func(string) tollgate.Number, lines []dialing) {
	t.Helper()
	for _, line := range lines {
		n := read(line.dialed)
		got := dialing{n.Raw, n.E164, n.Class, n.Country, n.Destination}
		if line.destination == "" {
			got.destination = ""
		}
		if got != line {
			t.Errorf("dialled %q:\n got %+v\nwant %+v", line.dialed, got, line)
		}
	}
}

const (
	unknown       = tollgate.ClassUnknown
	internal      = tollgate.ClassInternal
	local         = tollgate.ClassLocal
	domestic      = tollgate.ClassDomestic
	international = tollgate.ClassInternational
	mobile        = tollgate.ClassMobile
	premium       = tollgate.ClassPremium
	tollfree      = tollgate.ClassTollFree
	emergency     = tollgate.ClassEmergency
)

// TestNormaliseByCountry reads testdata/countries.tsv.
func TestNormaliseByCountry(t *testing.T) {
	text, err := os.ReadFile("testdata/countries.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var p *Plan
	countries := 0
	for i, line := range strings.Split(string(text), "\n") {
		if device, ok := strings.CutPrefix(line, "device "); ok {
			country, area, _ := strings.Cut(device, " ")
			p = plan(t, tollgate.DialingPlan{Country: country, AreaCode: strings.Trim(area, "-")})
			countries++
			continue
		}
		columns := strings.Split(line, "\t")
		if len(columns) < 4 {
			if line != "" && line[0] != '#' {
				t.Errorf("line %d: %q has %d columns", i+1, line, len(columns))
			}
			continue
		}
		want := dialing{columns[0], columns[1], tollgate.Class(columns[2]), strings.Trim(columns[3], "-"), ""}
		if len(columns) > 4 {
			want.destination = columns[4]
		}
		check(t, p, []dialing{want})
	}
	if countries < 12 {
		t.Errorf("%d countries, want at least 12", countries)
	}
}

// codesPlan is a device with codes of all sorts.
func codesPlan(t *testing.T, project string) *Plan {
	t.Helper()
	return plan(t, tollgate.DialingPlan{
		Country: "DE", AreaCode: "30", RoutePrefixes: []string{"0"},
		PrivateCodes: []string{"*7*", "*77*", "8"}, ProjectCode: project, ExtensionDigitsMax: 3,
	})
}

func TestNormaliseCodes(t *testing.T) {
	p, short := codesPlan(t, "*9*"), codesPlan(t, "*9")
	tests := []struct {
		name, dialed, e164 string
		class              tollgate.Class
		private            bool
		project            string
	}{
		{"no code", "0030111222", "4930111222", local, false, ""},
		{"private", "*7*0030111222", "4930111222", local, true, ""},
		{"private, the other code", "*77*0030111222", "4930111222", local, true, ""},
		{"project", "*9*4711*0030111222", "4930111222", local, false, "4711"},
		{"project, ended by a hash", "*9*4711#0030111222", "4930111222", local, false, "4711"},
		{"project of an emergency", "*9*4711*112", "112", emergency, false, "4711"},
		{"project of an emergency outside", "*9*4711*0112", "112", emergency, false, "4711"},
		{"both", "*7**9*4711*0030111222", "4930111222", local, true, "4711"},
		{"both, the other way", "*9*4711**7*0030111222", "4930111222", local, true, "4711"},
		{"private emergency", "*7*0112", "112", emergency, true, ""},
		{"private extension", "*7*101", "101", internal, true, ""},
		{"private line", "8030111222", "4930111222", local, true, ""},
		{"private line abroad", "8004312345678", "4312345678", international, true, ""},
		{"extension, not the private line", "812", "812", internal, false, ""},
		{"code alone", "*7*", "", unknown, true, ""},
		{"code twice is too much", "*7**7*0030111222", "", unknown, true, ""},
		{"project without digits", "*9**0030111222", "", unknown, false, ""},
		{"project that does not end", "*9*4711", "", unknown, false, ""},
		{"another code", "*21*0030111222#", "", unknown, false, ""},
		{"hash at the end", "0030111222#", "4930111222", local, false, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := p.Normalise(test.dialed)
			if n.Raw != test.dialed || n.E164 != test.e164 || n.Class != test.class ||
				n.Private != test.private || n.Project != test.project {
				t.Errorf("%s is %+v", test.dialed, n)
			}
			if got := short.Normalise(test.dialed); got != n {
				t.Errorf("%s is %+v where the code was written without its last star", test.dialed, got)
			}
		})
	}
	if n := short.Normalise("*94711*0030111222"); n.Project != "4711" || n.E164 != "4930111222" {
		t.Errorf("a code that the project follows at once: %+v", n)
	}
}

func TestNormaliseWritten(t *testing.T) {
	p := plan(t, tollgate.DialingPlan{Country: "DE", AreaCode: "30"})
	tests := []struct{ dialed, e164 string }{
		{"+4930123456", "4930123456"},
		{"+49 30 123-456", "4930123456"},
		{"+49 (0)30 123456", "4930123456"},
		{"(030) 12.34.56", "4930123456"},
		{"030\u00a0123\u2011456", "4930123456"},
		{" 030123456 ", "4930123456"},
		{"sip:+4930123456@10.0.0.1:5060;user=phone", "4930123456"},
		{"SIPS:030123456@example.org", "4930123456"},
		{"\"Carrier\" <sip:+4930123456@example.org>;tag=1", "4930123456"},
		{"sip:+4930123456;npdi@example.org", "4930123456"},
		{"tel:+49-30-123456;phone-context=example.org", "4930123456"},
		{"030123456@trunk", "4930123456"},
		{"030123456,,42", "4930123456"},
		{"%2B4930123456", "4930123456"},
		{"", ""},
		{"+", ""},
		{"++49", ""},
		{"anonymous", ""},
		{"0800FLOWERS", ""},
		{"sip:alice@example.org", ""},
		{"\xff\xfe", ""},
		{"١٢٣", ""},
		{strings.Repeat("1", 33), ""},
		{strings.Repeat("1", 100_000), ""},
		{"+" + strings.Repeat("4930", 8), strings.Repeat("4930", 8)},
	}
	for _, test := range tests {
		if got := p.Normalise(test.dialed); got.E164 != test.e164 || got.Raw != test.dialed {
			t.Errorf("%.60q is %q, want %q", test.dialed, got.E164, test.e164)
		}
	}
}

func TestNormaliseOwnPrefixes(t *testing.T) {
	p := plan(t, tollgate.DialingPlan{
		Country: "DE", AreaCode: "30", InternationalPrefix: "810", NationalPrefix: "8", Emergency: []string{"1414"},
	})
	check(t, p, []dialing{
		{"8104312345678", "4312345678", international, "AT", ""},
		{"889123456", "4989123456", domestic, "DE", "Munich"},
		{"1234567", "49301234567", local, "DE", ""},
		{"1414", "1414", emergency, "DE", ""},
		{"004312345678", "004312345678", unknown, "", ""},
	})
}

func TestNormaliseOwnTable(t *testing.T) {
	p := plan(
		t, tollgate.DialingPlan{Country: "DE", AreaCode: "30"},
		tollgate.Attribution{Prefix: "4930", Destination: "Capital"},
		tollgate.Attribution{Prefix: "493012", Class: premium, Destination: "Hotline"},
		tollgate.Attribution{Prefix: "4933", Class: domestic, AreaCode: "30"},
		tollgate.Attribution{Prefix: "118", Class: premium},
		tollgate.Attribution{Prefix: "7788", Class: internal, Destination: "Branch"},
		tollgate.Attribution{Prefix: "112", Class: premium},
		tollgate.Attribution{Prefix: "4366", Country: "DE"},
	)
	check(t, p, []dialing{
		{"0309999999", "49309999999", local, "DE", "Capital"},
		{"030123456", "4930123456", premium, "DE", "Hotline"},
		{"0331123456", "49331123456", local, "DE", "Potsdam"},
		{"11833", "11833", premium, "DE", "Germany short code"},
		{"112", "112", emergency, "DE", "Emergency 112"},
		{"089123456", "4989123456", domestic, "DE", "Munich"},
		{"00436641234567", "436641234567", mobile, "DE", "Austria mobile"},
	})
	check(
		t, plan(t, tollgate.DialingPlan{Country: "DE"},
			tollgate.Attribution{Prefix: "7788", Class: internal, Destination: "Branch"}),
		[]dialing{{"778812", "778812", internal, "", "Branch"}},
	)
}

// Whoever dials the international prefix and an existing calling code means
// it, even if the number has too many digits for that country's plan.
func TestNormaliseInternationalPrefixDecides(t *testing.T) {
	check(t, plan(t, tollgate.DialingPlan{Country: "DE", AreaCode: "30"}), []dialing{
		{"0044207946000222", "44207946000222", international, "GB", ""},
		{"00331400000012345", "331400000012345", international, "FR", ""},
		{"0033140", "33140", international, "FR", ""},
		{"+0447400123456", "0447400123456", unknown, "", ""}, // no calling code begins with a 0
	})
}
