package control

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
)

// TestMachine runs the scripts in testdata. A script is a list of cases:
//
//	case NAME
//	SECONDS began [attempt=X] [caller=CHANNEL] [by=EXTENSION]
//	SECONDS answered
//	SECONDS found [answered=SECONDS] [attempt=X]    it is open when the connection comes up
//	SECONDS lost                                    the connection is
//	SECONDS granted [for=S] [renew=S] [KEY=VALUE]…  the charger's answer to the last question
//	SECONDS failed CODE                             no answer
//	SECONDS armed | unarmed | stuck | cancel CAUSE | uncontrolled
//	SECONDS pass                                    time goes by
//	> SECONDS EFFECT                                what must be done then, in this order
//
// In between the machine is woken whenever it wants to be.
func TestMachine(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.calls")
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
				runScript(t, script)
			})
		}
	}
}

var epoch = time.Unix(1_800_000_000, 0).UTC()

// player plays a script to a machine.
type player struct {
	machine
	now   time.Time
	asked question
	got   []string
	woken int
}

func runScript(t *testing.T, script string) {
	t.Helper()
	p := player{machine: machine{device: 7, enabled: true, verify: 2 * time.Second}}
	var want []string
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if rest, found := strings.CutPrefix(line, "> "); found {
			want = append(want, rest)
			continue
		}
		if err := p.play(strings.Fields(line)); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
	}
	if p.woken > 200 {
		t.Errorf("woken %d times", p.woken)
	}
	if got := strings.Join(p.got, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func seconds(s string) time.Duration {
	d, _ := time.ParseDuration(s + "s")
	return d
}

// play lets time pass up to a line of the script, and does what it says.
func (p *player) play(words []string) error {
	if len(words) < 2 {
		return errors.New("want SECONDS EVENT")
	}
	at := epoch.Add(seconds(words[0]))
	for !p.wake.IsZero() && p.wake.Before(at) && p.woken < 1000 {
		p.woken++
		p.now = later(p.wake, p.now)
		p.note(p.handle(event{kind: eventTick}, p.now))
	}
	p.now = at
	options := map[string]string{}
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, "=")
		options[key] = value
	}
	e := event{leg: p.leg, question: p.asked}
	kinds := map[string]eventKind{
		"began": eventBegan, "answered": eventAnswered, "found": eventFound, "lost": eventLost, "granted": eventGranted,
		"failed": eventFailed, "armed": eventArmed, "unarmed": eventUnarmed, "stuck": eventStuck, "cancel": eventCancel,
		"pass": eventTick,
	}
	if words[1] == "uncontrolled" {
		p.enabled = false
		return nil
	}
	kind, ok := kinds[words[1]]
	if !ok {
		return errors.New("no such event")
	}
	e.kind = kind
	switch kind {
	case eventBegan, eventFound, eventAnswered:
		e.leg.UniqueID, e.leg.Channel, e.leg.Dialed = "1.2", "PJSIP/provider-2", "0044"
		for key, value := range options {
			setLeg(&e.leg, key, value)
		}
		if kind == eventAnswered {
			e.leg.Answer = at
		}
	case eventGranted:
		e.grant = readGrant(options)
	case eventFailed:
		e.code = tollgate.ErrorCode(words[2])
	case eventCancel:
		cause, _ := strconv.Atoi(words[2])
		e.cause = tollgate.Cause(cause)
	case eventLost, eventArmed, eventUnarmed, eventStuck, eventTick:
	}
	p.note(p.handle(e, at))
	return nil
}

func setLeg(leg *asterisk.Leg, key, value string) {
	switch key {
	case "attempt":
		leg.Attempt = value
	case "caller":
		leg.CallerChannel = value
	case "by":
		leg.Originator = value
	case "answered":
		leg.Answer = epoch.Add(seconds(value))
	}
}

func readGrant(options map[string]string) tollgate.Grant {
	has := func(key string) bool { _, found := options[key]; return found }
	cause, _ := strconv.Atoi(options["cause"])
	return tollgate.Grant{
		Allowed: !has("denied"), Unlimited: has("unlimited"), Final: has("final"), Warn: has("warn"),
		For: seconds(options["for"]), RenewAt: seconds(options["renew"]),
		Then: tollgate.Action{Kind: tollgate.ActionKind(options["then"]), Cause: tollgate.Cause(cause)},
	}
}

// note writes down what the machine wants.
func (p *player) note(effects []effect) {
	ways := map[way]string{wayLine: "line", wayCaller: "caller", wayPeer: "peer", wayPattern: "pattern"}
	for _, e := range effects {
		text := ""
		switch e.kind {
		case effectAsk:
			p.asked = e.question
			switch {
			case e.question.authorize:
				text = "authorize"
			case !e.question.answered.IsZero():
				text = "answer renew"
			default:
				text = "renew"
			}
			text += " " + e.question.call.UniqueID
		case effectTimer:
			text = "timer never"
			if !e.until.IsZero() {
				text = "timer " + since(e.until)
			}
		case effectHangup:
			text = fmt.Sprintf("hangup %s %d", ways[e.way], e.action.Cause)
		case effectRedirect:
			text = fmt.Sprintf("%s %s %d", e.action.Kind, ways[e.way], e.action.Cause)
		case effectBeep:
			text = "beep"
		case effectAlert:
			text = "alert"
		case effectFailed:
			text = "cannot"
		}
		p.got = append(p.got, since(p.now)+" "+text)
	}
}

func since(t time.Time) string {
	return strconv.FormatFloat(t.Sub(epoch).Seconds(), 'f', -1, 64)
}
