package agi

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"

	"pgregory.net/rapid"
)

// spoken prints what is said, for comparison.
func spoken(words []word) string {
	var out []string
	for _, w := range words {
		switch {
		case w.language != "":
			out = append(out, "["+w.language+"]")
		case w.sound != "":
			out = append(out, w.sound)
		default:
			out = append(out, strconv.FormatInt(w.number, 10))
		}
	}
	return strings.Join(out, " ")
}

// String prints a step, for comparison.
func (s step) String() string {
	what := []string{"collect", "open", "authorize", "dial", "leave"}[s.do]
	switch s.do {
	case taskOpen:
		what += " " + s.number + "/" + s.pin
	case taskAuthorize, taskDial:
		what += " " + s.number
	case taskCollect, taskLeave:
	}
	return strings.TrimSpace(what + ": " + spoken(s.say))
}

const (
	askForCard   = "your number astcc-followed-by-the-pound-key"
	askForNumber = "vm-enter-num-to-call astcc-followed-by-the-pound-key"
)

// newFlow returns a flow and what compares its steps.
func newFlow(t *testing.T) (f *flow, is func(want string, got step)) {
	t.Helper()
	return &flow{languages: []string{"en", "de"}}, func(want string, got step) {
		t.Helper()
		if got.String() != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	f, is := newFlow(t)
	is("collect: [en] vm-press 1 [de] vm-press 2", f.begin())
	is("collect: [de] "+askForCard, f.pressed("2"))
	is("collect: confbridge-pin", f.pressed("998877"))
	is("open 998877/1234:", f.pressed("1234"))
	is("collect: vm-youhave 12 digits/dollars vm-and 50 "+askForNumber,
		f.opened(Card{Account: 1, Left: tollgate.Money{Micro: 12_509_999, Currency: "USD"}}, nil))
	is("authorize 0049301:", f.pressed("0049301"))
	is("dial 0049301: vm-youhave 3 minutes",
		f.decided("0049301", tollgate.Grant{Allowed: true, Affords: 239 * time.Second}, nil))
	is("collect: "+askForNumber, f.ended("ANSWER"))
	is("authorize 112:", f.pressed("112"))
	is("dial 112:", f.decided("112", tollgate.Grant{Allowed: true, Unlimited: true}, nil))
	is("collect: number-not-answering "+askForNumber, f.ended("BUSY"))
}

func TestFlowThreeTries(t *testing.T) {
	t.Parallel()
	wrong := tollgate.Errorf(tollgate.CodeUnauthenticated, "wrong")
	f, is := newFlow(t)
	f.begin()
	is("collect: [en] "+askForCard, f.pressed(""))
	for _, want := range []string{
		"collect: vm-incorrect " + askForCard, "collect: vm-incorrect " + askForCard, "leave: vm-incorrect vm-goodbye",
	} {
		f.pressed("998877")
		f.pressed("1")
		is(want, f.opened(Card{}, wrong))
	}
	f, is = newFlow(t)
	f.begin()
	f.pressed("1")
	is("collect: vm-incorrect "+askForCard, f.pressed(""))
	is("collect: vm-incorrect "+askForCard, f.pressed("99*"))
	is("leave: vm-incorrect vm-goodbye", f.pressed(""))
}

func TestFlowStar(t *testing.T) {
	t.Parallel()
	f, is := newFlow(t)
	f.begin()
	f.pressed("1")
	is("collect: vm-incorrect "+askForCard, f.pressed("99*"))
	f.pressed("998877")
	is("collect: vm-incorrect "+askForCard, f.pressed("*"))
	f.pressed("998877")
	is("open 998877/1234:", f.pressed("1234"))
	f.opened(Card{Account: 1}, nil)
	is("collect: privacy-incorrect "+askForNumber, f.pressed("004*"))
	is("authorize 0049:", f.pressed("0049"))
}

func TestFlowRefused(t *testing.T) {
	t.Parallel()
	f, is := newFlow(t)
	for code, want := range map[tollgate.ErrorCode]string{
		tollgate.CodeNoCredit:    "im-sorry vm-youhave 0 minutes vm-goodbye",
		tollgate.CodeFrozen:      "im-sorry feature-not-avail-line vm-goodbye",
		tollgate.CodeForbidden:   "im-sorry feature-not-avail-line vm-goodbye",
		tollgate.CodeUnavailable: "please-try-call-later vm-goodbye",
		tollgate.CodeInternal:    "please-try-call-later vm-goodbye",
	} {
		is("leave: "+want, f.opened(Card{}, tollgate.Errorf(code, "no")))
	}
	f.tries = 2
	is("leave: confbridge-pin-bad vm-goodbye", f.opened(Card{}, tollgate.Errorf(tollgate.CodeForbidden, "locked")))
	f.tries = 0
	refused := func(code tollgate.ErrorCode, then tollgate.Action) step {
		return f.decided("1", tollgate.Grant{Code: code, Then: then}, nil)
	}
	is("collect: im-sorry vm-youhave 0 minutes "+askForNumber, refused(tollgate.CodeNoCredit, tollgate.Action{}))
	is("collect: privacy-incorrect "+askForNumber, refused(tollgate.CodeInvalid, tollgate.Action{}))
	is("leave: im-sorry vm-youhave 0 minutes vm-goodbye", refused(tollgate.CodeNoCredit, tollgate.Action{}))
	f.tries = 0
	is("leave: im-sorry feature-not-avail-line vm-goodbye", refused(tollgate.CodeFrozen, tollgate.Action{}))
	is("collect: own/empty "+askForNumber, refused(tollgate.CodeNoCredit,
		tollgate.Action{Kind: tollgate.ActionAnnounce, Sound: "own/empty"}))
	is("leave: please-try-call-later vm-goodbye", f.decided("1", tollgate.Grant{Allowed: true}, errGone))
	for status, want := range map[string]string{
		"ANSWER": "", "CANCEL": "", "NOANSWER": "number-not-answering ", "CONGESTION": "cannot-complete-as-dialed ",
	} {
		is("collect: "+want+askForNumber, f.ended(status))
	}
}

func TestSpeech(t *testing.T) {
	t.Parallel()
	_, is := newFlow(t)
	for micro, want := range map[int64]string{
		-5: "vm-youhave 0 tollgate/eur", 9_999: "vm-youhave 0 tollgate/eur",
		7_010_000: "vm-youhave 7 tollgate/eur vm-and 1", 1_000_000: "vm-youhave 1 tollgate/eur",
	} {
		is("collect: "+want, step{say: balance(tollgate.Money{Micro: micro, Currency: "EUR"})})
	}
	for affordable, want := range map[time.Duration]string{
		0: "", 59 * time.Second: " vm-youhave 59 seconds", time.Minute: " vm-youhave 1 minute",
		119 * time.Second: " vm-youhave 1 minute", 2 * time.Minute: " vm-youhave 2 minutes", 24 * time.Hour: "",
	} {
		is("dial :"+want, step{do: taskDial, say: affords(tollgate.Grant{Affords: affordable})})
	}
}

func TestFlowOneLanguage(t *testing.T) {
	t.Parallel()
	f := &flow{languages: []string{"de"}}
	if got := f.begin().String(); got != "collect: [de] your number astcc-followed-by-the-pound-key" {
		t.Errorf("got %q", got)
	}
}

// TestFlowEnds lets anything happen: a session ends, never dials what was not
// allowed, and never asks for a call before a card is open.
func TestFlowEnds(t *testing.T) {
	t.Parallel()
	codes := []tollgate.ErrorCode{
		tollgate.CodeUnauthenticated, tollgate.CodeNoCredit, tollgate.CodeFrozen, tollgate.CodeForbidden,
		tollgate.CodeInvalid,
	}
	rapid.Check(t, func(t *rapid.T) {
		f := &flow{languages: []string{"en", "de"}}
		opened, allowed := false, ""
		next := f.begin()
		for n := 0; next.do != taskLeave; n++ {
			if n > 3*maxTries*(maxCardCalls+2) {
				t.Fatal("it does not end")
			}
			switch next.do {
			case taskCollect:
				keys := rapid.StringMatching(`[0-9*]{0,24}`).Draw(t, "keys")
				next = f.pressed(keys[:min(len(keys), next.keys)])
			case taskOpen:
				var err error
				if opened = rapid.Bool().Draw(t, "opens"); !opened {
					err = tollgate.Errorf(rapid.SampledFrom(codes).Draw(t, "code"), "no")
				}
				next = f.opened(Card{Account: 1}, err)
			case taskAuthorize:
				if !opened {
					t.Fatal("a call without a card")
				}
				grant := tollgate.Grant{Allowed: rapid.Bool().Draw(t, "allowed")}
				if allowed = next.number; !grant.Allowed {
					allowed, grant.Code = "", rapid.SampledFrom(codes[1:]).Draw(t, "code")
				}
				next = f.decided(next.number, grant, nil)
			case taskDial:
				if allowed == "" || next.number != allowed {
					t.Fatalf("it dials %q, allowed is %q", next.number, allowed)
				}
				allowed = ""
				next = f.ended(rapid.SampledFrom([]string{"ANSWER", "BUSY", "CONGESTION", ""}).Draw(t, "status"))
			case taskLeave:
			}
		}
		if !slices.Contains(next.say, word{sound: "vm-goodbye"}) {
			t.Error("it leaves without a word")
		}
	})
}
