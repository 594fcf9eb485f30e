package asterisk

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/ami"
)

// TestEveryCut plays every recording, cuts the line or kills the connector at
// many places, lets the calls go on unseen, and starts again. Nothing may be
// lost, and every leg must be what it was on the wire.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	for _, dir := range recordings(t, "recordings") {
		truth := readTruth(t, dir)
		for _, how := range []string{"line cut", "connector killed"} {
			for part := range 6 {
				t.Run(fmt.Sprintf("%s/%s/%d", filepath.Base(dir), how, part), func(t *testing.T) {
					t.Parallel()
					cutAndGoOn(t, dir, truth, how, part)
				})
			}
		}
	}
}

func cutAndGoOn(t *testing.T, dir string, truth []wireLeg, how string, part int) {
	t.Helper()
	p := newPlayedPBX(t, dir, "cel.csv")
	var charger memoryCharger
	var state memoryState
	c := p.start(t, &charger, &state, nil)
	eventually(t, "connected", func() bool { return c.Stats().Connected && state.count() > 0 })
	from, to := len(p.script)*part/6, len(p.script)*(part+2)/6
	p.play(from)
	if how == "line cut" {
		p.hangUp()
		eventually(t, "the end of the connection was seen", func() bool { return !c.Stats().Connected })
		p.play(to)
		p.listen()
	} else {
		c.kill()
		p.hangUp()
		p.play(to)
		p.listen()
		c = p.start(t, &charger, &state, nil)
	}
	eventually(t, "connected again", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, fmt.Sprintf("%d legs settled", len(truth)), func() bool { return len(charger.all()) >= len(truth) })
	time.Sleep(50 * time.Millisecond) // for what should not come
	checkRecords(t, charger.all(), truth)
}

func checkRecords(t *testing.T, records []tollgate.Record, truth []wireLeg) {
	t.Helper()
	if len(records) != len(truth) {
		t.Errorf("%d records, want %d: %+v", len(records), len(truth), records)
	}
	for _, r := range records {
		at := slices.IndexFunc(truth, func(w wireLeg) bool { return w.UniqueID == r.Call.UniqueID })
		if at < 0 {
			t.Errorf("record %s was not on the wire", r.Call)
			continue
		}
		want := truth[at]
		if r.Dialed != want.Dialed || r.Originator != want.Originator || r.Trunk != want.Trunk ||
			r.Answer.IsZero() == want.Answered || r.Direction != tollgate.Outbound || r.Call.Device != 7 {
			t.Errorf("record %+v, want %+v", r, want)
		}
		seconds := time.Duration(want.Seconds * float64(time.Second))
		if (r.Duration() - seconds).Abs() > exact {
			t.Errorf("record %s lasted %v, want %v (from %s)", r.Call, r.Duration(), seconds, r.Source)
		}
	}
}

const plainCall = "testdata/recordings/out_answered"

func TestJournalAlone(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, func(c *Config) { c.AMI.Address = "" })
	eventually(t, "started", func() bool { return c.kept(stateSince) != "" }) // earlier calls are not ours
	p.play(len(p.script))
	eventually(t, "a leg from the journal", func() bool { return len(charger.all()) == 1 })
	if r := charger.all()[0]; r.Source != tollgate.SourceCEL {
		t.Errorf("record from %s", r.Source)
	}
	if s := c.Status(); !s.Connected || s.Records != 1 || s.Calls != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestLiveBeatsJournal(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, nil)
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, "a leg", func() bool { return len(charger.all()) == 1 && c.Stats().Journal.Legs == 1 })
	time.Sleep(60 * time.Millisecond)
	s := c.Stats()
	if r := charger.all()[0]; r.Source != tollgate.SourceAMI || charger.doubles != 0 || s.Rescued != 0 || s.Settled != 1 {
		t.Errorf("record from %s, %d doubles, stats %+v", r.Source, charger.doubles, s)
	}
	if s.Version != "Asterisk 22.10.1" || !s.Filtered || len(p.filters) != 6 || s.Live.Legs != 1 || s.Position == 0 {
		t.Errorf("stats %+v, filters %q", s, p.filters)
	}
}

// TestDeafLine has a manager interface that says nothing of calls: the journal
// makes up for it.
func TestDeafLine(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	p.script = slices.DeleteFunc(p.script, func(item played) bool { return item.row == "" })
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, nil)
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, "a leg", func() bool { return len(charger.all()) == 1 })
	if s := c.Stats(); s.Rescued != 1 {
		t.Errorf("rescued %d, want 1", s.Rescued)
	}
}

