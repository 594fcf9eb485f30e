//go:build linux

package asterisk_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
	"tollgate/test/asterisk/lab"
)

// exact is how far a told time may be from the wire.
const exact = 50 * time.Millisecond

// told is what is said of one outside leg: by a CDR, or by a replay.
type told struct {
	Source     tollgate.Source `json:"source"`
	Dialed     string          `json:"dialed"`
	Originator string          `json:"originator"`
	Account    string          `json:"account_code"`
	Private    bool            `json:"private"`
	Start      time.Time       `json:"start"`
	Answer     time.Time       `json:"answer"` // zero: not answered
	End        time.Time       `json:"end"`
}

// outage is a time in which an Asterisk was dead, of which nothing is on the wire.
type outage struct{ from, to time.Time }

// tell returns a leg of a tracker as it is compared.
func tell(l asterisk.Leg) told {
	return told{l.Source, l.Dialed, l.Originator, l.AccountCode, l.Private, l.Start, l.Answer, l.End}
}

// hold holds everything that is told about outside legs against the wire, and
// the originators and marks against the script.
func hold(t *testing.T, what string, all []told, wire []lab.Leg, dead []outage) {
	t.Helper()
	all, wire = slices.Clone(all), slices.Clone(wire)
	slices.SortFunc(wire, func(a, b lab.Leg) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), a.Invite.Compare(b.Invite))
	})
	slices.SortFunc(all, func(a, b told) int {
		return cmp.Or(cmp.Compare(a.Dialed, b.Dialed), a.Start.Compare(b.Start))
	})
	if len(all) != len(wire) {
		t.Errorf("%s: %d legs on the wire, told of %d:\n%s", what, len(wire), len(all), beside(all, wire))
		return
	}
	var worst time.Duration
	for i, leg := range wire {
		if wrong := compare(all[i], leg, dead); wrong != "" {
			t.Errorf("%s: %s: %s\nwire %+v\ntold %+v", what, leg.Number, wrong, leg, all[i])
		} else if !leg.Answer.IsZero() && !died(leg, dead) {
			worst = max(worst, (all[i].End.Sub(all[i].Answer) - leg.End.Sub(leg.Answer)).Abs())
		}
	}
	t.Logf("%s: %d legs, answered times within %v of the wire", what, len(wire), worst.Round(10*time.Microsecond))
}

// compare says what is told wrong about a leg, if anything is.
func compare(l told, leg lab.Leg, dead []outage) string {
	want := expected(leg.Number)
	if l.Source == tollgate.SourceCEL && want.Journal != "" {
		want.Originator = want.Journal
	}
	far := func(a, b time.Time) bool { return a.Sub(b).Abs() > exact+leg.Doubt }
	switch {
	case l.Dialed != leg.Number:
		return "another number"
	case l.Originator != want.Originator:
		return "put on the trunk by " + want.Originator
	case want.Account != "" && l.Account != want.Account:
		return "account code " + want.Account
	case l.Private != want.Private:
		return fmt.Sprintf("private %v", want.Private)
	case l.Answer.IsZero() != leg.Answer.IsZero():
		return "answered or not?"
	case leg.Answer.IsZero():
		return ""
	case far(l.Answer, leg.Answer):
		return "answered at another time"
	}
	for _, o := range dead {
		if o.ended(leg) {
			if l.End.Before(l.Answer) || l.End.After(o.to.Add(exact)) {
				return fmt.Sprintf("ended by a death from %v to %v", o.from, o.to)
			}
			return ""
		}
	}
	if far(l.End, leg.End) || (l.End.Sub(l.Answer)-leg.End.Sub(leg.Answer)).Abs() > exact+leg.Doubt {
		return "ended at another time"
	}
	return ""
}

// ended reports whether the leg was up when its Asterisk died.
func (o outage) ended(leg lab.Leg) bool { return leg.Invite.Before(o.from) && leg.End.After(o.from) }

func died(leg lab.Leg, dead []outage) bool {
	return slices.ContainsFunc(dead, func(o outage) bool { return o.ended(leg) })
}

// expected finds what the script says about an outside number.
func expected(number string) lab.Outside {
	for _, s := range lab.Scenarios() {
		for _, leg := range s.Legs {
			if leg.Number == number {
				return leg
			}
		}
	}
	return lab.Outside{}
}

// beside lists numbers and times of both, for a person to see what is missing.
func beside(all []told, wire []lab.Leg) string {
	lines := make([]string, 0, len(wire)+len(all))
	for _, l := range wire {
		lines = append(lines, fmt.Sprintf("%16s %s wire", l.Number, l.Invite.UTC().Format("15:04:05.000")))
	}
	for _, l := range all {
		lines = append(lines, fmt.Sprintf("%16s %s told", l.Dialed, l.Start.UTC().Format("15:04:05.000")))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
