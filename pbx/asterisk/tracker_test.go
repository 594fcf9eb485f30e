package asterisk

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// TestMemoryIsBounded lets channels begin and never end, and then very many
// calls begin and end.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	tracker := NewTracker(TrackerConfig{MaxChannels: 100})
	at := time.Unix(1_700_000_000, 0)
	handle := func(lines ...string) []Leg {
		at = at.Add(time.Millisecond)
		stamp := fmt.Sprintf("Timestamp: %d.%06d", at.Unix(), at.Nanosecond()/1000)
		return tracker.Handle(ami.Message{Fields: fields(append(lines, stamp)...)})
	}
	begin := func(i int, name string) string {
		name = fmt.Sprintf("%s-%08x", name, i)
		handle("Event: Newchannel", "Channel: "+name, fmt.Sprintf("Uniqueid: %d.%d", at.Unix(), i))
		return name
	}
	for i := range 1_000 {
		a, b := begin(2*i, "PJSIP/1001"), begin(2*i+1, "PJSIP/provider")
		handle("Event: DialBegin", "Channel: "+a, "DestChannel: "+b, "DialString: 0044@provider")
	}
	if c := tracker.Counts(); c.Channels != 100 || c.Dropped != 1_900 || c.Open != 50 || len(tracker.Open()) != 50 {
		t.Errorf("after 2,000 channels without end: %+v", c)
	}
	legs := 0
	for i := range 50_000 {
		a, b := begin(10_000+2*i, "PJSIP/1001"), begin(10_001+2*i, "PJSIP/provider")
		handle("Event: DialBegin", "Channel: "+a, "DestChannel: "+b, "DialString: 0044@provider")
		handle("Event: BridgeEnter", "Channel: "+a, fmt.Sprintf("BridgeUniqueid: %d", i))
		handle("Event: BridgeEnter", "Channel: "+b, fmt.Sprintf("BridgeUniqueid: %d", i))
		legs += len(handle("Event: Hangup", "Channel: "+b, "Cause: 16"))
		handle("Event: Hangup", "Channel: "+a, "Cause: 16")
	}
	if legs != 50_000 {
		t.Errorf("%d legs of 50,000 calls", legs)
	}
	held := len(tracker.channels) + len(tracker.order) + len(tracker.gone) + len(tracker.bridges)
	if c := tracker.Counts(); c.Channels > 100 || held > 4*goneMax {
		t.Errorf("holds %d things after 50,000 calls, %+v", held, c)
	}
}

// TestOpenLegs looks at calls in progress.
func TestOpenLegs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "recordings", "out_two_at_once", "ami.txt"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := ReplayAMI(ami.NewReader(bytes.NewReader(text[:len(text)*6/10])), TrackerConfig{}, func(l Leg) error {
		return fmt.Errorf("leg %s ended too early", l.UniqueID)
	})
	if err != nil || len(done.Open) != 2 || done.Counts.Open != 2 {
		t.Fatalf("open legs %+v, %v", done.Open, err)
	}
	a, b := done.Open[0], done.Open[1]
	if a.Originator != "1001" || b.Originator != "1003" || !a.End.IsZero() || a.Answer.IsZero() {
		t.Errorf("open legs %+v, %+v", a, b)
	}
}

func FuzzTracker(f *testing.F) {
	for _, name := range []string{"fwd_in_local", "xfer_att_dtmf_in_to_ext", "orig_local", "fwd_phone_302_int"} {
		text, err := os.ReadFile(filepath.Join("testdata", "filtered-22", name, "ami.txt"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("Event: DialBegin\nChannel: a/b\nDestChannel: a/b\n\nEvent: Hangup\nChannel: a/b<ZOMBIE>\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		config := TrackerConfig{Trunks: []string{"PJSIP/provider"}, MaxChannels: 4}
		done, err := ReplayAMI(ami.NewReader(bytes.NewReader(data)), config, func(l Leg) error {
			if l.End.Before(l.Start) || l.Duration() < 0 || l.Cause < 0 || l.Cause > causeMax || l.Trunk == "" {
				return fmt.Errorf("leg %+v cannot be", l)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if c := done.Counts; c.Channels > 4 || c.Open != len(done.Open) {
			t.Fatalf("counts %+v, %d open", c, len(done.Open))
		}
	})
}
