package asterisk

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"tollgate"
	"tollgate/pbx/asterisk/ami"
)

// diary is a Watcher that writes down what it is told.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

func (d *diary) Connected(actions Actions, open []Leg) {
	d.write("connected %d open, clock right %t", len(open), actions.Skew() != 0)
	for _, leg := range open {
		d.write("open %s by %s answered %t", leg.Channel, leg.Originator, !leg.Answer.IsZero())
	}
}
func (d *diary) Lost() { d.write("lost") }
func (d *diary) Began(l Leg) {
	d.write("began %s %s for %s in %s", l.Channel, l.Dialed, l.CallerChannel, l.CallerContext)
}

func (d *diary) Answered(l Leg) { d.write("answered %s at %s", l.Channel, l.Answer.Format("05.000")) }

func (d *diary) Ended(l Leg) {
	d.write("ended %s at %s%s", l.Channel, l.End.Format("05.000"), l.CallerChannel)
}

// TestWatcher tells of a recorded call, with the line cut in its middle.
func TestWatcher(t *testing.T) {
	t.Parallel()
	p := newPlayedPBX(t, plainCall, "cel.csv")
	var charger memoryCharger
	var d diary
	c := p.start(t, &charger, &memoryState{}, func(c *Config) { c.Watcher = &d })
	eventually(t, "connected", func() bool { return strings.Contains(d.text(), "connected") })
	p.play(len(p.script) / 2)
	eventually(t, "answered", func() bool { return strings.Contains(d.text(), "answered") })
	p.hangUp()
	eventually(t, "the end of the connection was seen", func() bool { return !c.Stats().Connected })
	p.listen()
	eventually(t, "connected again", func() bool { return strings.Count(d.text(), "connected") == 2 })
	p.play(len(p.script))
	eventually(t, "the call was settled", func() bool { return len(charger.all()) == 1 })
	text := d.text()
	for strings.Contains(text, "lost\nlost") { // it was tried to connect in vain
		text = strings.ReplaceAll(text, "lost\nlost", "lost")
	}
	want := `connected 0 open, clock right true
began PJSIP/provider-0000004b 00442079460001 for PJSIP/1001-0000004a in from-internal
answered PJSIP/provider-0000004b at 42.432
lost
connected 1 open, clock right true
open PJSIP/provider-0000004b by 1001 answered true
ended PJSIP/provider-0000004b at 47.444`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// TestAttemptFromStatus finds the authorisation of a call in Asterisk's list:
// of one that nobody saw begin, and of one that the journal told of.
func TestAttemptFromStatus(t *testing.T) {
	t.Parallel()
	calls := map[string]string{"on the line": "PJSIP/provider-0000004b", "on who dialled": "PJSIP/1001-0000004a"}
	for name, channel := range calls {
		for _, file := range []string{"cel.csv", ""} {
			t.Run(name+"/"+file, func(t *testing.T) {
				t.Parallel()
				p := newPlayedPBX(t, plainCall, "cel.csv")
				p.answered = "2026-11-22T03:02:22.430000Z"
				p.play(len(p.script) / 2)
				p.mu.Lock()
				m := p.live[channel]
				m.Fields = append(m.Fields[:len(m.Fields):len(m.Fields)], ami.Header("Variable", "TOLLGATE_CALL=1.1#1"))
				p.live[channel] = m
				p.mu.Unlock()
				var charger memoryCharger
				c := p.start(t, &charger, &memoryState{}, func(c *Config) {
					if file == "" {
						c.AMI.CELFile = ""
					}
				})
				eventually(t, "connected", func() bool { return c.Stats().Connected })
				p.play(len(p.script))
				eventually(t, "the call was settled", func() bool { return len(charger.all()) == 1 })
				if got := charger.all()[0].Attempt; got != "1.1#1" {
					t.Errorf("attempt %q, want 1.1#1", got)
				}
			})
		}
	}
}

// TestAttemptFromJournal reads it where the dialplan wrote it into the journal.
func TestAttemptFromJournal(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(plainCall + "/cel.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.SplitAfter(string(text), "\n")
	said := strings.Replace(rows[0], `"CHAN_START"`, `"TOLLGATE_CALL"`, 1)
	said = strings.Replace(said, `"","",""`+"\n", `"","TOLLGATE_CALL","{""extra"":""1.1#1""}"`+"\n", 1)
	journal := rows[0] + said + strings.Join(rows[1:], "")
	var legs []Leg
	_, err = ReplayCEL(strings.NewReader(journal), TrackerConfig{Trunks: []string{"PJSIP/provider"}}, func(l Leg) error {
		legs = append(legs, l)
		return nil
	})
	if err != nil || len(legs) != 1 || legs[0].Attempt != "1.1#1" {
		t.Errorf("legs %+v (%v)", legs, err)
	}
	if r := legs[0].Record(7); r.Attempt != "1.1#1" || r.Call != (tollgate.CallID{Device: 7, UniqueID: legs[0].UniqueID}) {
		t.Errorf("record %+v", r)
	}
}
