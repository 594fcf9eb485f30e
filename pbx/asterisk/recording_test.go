package asterisk

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// wireLeg is what was on the wire of the trunk, from truth.json beside a recording.
type wireLeg struct {
	UniqueID   string  `json:"uniqueid"`
	Dialed     string  `json:"dialed"`
	Originator string  `json:"originator"`
	Extension  string  `json:"extension"` // empty: the originator
	Trunk      string  `json:"trunk"`
	Answered   bool    `json:"answered"`
	Seconds    float64 `json:"seconds"`
}

const exact = 50 * time.Millisecond

// TestRecordings replays real calls of an Asterisk 22, as events and as journal.
// Nothing but the journal is told where the trunk is in one of the variants.
func TestRecordings(t *testing.T) {
	t.Parallel()
	for _, dir := range recordings(t, "recordings") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			truth := readTruth(t, dir)
			configured := TrackerConfig{Trunks: []string{"PJSIP/provider"}}
			for name, legs := range map[string][]Leg{
				"AMI":               replayAMI(t, dir, configured),
				"AMI without trunk": replayAMI(t, dir, TrackerConfig{}),
				"CEL":               replayCEL(t, dir, configured),
				"CEL without trunk": replayCEL(t, dir, TrackerConfig{}),
			} {
				checkTruth(t, name, legs, truth)
			}
		})
	}
}

// TestFiltered replays the same kinds of calls, and more, of an Asterisk 16 and
// an Asterisk 22 that sent only what the connector's filters let through.
func TestFiltered(t *testing.T) {
	t.Parallel()
	for _, dir := range slices.Concat(recordings(t, "filtered-16"), recordings(t, "filtered-22")) {
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			truth := readTruth(t, dir)
			config := TrackerConfig{Trunks: []string{"PJSIP/provider", "PJSIP/provider2", "SIP/sipprov"}}
			checkTruth(t, "AMI", replayAMI(t, dir, config), truth)
			if !slices.Contains(onlyAMIKnows, filepath.Base(dir)) {
				checkTruth(t, "CEL", replayCEL(t, dir, config), truth)
			}
		})
	}
}

// onlyAMIKnows are calls about which the journal says less: no number when the
// PBX itself dials, no ORIGINATOR without a redirecting number beside it.
var onlyAMIKnows = []string{
	"x_orig_trunk_exten", "x_orig_trunk_app", "x_orig_trunk_busy", "x_app_originate", "x_fwd_account",
}

func recordings(t *testing.T, kind string) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join("testdata", kind, "*"))
	if err != nil || len(dirs) < 16 {
		t.Fatalf("%d recordings of kind %s found (%v)", len(dirs), kind, err)
	}
	return dirs
}

func readTruth(t *testing.T, dir string) []wireLeg {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth []wireLeg
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	return truth
}

func replayAMI(t *testing.T, dir string, config TrackerConfig) []Leg {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "ami.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var legs []Leg
	done, err := ReplayAMI(ami.NewReader(bytes.NewReader(text)), config, func(l Leg) error {
		legs = append(legs, l)
		return nil
	})
	if err != nil || len(done.Open) > 0 || done.Garbage.Sum() > 0 || done.Untimed {
		t.Errorf("replay of AMI: %v, %d open legs, garbage %+v, untimed %t",
			err, len(done.Open), done.Garbage, done.Untimed)
	}
	return legs
}

func replayCEL(t *testing.T, dir string, config TrackerConfig) []Leg {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "cel.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var legs []Leg
	done, err := ReplayCEL(file, config, func(l Leg) error {
		legs = append(legs, l)
		return nil
	})
	if err != nil || len(done.Open) > 0 || done.Garbage.Sum() > 0 {
		t.Errorf("replay of CEL: %v, %d open legs, garbage %+v", err, len(done.Open), done.Garbage)
	}
	return legs
}

