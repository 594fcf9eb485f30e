//go:build linux

package asterisk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/test/asterisk/lab"
)

// followed is an Asterisk that the gate follows.
type followed struct {
	*lab.Lab
	killed []outage // when it was down without a goodbye
}

// follow adds an Asterisk to the gate and waits until it is logged in.
func (g *gate) follow(l *lab.Lab, payer tollgate.ID) *followed {
	g.t.Helper()
	g.ask(http.MethodPost, "/devices", map[string]any{
		"name": l.Name, "kind": "asterisk", "timezone": "UTC", "enabled": true, "default_account": payer.String(),
		"plan": map[string]any{"country": "GB"},
		"asterisk": map[string]any{
			"address": l.AMI, "username": l.Username, "secret": l.Secret,
			"trunks": []string{lab.Trunk}, "cel_file": l.CELFile(),
		},
	}, nil)
	g.ask(http.MethodPut, "/devices/"+l.Name+"/trunks/"+url.PathEscape(lab.Trunk), map[string]any{
		"operator": g.operator.ID.String(),
	}, nil)
	g.mayCallPrivately(l.Name, "1008", payer)
	f := &followed{Lab: l}
	f.connected(g.t)
	return f
}

// mayCallPrivately makes an account for an extension whose private calls count as such.
func (g *gate) mayCallPrivately(device, extension string, company tollgate.ID) {
	g.t.Helper()
	var user made
	g.ask(http.MethodPost, "/accounts", map[string]any{
		"kind": "user", "mode": "postpaid", "name": device + " " + extension, "currency": "EUR",
		"timezone": "Europe/London", "parent": company.String(), "enterprise": company.String(),
	}, &user)
	g.ask(http.MethodPut, "/devices/"+device+"/extensions/"+extension, map[string]any{"account": user.ID.String()}, nil)
	g.ask(http.MethodPut, "/devices/"+device+"/permits", map[string]any{
		"account": user.ID.String(), "permission": "private_call",
	}, nil)
}

// connected waits until somebody is logged in to the manager interface.
func (f *followed) connected(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out, err := f.CLI(t.Context(), "manager show connected")
		if err == nil && strings.Contains(out, f.Username) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody logs in to %s: %v %s", f.Name, err, out)
		}
	}
}

