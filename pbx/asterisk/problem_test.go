package asterisk

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/pbx/asterisk/ami"
)

// problem waits until the status says a text, connected or not.
func problem(t *testing.T, c runningConnector, text string) {
	t.Helper()
	eventually(t, text, func() bool { return strings.Contains(c.Status().Problem, text) })
}

const strayText = "a call went out on PJSIP/provider, which is not one of this device's trunks"

func TestMisspeltTrunk(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"by events":  func(c *Config) { c.AMI.CELFile = "" },
		"by journal": func(c *Config) { c.AMI.Address = "" },
		"by both":    func(*Config) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayedPBX(t, plainCall, "cel.csv")
			var charger memoryCharger
			c := p.start(t, &charger, &memoryState{}, func(c *Config) {
				c.AMI.Trunks = []string{"PJSIP/providr"}
				change(c)
			})
			eventually(t, "started", func() bool {
				return c.kept(stateSince) != "" && (c.config.AMI.Address == "" || c.Stats().Connected)
			})
			p.play(len(p.script))
			problem(t, c, strayText)
			if s := c.Status(); !s.Connected || len(charger.all()) != 0 {
				t.Errorf("status %+v, records %+v", s, charger.all())
			}
		})
	}
}

// TestNoStray plays every recording with its trunk: nothing strays.
func TestNoStray(t *testing.T) {
	t.Parallel()
	config := TrackerConfig{Trunks: []string{"PJSIP/provider"}}
	for _, dir := range recordings(t, "recordings") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			events, journal := NewTracker(config), NewTracker(config)
			for r := ami.NewReader(bytes.NewReader(readFile(t, dir, "ami.txt"))); ; {
				m, err := r.Next()
				if err != nil {
					break
				}
				events.Handle(m)
			}
			for line := range bytes.Lines(readFile(t, dir, "cel.csv")) {
				journal.HandleCEL(bytes.TrimSpace(line))
			}
			if events.counts.Events == 0 || events.stray.endpoint != "" || journal.stray.endpoint != "" {
				t.Errorf("%d events, stray %+v, in the journal %+v", events.counts.Events, events.stray, journal.stray)
			}
		})
	}
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestJournalTrouble(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sealed := filepath.Join(dir, "sealed.csv")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(sealed, sealed); err != nil { // leads nowhere, for root as well
		t.Fatal(err)
	}
	for name, is := range map[string]struct{ file, before, after string }{
		"no directory": {"none/cel.csv", "the journal's directory does not exist", "the journal's directory does not exist"},
		"a directory":  {"folder", "is a directory", "is a directory"},
		"unreadable":   {"sealed.csv", "reading the journal: opening: open " + sealed, "sealed.csv"},
		"no file":      {"cel.csv", "", "there is no journal " + filepath.Join(dir, "cel.csv")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayedPBX(t, plainCall, "cel.csv")
			var charger memoryCharger
			c := p.start(t, &charger, &memoryState{}, func(c *Config) { c.AMI.CELFile = filepath.Join(dir, is.file) })
			eventually(t, "connected", func() bool { return c.Stats().Connected })
			problem(t, c, is.before)
			if got := c.Status().Problem; is.before == "" && got != "" {
				t.Errorf("before the first call: %s", got)
			}
			p.play(len(p.script))
			eventually(t, "a leg", func() bool { return len(charger.all()) == 1 })
			problem(t, c, is.after)
		})
	}
}

// TestJournalTroubleEnds lets the missing directory appear.
func TestJournalTroubleEnds(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	p.journal = filepath.Join(t.TempDir(), "later", "cel.csv")
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, nil)
	problem(t, c, "directory does not exist")
	if err := os.Mkdir(filepath.Dir(p.journal), 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all is well", func() bool { return c.Stats().Connected && c.Status().Problem == "" })
}

// TestDeafUser has a manager user that may not read of calls.
func TestDeafUser(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	p.deaf = true
	var charger memoryCharger
	c := p.start(t, &charger, &memoryState{}, func(c *Config) { c.AMI.CELFile = "" })
	eventually(t, "connected", func() bool { return c.Stats().Connected })
	if s := c.Status(); s.Problem != "" {
		t.Errorf("before the first call: %s", s.Problem)
	}
	p.play(len(p.script) / 2)
	problem(t, c, "read = call,dialplan in manager.conf")
	p.mu.Lock()
	p.deaf = false
	p.mu.Unlock()
	p.play(len(p.script))
	eventually(t, "events came", func() bool { return c.Status().Problem == "" })
}
