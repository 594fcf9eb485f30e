package asterisk

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// TestCalls runs the scripts in testdata/calls. A script is a list of cases:
//
//	case NAME                            begins one
//	trunk PJSIP/provider                 configures a trunk; without any, none is
//	SECONDS new CHANNEL [KEY=VALUE]…     a channel begins: exten, caller, account, uid
//	SECONDS dial FROM TO STRING          FROM dials TO; - is the PBX itself
//	SECONDS end TO STATUS [forward=N]    how that ended
//	SECONDS up CHANNEL                   its state becomes up
//	SECONDS set CHANNEL NAME=VALUE       a variable is set
//	SECONDS exec CHANNEL EXTEN [DATA]    the dialplan runs Set(DATA) in an extension
//	SECONDS account CHANNEL CODE         its account code changes
//	SECONDS blind BY WHOM EXTEN          blind transfer
//	SECONDS attended BY TARGET           attended transfer
//	SECONDS enter CHANNEL BRIDGE         a channel enters a bridge
//	SECONDS hangup CHANNEL [CAUSE]
//	leg CHANNEL KEY=VALUE…               a leg that must come out, in this order
//
// Lines may stand in any order of their times, as events may arrive.
func TestCalls(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/calls/*.calls")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts found (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, body := range strings.Split("\n"+string(text), "\ncase ") {
			name, script, _ := strings.Cut(body, "\n")
			if i == 0 {
				continue // what stands before the first case is a comment
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".calls")+"/"+name, func(t *testing.T) {
				t.Parallel()
				runCalls(t, script)
			})
		}
	}
}

func runCalls(t *testing.T, script string) {
	t.Helper()
	var config TrackerConfig
	var events, want []string
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case verb == "trunk":
			config.Trunks = append(config.Trunks, rest)
		case verb == "leg":
			want = append(want, rest)
		default:
			events = append(events, line)
		}
	}
	tracker := NewTracker(config)
	var got []Leg
	for _, line := range events {
		m, err := scriptedMessage(line, tracker)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, tracker.Handle(m)...)
	}
	for i := range max(len(got), len(want)) {
		have, expect := "nothing", "nothing"
		if i < len(want) {
			expect = strings.Join(strings.Fields(want[i]), " ")
		}
		if i < len(got) {
			have = describe(&got[i], expect)
		}
		if have != expect {
			t.Errorf("leg %d:\n got %s\nwant %s", i+1, have, expect)
		}
	}
}

// describe prints of a leg what a script asks for.
func describe(l *Leg, asked string) string {
	parts := []string{l.Channel}
	for _, word := range strings.Fields(asked)[1:] {
		key, _, _ := strings.Cut(word, "=")
		value := map[string]string{
			"dialed": l.Dialed, "by": l.Originator, "from": l.Extension, "trunk": l.Trunk, "account": l.AccountCode,
			"private": strconv.FormatBool(l.Private), "seconds": fmt.Sprint(l.Duration().Seconds()),
			"cause":     strconv.Itoa(int(l.Cause)),
			"estimated": strconv.FormatBool(l.Estimated), "answered": strconv.FormatBool(!l.Answer.IsZero()), "caller": l.Caller,
			"uid": l.UniqueID, "attempt": l.Attempt,
		}
		v, ok := value[key]
		if !ok {
			v = "(no such key)"
		}
		parts = append(parts, key+"="+v)
	}
	return strings.Join(parts, " ")
}

// scripted is a line of a script on its way to be a message.
type scripted struct {
	words   []string
	options map[string]string
	tracker *Tracker
	ami.Message
}

// scriptedMessage makes the message that a line of a script stands for.
func scriptedMessage(line string, t *Tracker) (ami.Message, error) {
	s := scripted{words: strings.Fields(line), options: map[string]string{}, tracker: t}
	seconds, err := time.ParseDuration(s.words[0] + "s")
	if err != nil || len(s.words) < 3 {
		return ami.Message{}, fmt.Errorf("line %q: want SECONDS VERB CHANNEL …", line)
	}
	for _, word := range s.words[2:] {
		if key, value, found := strings.Cut(word, "="); found {
			s.options[key] = value
		}
	}
	if !s.dialling() && !s.other() {
		return ami.Message{}, fmt.Errorf("line %q: no such verb", line)
	}
	at := time.Unix(1_700_000_000, 0).Add(seconds)
	s.add("Timestamp", fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000))
	return s.Message, nil
}

func (s *scripted) word(i int) string {
	if i < len(s.words) {
		return s.words[i]
	}
	return ""
}

func (s *scripted) add(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		s.Fields = append(s.Fields, ami.Header(pairs[i], pairs[i+1]))
	}
}

// channel describes a channel as events do.
func (s *scripted) channel(prefix, name string) {
	if name == "-" {
		return
	}
	uid, account := uidOf(name), ""
	if ch := s.tracker.channels[name]; ch != nil {
		uid, account = ch.uniqueID, ch.current
	}
	s.add(prefix+"Channel", name, prefix+"Uniqueid", uid, prefix+"AccountCode", account)
}

func (s *scripted) dialling() bool {
	name, caller := s.word(2), s.options["caller"]
	switch s.word(1) {
	case "new":
		s.add("Event", "Newchannel", "Channel", name, "Uniqueid", cmp.Or(s.options["uid"], uidOf(name)),
			"Exten", s.options["exten"], "CallerIDNum", caller, "AccountCode", s.options["account"])
	case "dial":
		s.add("Event", "DialBegin")
		s.channel("", name)
		s.channel("Dest", s.word(3))
		s.add("DialString", s.word(4), "CallerIDNum", caller, "DestCallerIDNum", caller, "Exten", s.options["exten"])
	case "end":
		from := "-"
		if ch := s.tracker.channels[name]; ch.dialler() != nil {
			from = ch.dialler().name
		}
		s.add("Event", "DialEnd")
		s.channel("", from)
		s.channel("Dest", name)
		s.add("DialStatus", s.word(3), "Forward", s.options["forward"])
	case "up":
		s.add("Event", "Newstate", "Channel", name, "ChannelState", "6")
	case "hangup":
		s.add("Event", "Hangup", "Channel", name, "Cause", cmp.Or(s.word(3), "16"))
	default:
		return false
	}
	return true
}

func (s *scripted) other() bool {
	name := s.word(2)
	switch s.word(1) {
	case "set":
		variable, value, _ := strings.Cut(s.word(3), "=")
		s.add("Event", "VarSet")
		s.channel("", name)
		s.add("Variable", variable, "Value", value)
	case "exec":
		s.add("Event", "Newexten", "Channel", name, "Extension", s.word(3), "Application", "Set", "AppData", s.word(4))
	case "account":
		s.add("Event", "NewAccountCode", "Channel", name, "AccountCode", s.word(3))
	case "blind":
		s.add("Event", "BlindTransfer", "Result", "Success")
		s.channel("Transferer", name) //nolint:misspell // Asterisk's spelling
		s.channel("Transferee", s.word(3))
		s.add("Extension", s.word(4))
	case "attended":
		s.add("Event", "AttendedTransfer", "Result", "Success")
		s.channel("OrigTransferer", name)
		s.add("TransferTargetChannel", s.word(3))
	case "enter":
		s.add("Event", "BridgeEnter", "BridgeUniqueid", s.word(3))
		s.channel("", name)
	default:
		return false
	}
	return true
}

// uidOf makes a unique id of a channel's suffix.
func uidOf(name string) string {
	name, half, _ := strings.Cut(strings.TrimSuffix(name, zombie), ";")
	suffix := name[strings.LastIndexByte(name, '-')+1:]
	return "1700000000." + suffix + half
}