// TestWithoutFiles has nothing but the manager interface. What ended unseen is
// taken to have ended with the last sign of life, what began unseen is lost, and
// what is still up is found.
func TestWithoutFiles(t *testing.T) {
	t.Parallel()
	noFiles := func(c *Config) { c.AMI.CELFile, c.AMI.CDRFile = "", "" }
	for name, gap := range map[string][2]int{"over the hang-up": {60, 100}, "in the talk": {50, 60}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayedPBX(t, plainCall, "cel.csv")
			var charger memoryCharger
			c := p.start(t, &charger, &memoryState{}, noFiles)
			eventually(t, "connected", func() bool { return c.Stats().Connected })
			p.play(len(p.script) * gap[0] / 100)
			p.hangUp()
			eventually(t, "lost", func() bool { return !c.Stats().Connected })
			p.play(len(p.script) * gap[1] / 100)
			p.mu.Lock()
			p.last = p.last.Add(2 * missingMargin) // it lasted some time
			p.mu.Unlock()
			p.listen()
			eventually(t, "connected again", func() bool { return c.Stats().Connected })
			p.play(len(p.script))
			eventually(t, "a leg", func() bool { return len(charger.all()) == 1 })
			r := charger.all()[0]
			if r.Originator != "1001" || r.Dialed != "00442079460001" || r.Answer.IsZero() {
				t.Errorf("record %+v", r)
			}
			estimated := r.Cause == causeTemporaryFailure
			if estimated != (gap[1] == 100) || r.Duration() > 5100*time.Millisecond {
				t.Errorf("cause %d, lasted %v", r.Cause, r.Duration())
			}
		})
	}
}

// TestFoundRunning starts on a PBX with a call in progress and no file at all.
func TestFoundRunning(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	at := slices.IndexFunc(p.script, func(item played) bool { return item.event.Event() == "BridgeEnter" })
	p.play(at + 1)
	p.mu.Lock()
	for name, m := range p.live { // as a real Status has it
		m.Fields = slices.DeleteFunc(slices.Clone(m.Fields), func(f ami.Field) bool { return f.Key == "ChannelState" })
		if name == "PJSIP/provider-0000004b" {
			m.Fields = append(m.Fields, fields("Application: AppDial", "Data: (Outgoing Line)",
				"ChannelState: 6", "BridgeID: b", "Variable: DIALEDPEERNUMBER=00442079460001@provider",
				"Variable: CDR(start,u)=1795316141.412340", "Variable: CDR(answer,u)=1795316142.432340")...)
		} else {
			m.Fields = append(m.Fields, fields("DNID: 00442079460001", "Application: Dial",
				"Data: PJSIP/00442079460001@provider,60,tT", "BridgeID: b",
				"Variable: DIALEDPEERNUMBER=00442079460001@provider", "Variable: ORIGINATOR=(null)")...)
		}
		p.live[name] = m
	}
	p.mu.Unlock()
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, func(c *Config) { c.AMI.CELFile = "" })
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, "a leg", func() bool { return len(charger.all()) == 1 })
	r := charger.all()[0]
	if r.Originator != "1001" || r.Extension != "1001" || r.Dialed != "00442079460001" || r.Trunk != "provider" ||
		r.AccountCode != "dept-sales" || (r.Duration()-5010*time.Millisecond).Abs() > exact {
		t.Errorf("record %+v, lasted %v", r, r.Duration())
	}
}

// TestAsteriskDied kills Asterisk in a call: no row and no event tells of its end.
func TestAsteriskDied(t *testing.T) {
	t.Parallel()
	for name, asleep := range map[string]bool{"before our eyes": false, "while we were away": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayedPBX(t, plainCall, "cel.csv")
			var charger memoryCharger
			var state memoryState
			c := p.start(t, &charger, &state, nil)
			eventually(t, "connected", func() bool { return c.Stats().Connected && state.count() > 0 })
			at := slices.IndexFunc(p.script, func(item played) bool { return item.event.Event() == "Hangup" })
			p.play(at - 5)
			died := p.last
			eventually(t, "all was heard", func() bool { return !c.lastSign().Before(died.Add(-time.Second)) })
			if asleep {
				c.kill()
			}
			p.hangUp()
			p.mu.Lock()
			clear(p.live)
			p.boot = p.last.Add(30 * time.Second)
			p.last = p.last.Add(40 * time.Second)
			p.mu.Unlock()
			p.listen()
			if asleep {
				c = p.start(t, &charger, &state, nil)
			}
			eventually(t, "the leg is closed", func() bool { return len(charger.all()) == 1 })
			r := charger.all()[0]
			if r.Cause != causeTemporaryFailure || r.End.After(died.Add(time.Second)) || r.Duration() < 4*time.Second {
				t.Errorf("record %+v lasted %v; Asterisk died at %v", r, r.Duration(), died)
			}
		})
	}
}

