package tollgate_test

import (
	"strings"
	"testing"

	"tollgate"
)

func TestRulesAreChecked(t *testing.T) {
	t.Parallel()
	condition := func(pattern string) []tollgate.Condition { return []tollgate.Condition{{Pattern: pattern}} }
	transfer := func(target string) tollgate.CallRule {
		return tollgate.CallRule{NoCredit: tollgate.Action{Kind: tollgate.ActionTransfer, Target: target}}
	}
	for name, test := range map[string]struct {
		rule tollgate.CallRule
		want string // in the error; empty: it is good
	}{
		"empty":          {tollgate.CallRule{}, ""},
		"whole":          {tollgate.CallRule{Conditions: condition(`^00(\d+)$`), Account: "${accountcode}"}, ""},
		"pattern":        {tollgate.CallRule{Conditions: condition("(")}, "missing closing )"},
		"long pattern":   {tollgate.CallRule{Conditions: condition(strings.Repeat("a", 501))}, "500 bytes"},
		"conditions":     {tollgate.CallRule{Conditions: make([]tollgate.Condition, 21)}, "at most 20"},
		"name":           {tollgate.CallRule{Name: strings.Repeat("a", 501)}, "500 bytes"},
		"action":         {tollgate.CallRule{NoCredit: tollgate.Action{Kind: "shout"}}, `action "shout"`},
		"cause":          {tollgate.CallRule{Exhausted: tollgate.Action{Cause: 128}}, "Q.850"},
		"no target":      {transfer(""), "which extension"},
		"no sound":       {tollgate.CallRule{Exhausted: tollgate.Action{Kind: tollgate.ActionAnnounce}}, "which sound"},
		"long target":    {transfer(strings.Repeat("1", 501)), "500 bytes"},
		"transfer there": {transfer("900@pay"), ""},
	} {
		err := test.rule.Check()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