func checkTruth(t *testing.T, name string, legs []Leg, truth []wireLeg) {
	t.Helper()
	if len(legs) != len(truth) {
		t.Errorf("%s: %d legs, want %d: %+v", name, len(legs), len(truth), legs)
		return
	}
	ended := time.Time{}
	for i := range legs {
		leg := &legs[i]
		at := slices.IndexFunc(truth, func(w wireLeg) bool { return w.UniqueID == leg.UniqueID })
		if at < 0 {
			t.Errorf("%s: leg %s was not on the wire", name, leg.UniqueID)
			continue
		}
		want := truth[at]
		if want.Extension == "" {
			want.Extension = want.Originator
		}
		got := wireLeg{
			UniqueID: leg.UniqueID, Dialed: leg.Dialed, Originator: leg.Originator, Extension: leg.Extension,
			Trunk: leg.Trunk, Answered: !leg.Answer.IsZero(), Seconds: want.Seconds,
		}
		if !strings.HasPrefix(t.Name(), "TestFiltered") {
			got.Extension = want.Extension // the given truths do not say
		}
		if got != want {
			t.Errorf("%s: leg %+v, want %+v", name, got, want)
		}
		seconds := time.Duration(want.Seconds * float64(time.Second))
		if d := leg.Duration(); (d - seconds).Abs() > exact {
			t.Errorf("%s: leg %s lasted %v, want %v", name, leg.UniqueID, d, seconds)
		}
		if leg.End.Before(ended) || leg.Estimated {
			t.Errorf("%s: leg %s ended %v, estimated %t, after one that ended %v",
				name, leg.UniqueID, leg.End, leg.Estimated, ended)
		}
		ended = leg.End
	}
}

// TestSameFromJournal compares all that AMI and CEL say of the same calls.
func TestSameFromJournal(t *testing.T) {
	t.Parallel()
	config := TrackerConfig{Trunks: []string{"PJSIP/provider"}}
	for _, dir := range recordings(t, "recordings") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			events, journal := replayAMI(t, dir, config), replayCEL(t, dir, config)
			if len(events) != len(journal) {
				t.Fatalf("%d legs from events, %d from the journal", len(events), len(journal))
			}
			for i := range events {
				a, b := events[i], journal[i]
				if a.Start.Sub(b.Start).Abs() > exact || a.Answer.Sub(b.Answer).Abs() > exact || a.End.Sub(b.End).Abs() > exact {
					t.Errorf("times differ: %+v, %+v", a, b)
				}
				b.Start, b.Answer, b.End, b.Source, b.Rule, b.from = a.Start, a.Answer, a.End, a.Source, a.Rule, a.from
				if a != b {
					t.Errorf("events say %+v\njournal says %+v", a, b)
				}
			}
		})
	}
}

// TestWhatRecordingsSay looks at what the truths do not hold.
func TestWhatRecordingsSay(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		extension, account string
		private            bool
		cause              int
		rule               Rule
	}{
		"out_answered":         {"1001", "dept-sales", false, 16, RulePhone},
		"out_account_code":     {"1001", "prj-4711", false, 16, RulePhone},
		"out_private":          {"1001", "dept-sales", true, 16, RulePhone},
		"out_busy":             {"1001", "dept-sales", false, 17, RulePhone},
		"out_cancelled":        {"1001", "dept-sales", false, 127, RulePhone},
		"fwd_in_local":         {"1002", "", false, 16, RuleDialplan},
		"fwd_phone_302_int":    {"1001", "dept-tech", false, 16, RuleDeflected},
		"xfer_blind_in_to_ext": {"1001", "dept-sales", false, 16, RuleBlind},
		"xfer_att_in_to_ext":   {"1001", "dept-sales", false, 16, RulePhone},
		"orig_local":           {"1001", "dept-sales", false, 16, RuleLocal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("testdata", "recordings", name)
			legs := replayAMI(t, dir, TrackerConfig{Trunks: []string{"PJSIP/provider"}})
			if len(legs) != 1 {
				t.Fatalf("%d legs", len(legs))
			}
			l := legs[0]
			if l.Extension != want.extension || l.AccountCode != want.account || l.Private != want.private ||
				int(l.Cause) != want.cause || l.Rule != want.rule {
				t.Errorf("leg %+v, want %+v", l, want)
			}
		})
	}
}
