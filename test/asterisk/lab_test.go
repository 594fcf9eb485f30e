//go:build linux

// Package asterisk_test proves Tollgate against real Asterisks.
package asterisk_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/pbx/asterisk"
	"tollgate/pbx/asterisk/ami"
	"tollgate/test/asterisk/lab"
)

// need ends the test if a program is absent; in CI that is a failure.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed: run make setup", p)
			}
			t.Skipf("%s is not installed: run make setup as root", p)
		}
	}
}

// openLabs starts an Asterisk of each suite, together. agi is where they ask
// before they dial.
func openLabs(t *testing.T, agi string) []*lab.Lab {
	t.Helper()
	need(t, "sipp", "mmdebstrap")
	suites := []lab.Suite{lab.Newest, lab.Oldest}
	labs, errs := make([]*lab.Lab, len(suites)), make([]error, len(suites))
	var all sync.WaitGroup
	for i, suite := range suites {
		all.Go(func() { labs[i], errs[i] = lab.Open(t.Context(), suite, i, agi) })
	}
	all.Wait()
	for i, l := range labs {
		if errs[i] != nil {
			t.Errorf("%s: %v", suites[i], errs[i])
			continue
		}
		t.Logf("%s: AMI %s, SIP %s, files %s", l.Version, l.AMI, l.SIP, l.Dir)
		t.Cleanup(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if t.Failed() {
		t.FailNow()
	}
	return labs
}

// TestLegs proves the exchange and the tracker, without anything between: every
// call puts on the wire what the script says, and the legs made of the events,
// and of the journal, agree with the wire.
func TestLegs(t *testing.T) {
	for _, l := range openLabs(t, "127.0.0.1:1") {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			var events bytes.Buffer
			ready, recorded := make(chan struct{}), make(chan error, 1)
			go func() { recorded <- l.Record(ctx, &events, ready) }()
			<-ready
			begun := time.Now()
			if err := l.RunAll(t.Context()); err != nil {
				t.Error(err)
			}
			t.Logf("all calls: %v", time.Since(begun).Round(time.Millisecond))
			cancel()
			if err := <-recorded; err != nil {
				t.Error(err)
			}
			wire := l.Carrier.Legs()
			checkScript(t, wire)

			config := asterisk.TrackerConfig{Trunks: []string{lab.Trunk}}
			var legs []told
			collect := func(l asterisk.Leg) error {
				legs = append(legs, tell(l))
				return nil
			}
			if _, err := asterisk.ReplayAMI(ami.NewReader(&events), config, collect); err != nil {
				t.Error(err)
			}
			hold(t, "events", legs, wire, nil)
			journal, err := os.Open(l.CELFile())
			if err != nil {
				t.Fatal(err)
			}
			defer journal.Close()
			legs = nil
			if _, err := asterisk.ReplayCEL(journal, config, collect); err != nil {
				t.Error(err)
			}
			hold(t, "journal", legs, wire, nil)
		})
	}
}

// checkScript holds the wire against the script.
func checkScript(t *testing.T, wire []lab.Leg) {
	t.Helper()
	var got, want []string
	for _, leg := range wire {
		got = append(got, fmt.Sprintf("%s answered %v", leg.Number, !leg.Answer.IsZero()))
		if leg.End.Before(leg.Invite) || !leg.Answer.IsZero() && leg.End.Sub(leg.Answer) < 2*time.Second {
			t.Errorf("%s: %+v does not end after it began", leg.Number, leg)
		}
	}
	for _, s := range lab.Scenarios() {
		for _, leg := range s.Legs {
			want = append(want, fmt.Sprintf("%s answered %v", leg.Number, leg.Answered))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("on the wire:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
