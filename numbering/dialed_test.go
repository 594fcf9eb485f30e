package numbering

import (
	"testing"

	"tollgate"
)

func TestDialedIsWhatTheTrunkWasGiven(t *testing.T) {
	plan, err := NewPlan(tollgate.DialingPlan{
		Country: "DE", AreaCode: "30", RoutePrefixes: []string{"9"}, PrivateCodes: []string{"*7*", "8"},
		ProjectCode: "*9*", ExtensionDigitsMax: 4,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]string{
		"0049301234567":          "0049301234567",
		"*7*0049301112222":       "0049301112222",
		"9030123456":             "030123456",
		"8030123456":             "030123456",
		"*7**9*4711*90301234567": "0301234567",
		"101":                    "101",
		"112":                    "112",
		"9112":                   "112",
		"+49301234567":           "+49301234567",
	} {
		if got := plan.Normalise(raw).Dialed; got != want {
			t.Errorf("%s: dialed %q, want %q", raw, got, want)
		}
	}
}

func TestPrivateCodeThatNobodySet(t *testing.T) {
	for _, c := range []struct {
		codes []string
		raw   string
		want  tollgate.Number
	}{
		{nil, "*7*030123456", tollgate.Number{Dialed: "030123456", E164: "4930123456", Private: true}},
		{[]string{}, "*7*030123456", tollgate.Number{Dialed: "030123456", E164: "4930123456", Private: true}},
		{[]string{"*77*"}, "*7*030123456", tollgate.Number{}},
		{[]string{"*77*"}, "*77*030123456", tollgate.Number{Dialed: "030123456", E164: "4930123456", Private: true}},
	} {
		plan, err := NewPlan(tollgate.DialingPlan{Country: "DE", PrivateCodes: c.codes}, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := plan.Normalise(c.raw)
		if got.E164 != c.want.E164 || got.Private != c.want.Private || c.want.E164 != "" && got.Dialed != c.want.Dialed {
			t.Errorf("%v, %s: %+v, want %+v", c.codes, c.raw, got, c.want)
		}
	}
}