// TestAsteriskBackAtOnce has Asterisk die soon after a call began and begin anew
// within the next second, with us away.
func TestAsteriskBackAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	var charger memoryCharger
	var state memoryState
	c := p.start(t, &charger, &state, nil)
	eventually(t, "connected", func() bool { return c.Stats().Connected && state.count() > 0 })
	p.play(1 + slices.IndexFunc(p.script, func(item played) bool { return item.event.Event() == "DialBegin" }))
	died := p.last
	eventually(t, "it was heard", func() bool { return c.Status().Calls == 1 })
	c.kill()
	p.hangUp()
	p.mu.Lock()
	clear(p.live)
	p.boot = died.Truncate(time.Second).Add(time.Second)
	p.last = p.boot.Add(time.Second)
	p.mu.Unlock()
	p.listen()
	p.start(t, &charger, &state, nil)
	eventually(t, "the leg is closed", func() bool { return len(charger.all()) == 1 })
}

func TestSettlingFails(t *testing.T) {
	t.Parallel()
	dir := "testdata/recordings/out_two_at_once"
	p := newPlayedPBX(t, dir, "cel.csv")
	charger := memoryCharger{fail: errors.New("database is away")}
	var state memoryState
	c := p.start(t, &charger, &state, nil)
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, "both wait", func() bool { return c.Stats().Waiting == 2 && c.Stats().Failing != "" })
	if s := c.Status(); s.Problem != "database is away" {
		t.Errorf("status %+v", s)
	}
	c.kill() // even so nothing is lost
	charger.setFail(nil)
	c = p.start(t, &charger, &state, nil)
	eventually(t, "both settled", func() bool { return c.Stats().Settled == 2 && c.Stats().Waiting == 0 })
	checkRecords(t, charger.all(), readTruth(t, dir))
	if c.Stats().Failing != "" {
		t.Errorf("still failing: %q", c.Stats().Failing)
	}
}

func TestStateFails(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	var charger memoryCharger
	state := memoryState{fail: errors.New("disk full")}
	c := p.start(t, &charger, &state, nil)
	eventually(t, "it is said", func() bool { return c.Stats().LastError != "" })
	state.mu.Lock()
	state.fail = nil
	state.mu.Unlock()
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, "settled", func() bool { return len(charger.all()) == 1 })
}

func TestRefusedAndStalled(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	p.refuse = true
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, func(c *Config) { c.Dialer.ActionTimeout = 100 * time.Millisecond })
	eventually(t, "the refusal is shown", func() bool {
		return strings.Contains(c.Status().Problem, `following the manager interface: manager user "billing": `+
			"Authentication failed: check its secret, deny and permit in manager.conf, then manager reload")
	})
	set := func(refuse, mute bool) {
		p.mu.Lock()
		p.refuse, p.mute = refuse, mute
		p.mu.Unlock()
	}
	set(false, false)
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	set(false, true)
	eventually(t, "the stalled line is dropped", func() bool { return !c.Stats().Connected })
	set(false, false)
	eventually(t, "connected again", func() bool { return c.Stats().Connected && c.Stats().Reconnects == 1 })
}

func TestMayNotFilter(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	p.noFilter = true
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, nil)
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, "settled", func() bool { return len(charger.all()) == 1 })
	if c.Stats().Filtered {
		t.Error("filtered although Asterisk refused")
	}
}

func TestNothingToFollow(t *testing.T) {
	t.Parallel()
	err := New(Config{State: &memoryState{}}).Run(t.Context(), &memoryCharger{})
	if tollgate.CodeOf(err) != tollgate.CodeInvalid {
		t.Errorf("error %v, want invalid", err)
	}
}

// Whoever stops a connector, to change its settings or to end the program, loses
// no finished call of a PBX that keeps no file.
func TestStoppedWhileLegsWait(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, "testdata/recordings/out_two_at_once", "cel.csv")
	charger := memoryCharger{fail: errors.New("database is away")}
	c := p.start(t, &charger, &memoryState{}, func(c *Config) {
		c.AMI.CELFile, c.AMI.CDRFile = "", ""
		c.RetryMin, c.RetryMax = time.Hour, time.Hour
	})
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	p.play(len(p.script))
	eventually(t, "both wait", func() bool { return c.Stats().Waiting == 2 && c.Stats().Failing != "" })
	charger.setFail(nil)
	c.stop()
	if n := len(charger.all()); n != 2 {
		t.Errorf("%d calls settled, want 2", n)
	}
}