// settled waits until the gate has as many outside legs as the carrier, and a
// little longer for one too many.
func (g *gate) settled(f *followed) []cdr {
	g.t.Helper()
	want := len(f.Carrier.Legs())
	deadline := time.Now().Add(20 * time.Second)
	for {
		all := g.cdrs(f.Name)
		outside := 0
		for _, c := range all {
			if c.Direction == tollgate.Outbound {
				outside++
			}
		}
		if outside >= want || time.Now().After(deadline) {
			time.Sleep(time.Second)
			return g.cdrs(f.Name)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// check holds every CDR of the device against the wire.
func (g *gate) check(f *followed) {
	g.t.Helper()
	wire := f.Carrier.Legs()
	var outside []told
	for _, c := range g.settled(f) {
		status := tollgate.ChargeNone
		switch {
		case c.Direction != tollgate.Outbound:
		case c.Answer.IsZero():
			status = tollgate.ChargeUnanswered
		default:
			status = tollgate.ChargePriced
		}
		if c.Customer.Status != status || c.Cost.Status != status {
			g.t.Errorf("%s: charge %s, cost %s, want %s: %+v", f.Name, c.Customer.Status, c.Cost.Status, status, c)
		}
		if c.Direction == tollgate.Outbound {
			c.Dialed = shown(c.Dialed)
			outside = append(outside, c.told)
		}
	}
	hold(g.t, f.Name+": CDRs", outside, wire, f.killed)
}

// shown is the whole number of a private call, of which the API shows the beginning.
func shown(dialed string) string {
	for _, s := range lab.Scenarios() {
		for _, leg := range s.Legs {
			if leg.Private && dialed == (tollgate.Number{Raw: leg.Number}).Masked() {
				return leg.Number
			}
		}
	}
	return dialed
}

// each does the same with every Asterisk at once.
func each(all []*followed, do func(*followed)) {
	var group sync.WaitGroup
	for _, f := range all {
		group.Go(func() { do(f) })
	}
	group.Wait()
}

// runAll runs the whole script on every Asterisk.
func runAll(t *testing.T, all []*followed) {
	each(all, func(f *followed) {
		if err := f.RunAll(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestTollgate lets one Tollgate follow an old and a new Asterisk, and holds
// what it charges against the wire while things go well and while they do not.
// What was right once must stay right, and be there once: each check is over
// all calls until then.
func TestTollgate(t *testing.T) {
	need(t, "sipp", "mmdebstrap")
	g := newGate(t)
	labs := openLabs(t, g.agi)
	payer := g.prices()
	all := make([]*followed, len(labs))
	for i, l := range labs {
		all[i] = g.follow(l, payer)
	}
	for _, trial := range []struct {
		name string
		run  func(*testing.T, *gate, []*followed)
	}{
		{"every kind of call, nothing disturbed", undisturbed},
		{"Tollgate is killed three times in the middle of calls", killed},
		{"Tollgate is dead until all calls are over", dead},
		{"one Asterisk is shut down in the middle of calls, the other killed", func(t *testing.T, _ *gate, all []*followed) {
			restarted(t, all, 0)
		}},
		{"and the other way about", func(t *testing.T, _ *gate, all []*followed) { restarted(t, all, 1) }},
		{"Tollgate and the Asterisks are killed together", allKilled},
	} {
		t.Log(trial.name)
		trial.run(t, g, all)
		for _, f := range all {
			g.check(f)
		}
		g.run("audit", "--data", g.data)
	}
}

// undisturbed also records what the manager interfaces say, and replays it.
func undisturbed(t *testing.T, g *gate, all []*followed) {
	replay := record(t, g, all)
	runAll(t, all)
	replay()
}

func killed(t *testing.T, g *gate, all []*followed) {
	var calls sync.WaitGroup
	calls.Go(func() { runAll(t, all) })
	for _, pause := range []time.Duration{1200, 1500, 1300} {
		time.Sleep(pause * time.Millisecond)
		g.kill()
		time.Sleep(300 * time.Millisecond)
		g.start()
	}
	calls.Wait()
}

func dead(t *testing.T, g *gate, all []*followed) {
	var calls sync.WaitGroup
	calls.Go(func() { runAll(t, all) })
	time.Sleep(1500 * time.Millisecond)
	g.kill()
	calls.Wait()
	g.start()
}

// restarted ends each Asterisk in the middle of calls and kills one of them.
func restarted(t *testing.T, all []*followed, killed int) {
	var calls sync.WaitGroup
	for i, f := range all {
		calls.Go(func() {
			f.interrupted(t, i == killed)
			f.connected(t)
			f.callOnce(t)
		})
	}
	calls.Wait()
}

func allKilled(t *testing.T, g *gate, all []*followed) {
	var calls sync.WaitGroup
	for _, f := range all {
		calls.Go(func() {
			f.interrupted(t, true)
			f.callOnce(t)
		})
	}
	time.Sleep(time.Second)
	g.kill()
	calls.Wait()
	g.start()
}

// interrupted makes calls, ends the Asterisk while they last, and starts it at
// once: hardly a second lies between the calls and the new beginning.
func (f *followed) interrupted(t *testing.T, kill bool) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	for _, user := range []string{"1001", "1006"} {
		calls.Go(func() {
			c := lab.Caller{User: user, Number: outside(user), Talk: time.Minute}
			c.Run(ctx, f.PBX) //nolint:errcheck // it fails: its PBX goes away
		})
	}
	defer calls.Wait()
	defer cancel()
	time.Sleep(1300 * time.Millisecond)
	down, end := time.Now(), f.Stop
	if kill {
		end = f.Kill
	}
	if err := errors.Join(end(), f.Start(t.Context())); err != nil {
		t.Error(err)
		return
	}
	if kill {
		f.killed = append(f.killed, outage{down, time.Now()})
		f.Carrier.HangupAll()
	}
}

// callOnce makes one ordinary call, to show that all is well again.
func (f *followed) callOnce(t *testing.T) {
	c := lab.Caller{User: "1008", Number: "*7*" + outside("1008"), Talk: time.Second}
	if err := errors.Join(c.Run(t.Context(), f.PBX), f.Quiet(t.Context())); err != nil {
		t.Error(err)
	}
}

// outside is a number that the extension calls in the script.
func outside(extension string) string {
	for _, s := range lab.Scenarios() {
		for _, leg := range s.Legs {
			if leg.Originator == extension {
				return leg.Number
			}
		}
	}
	return ""
}

// record keeps what the manager interfaces say until the function it returns is
// called, which replays it and holds the result against the wire.
func record(t *testing.T, g *gate, all []*followed) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said := make([]bytes.Buffer, len(all))
	var recorders sync.WaitGroup
	for i, f := range all {
		ready := make(chan struct{})
		recorders.Go(func() {
			if err := f.Record(ctx, &said[i], ready); err != nil {
				t.Error(err)
			}
		})
		<-ready
	}
	return func() {
		cancel()
		recorders.Wait()
		for i, f := range all {
			file := filepath.Join(t.TempDir(), "ami.txt")
			if err := os.WriteFile(file, said[i].Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			f.checkReplay(t, g.run("replay", "asterisk", "--trunk", lab.Trunk, file))
		}
	}
}

// checkReplay holds replayed legs against the wire.
func (f *followed) checkReplay(t *testing.T, lines []byte) {
	t.Helper()
	var all []told
	for decoder := json.NewDecoder(bytes.NewReader(lines)); decoder.More(); {
		var leg told
		if err := decoder.Decode(&leg); err != nil {
			t.Fatalf("%s: replay: %v", f.Name, err)
		}
		all = append(all, leg)
	}
	hold(t, f.Name+": replay", all, f.Carrier.Legs(), nil)
}
