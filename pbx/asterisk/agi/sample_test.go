package agi

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
)

// TestSample holds the dialplan against the server: what the one sets the other
// clears before and uses after, and each place that is named exists.
func TestSample(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../sample/tollgate.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for _, grant := range []tollgate.Grant{
		{Allowed: true, For: time.Minute},
		{Code: tollgate.CodeNoCredit},
		{Code: tollgate.CodeNoCredit, Then: tollgate.Action{Kind: tollgate.ActionTransfer, Target: "100@desk"}},
	} {
		a := newFakeAsterisk(t, plainCall("hq"))
		s := a.session()
		if grant.Allowed {
			err = s.allow("1.2#1", (&Server{}).timer(grant))
		} else {
			err = s.deny(grant)
		}
		if err != nil {
			t.Fatal(err)
		}
		for name := range a.variables {
			if !regexp.MustCompile(`,1?,?Set\((__)?` + name + `=\)`).MatchString(text) {
				t.Errorf("the dialplan does not clear %s, which may be of the call before", name)
			}
		}
	}
	contexts := regexp.MustCompile(`(?m)^\[(.+)\]`).FindAllStringSubmatch(text, -1)
	var names []string
	for _, c := range contexts {
		names = append(names, c[1])
	}
	if want := []string{"tollgate", "tollgate-answer", "tollgate-announce", "tollgate-beep"}; !slices.Equal(names, want) {
		t.Errorf("contexts %q, want %q", names, want)
	}
	if !strings.Contains(answerOption("1"), "U("+names[1]+"^") {
		t.Errorf("%s is not in the dialplan", answerOption("1"))
	}
	labels := regexp.MustCompile(`same => n\(([a-z-]+)\)`).FindAllStringSubmatch(text, -1)
	for _, jump := range regexp.MustCompile(`\?([a-z-]+)\)\n`).FindAllStringSubmatch(text, -1) {
		if !slices.ContainsFunc(labels, func(l []string) bool { return l[1] == jump[1] }) {
			t.Errorf("the dialplan jumps to %s, which is not there", jump[1])
		}
	}
	if len(labels) < 8 {
		t.Errorf("only %d labels found", len(labels))
	}
}
