package asterisk

import (
	"fmt"
	"testing"
	"time"

	"tollgate"
)

// TestCDRFillsGaps has a CDR file and no journal. Whatever is cut, each call is
// reported once, and only what nobody saw comes from a CDR.
func TestCDRFillsGaps(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from, to int // of the script, in parts of a hundred, that is unseen
		kill     bool
		source   tollgate.Source
		slack    time.Duration
	}{
		"nothing unseen":               {100, 100, false, tollgate.SourceAMI, exact},
		"nothing unseen, then killed":  {99, 99, true, tollgate.SourceAMI, exact},
		"all unseen":                   {0, 100, false, tollgate.SourceCDR, time.Second},
		"all unseen, killed before":    {0, 100, true, tollgate.SourceCDR, time.Second},
		"the end unseen":               {60, 100, false, tollgate.SourceAMI, time.Second},
		"the middle unseen":            {40, 60, false, tollgate.SourceAMI, exact},
		"killed in the call, end seen": {55, 60, true, tollgate.SourceAMI, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayedPBX(t, plainCall, "cdr.csv")
			var charger memoryCharger
			var state memoryState
			c := p.start(t, &charger, &state, nil)
			connected := func() bool { return c.Stats().Connected && state.count() > 0 }
			eventually(t, "connected", connected)
			p.play(len(p.script) * test.from / 100)
			if test.from == 99 {
				eventually(t, "the leg is settled", func() bool { return len(charger.all()) == 1 })
				saves := state.count()
				eventually(t, "that is remembered", func() bool { return saves == 0 || state.count() >= saves })
			}
			p.mu.Lock()
			p.answered = "2026-11-22T02:55:42.432340Z"
			p.mu.Unlock()
			if test.kill {
				c.kill()
			}
			p.hangUp()
			if !test.kill {
				eventually(t, "lost", func() bool { return !c.Stats().Connected })
			}
			p.play(len(p.script) * test.to / 100)
			if test.to == 100 {
				p.mu.Lock()
				p.last = p.last.Add(2 * missingMargin)
				p.mu.Unlock()
				time.Sleep(20 * time.Millisecond) // for the line to be read
			}
			p.listen()
			if test.kill {
				c = p.start(t, &charger, &state, nil)
			}
			eventually(t, "connected again", connected)
			p.play(len(p.script))
			eventually(t, "a record", func() bool { return len(charger.all()) > 0 })
			time.Sleep(100 * time.Millisecond)
			records := charger.all()
			if len(records) != 1 {
				t.Fatalf("%d records: %+v", len(records), records)
			}
			r := records[0]
			if r.Source != test.source || r.Originator != "1001" || r.Dialed != "00442079460001" ||
				(r.Duration()-5010*time.Millisecond).Abs() > test.slack {
				t.Errorf("record %s, lasted %v", fmt.Sprint(r), r.Duration())
			}
		})
	}
}
