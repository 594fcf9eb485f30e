package device

import (
	"testing"

	"tollgate"
)

func TestConditionsInWords(t *testing.T) {
	for _, c := range []struct {
		variable, pattern string
		want              whenRow
	}{
		{"", "^00", whenRow{"number", "begins with", "00"}},
		{"destination_number", "^110$", whenRow{"number", "is", "110"}},
		{"accountcode", "99$", whenRow{"account code", "ends with", "99"}},
		{"trunk", "provider", whenRow{"trunk", "contains", "provider"}},
		{"private", "^$", whenRow{"private", "is empty", ""}},
		{"SIPDOMAIN", `^a\.b$`, whenRow{"SIPDOMAIN", "matches", `^a\.b$`}},
		{"extension", `^[2-8]\d\d$`, whenRow{"extension", "matches", `^[2-8]\d\d$`}},
		{"extension", "^", whenRow{"extension", "matches", "^"}},
		{"extension", `5\$`, whenRow{"extension", "matches", `5\$`}},
	} {
		got := newWhenRow(tollgate.Condition{Variable: c.variable, Pattern: c.pattern})
		if got != c.want {
			t.Errorf("%s %s: %v, want %v", c.variable, c.pattern, got, c.want)
		}
	}
}
