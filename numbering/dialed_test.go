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
