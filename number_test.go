package tollgate_test

import (
	"testing"

	"tollgate"
)

func TestMaskedNumbers(t *testing.T) {
	for masked, n := range map[string]tollgate.Number{
		"493055XXXX": {Raw: "*7*030551234", E164: "4930551234"},
		"*7*03055XXXX": {
			Raw: "*7*030551234",
		},
		"XXX":  {E164: "110"},
		"XXXX": {E164: "1234"},
		"":     {},
	} {
		if got := n.Masked(); got != masked {
			t.Errorf("%+v: %q, want %q", n, got, masked)
		}
	}
}
