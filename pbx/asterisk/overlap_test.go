package asterisk

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/pbx/asterisk/ami"
	"tollgate/pbx/asterisk/cel"
)

// TestOverlap logs in at every moment of recorded calls: the journal is read up to
// then, and the events of the last second before come again and go on. What is
// made of it is what was on the wire.
func TestOverlap(t *testing.T) {
	t.Parallel()
	dirs := slices.Concat(recordings(t, "recordings"), recordings(t, "filtered-16"), recordings(t, "filtered-22"))
	for _, dir := range dirs {
		if name := filepath.Base(dir); slices.Contains(onlyAMIKnows, name) || slices.Contains(statusKnows, name) {
			continue
		}
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(dir, "cel.csv"))
			if err != nil {
				t.Fatal(err)
			}
			truth, rows := readTruth(t, dir), strings.Split(strings.TrimSpace(string(text)), "\n")
			for k := range rows {
				checkTruth(t, "after "+rows[k][:min(40, len(rows[k]))], overlapped(t, dir, rows[:k+1], settleTime), truth)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// TestEventsReplaceGuesses has read no more of the journal than that lines to the
// outside rang and were answered, as of calls that began where it was not read.
func TestEventsReplaceGuesses(t *testing.T) {
	t.Parallel()
	for _, dir := range recordings(t, "recordings") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(dir, "cel.csv"))
			if err != nil {
				t.Fatal(err)
			}
			var rows []string
			for line := range strings.Lines(string(text)) {
				row, err := cel.Parse([]byte(strings.TrimSpace(line)), time.UTC)
				if err == nil && strings.HasPrefix(row.Channel, "PJSIP/provider") &&
					row.Exten == "s" && row.Event == "CHAN_START" ||
					row.AppData == "(Outgoing Line)" && row.Event == "ANSWER" {
					rows = append(rows, strings.TrimSpace(line))
				}
			}
			checkTruth(t, "events after guesses", overlapped(t, dir, rows, time.Hour), readTruth(t, dir))
		})
	}
}

// statusKnows are calls whose journal is a row behind: until then only Asterisk's
// list says what was dialled.
var statusKnows = []string{"x_g_option", "x_fwd_unmarked_int", "x_fwd_unmarked_in", "x_queue_in"}

// overlapped makes legs of some rows, and of the events since some time before them.
func overlapped(t *testing.T, dir string, rows []string, again time.Duration) []Leg {
	t.Helper()
	tracker := NewTracker(TrackerConfig{Trunks: []string{"PJSIP/provider", "PJSIP/provider2", "SIP/sipprov"}})
	legs := map[string]Leg{}
	var since time.Time
	for _, line := range rows {
		row, err := cel.Parse([]byte(line), time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		since = row.At.Add(-again)
		ended, _ := tracker.HandleCEL([]byte(line))
		for _, leg := range ended {
			legs[leg.UniqueID] = leg
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "ami.txt"))
	if err != nil {
		t.Fatal(err)
	}
	r := ami.NewReader(bytes.NewReader(text))
	for {
		m, err := r.Next()
		if err != nil {
			break
		}
		if m.Time().Before(since) {
			continue
		}
		for _, leg := range tracker.Handle(m) {
			legs[leg.UniqueID] = leg
		}
	}
	var all []Leg
	for _, leg := range legs {
		all = append(all, leg)
	}
	slices.SortFunc(all, func(a, b Leg) int { return a.End.Compare(b.End) })
	return all
}
