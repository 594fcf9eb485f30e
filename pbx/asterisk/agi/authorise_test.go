package agi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tollgate"
)

// house is a server with one device, hq, whose docking password is secret.
func house(charger Authorizer, cards Cards) *Server {
	find := func(name string) (tollgate.Device, error) {
		switch name {
		case "hq", "off":
			return tollgate.Device{
				ID: 7, Name: name, Enabled: name == "hq",
				Asterisk: tollgate.AMISettings{Trunks: []string{"PJSIP/provider"}},
			}, nil
		}
		return tollgate.Device{}, tollgate.Errorf(tollgate.CodeNotFound, "there is no device %s", name)
	}
	return &Server{
		Charger: charger, Cards: cards, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Device: func(_ context.Context, name string) (tollgate.Device, error) { return find(name) },
		Dock: func(_ context.Context, name, password, address string) (tollgate.Device, error) {
			if password != "secret" || strings.Contains(address, ":") {
				return tollgate.Device{}, tollgate.Errorf(tollgate.CodeUnauthenticated, "the password is wrong")
			}
			return find(name)
		},
	}
}

// ask lets an Asterisk ask once and returns when the session is over.
func ask(t *testing.T, s *Server, a *fakeAsterisk, from string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, done := newPipes(), make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	a.serve(l.dial(from))
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// plainCall is what an Asterisk says of a phone's call out.
func plainCall(script string) environment {
	return environment{
		"agi_network_script": script, "agi_channel": "PJSIP/1001-0000002a", "agi_uniqueid": "pbx-1795316484.12",
		"agi_callerid": "1001", "agi_extension": "s", "agi_accountcode": "sales",
		"agi_arg_1": "00442079460001", "agi_arg_2": "", "agi_arg_3": "", "agi_arg_4": "2",
	}
}

// fetch is the one command that asks who calls.
var fetch = "GET FULL VARIABLE " + identity

const call = "pbx-1795316484.12#2"

// verdict is a grant and what must be said of it.
type verdict struct {
	name  string
	grant tollgate.Grant
	want  []string
}

func TestAllow(t *testing.T) {
	t.Parallel()
	name := []string{fetch, "SET VARIABLE __TOLLGATE_CALL " + call, "EXEC CELGenUserEvent TOLLGATE_CALL," + call}
	timed := func(seconds string) []string {
		return append(slices.Clip(name), "SET VARIABLE TOLLGATE_SECONDS "+seconds,
			"SET VARIABLE TOLLGATE_DIAL U(tollgate-answer^"+seconds+")", "SET VARIABLE TOLLGATE_VERDICT ALLOW")
	}
	checkVerdicts(t, []verdict{
		{"for a while", tollgate.Grant{Allowed: true, For: 10 * time.Second}, timed("9.750")},
		{"for an hour", tollgate.Grant{Allowed: true, For: time.Hour}, timed("3599.750")},
		{"a moment, and never a timer of 0", tollgate.Grant{Allowed: true, For: 100 * time.Millisecond}, timed("0.050")},
		{
			"without end",
			tollgate.Grant{Allowed: true, Unlimited: true},
			append(slices.Clip(name), "SET VARIABLE TOLLGATE_VERDICT ALLOW"),
		},
	})
}

func TestDeny(t *testing.T) {
	t.Parallel()
	refused := func(code tollgate.ErrorCode) tollgate.Grant { return tollgate.Grant{Code: code} }
	poor := func(then tollgate.Action) tollgate.Grant {
		return tollgate.Grant{Code: tollgate.CodeNoCredit, Then: then}
	}
	checkVerdicts(t, []verdict{
		{
			"no credit", refused(tollgate.CodeNoCredit),
			denied("21", "no_credit", "TOLLGATE_ACTION hangup", "TOLLGATE_SOUND cannot-complete-as-dialed"),
		},
		{
			"a cause of its own", poor(tollgate.Action{Kind: tollgate.ActionHangup, Cause: 31}),
			denied("31", "no_credit", "TOLLGATE_ACTION hangup", "TOLLGATE_SOUND cannot-complete-as-dialed"),
		},
		{
			"frozen", refused(tollgate.CodeFrozen),
			denied("21", "frozen", "TOLLGATE_ACTION hangup", "TOLLGATE_SOUND feature-not-avail-line"),
		},
		{
			"forbidden", refused(tollgate.CodeForbidden),
			denied("21", "forbidden", "TOLLGATE_ACTION hangup", "TOLLGATE_SOUND feature-not-avail-line"),
		},
		{
			"no number", refused(tollgate.CodeInvalid),
			denied("28", "invalid", "TOLLGATE_ACTION hangup", "TOLLGATE_SOUND privacy-incorrect"),
		},
		{
			"announce", poor(tollgate.Action{Kind: tollgate.ActionAnnounce, Sound: "own/empty"}),
			denied("21", "no_credit", "TOLLGATE_ACTION announce", "TOLLGATE_SOUND own/empty"),
		},
		{
			"transfer", poor(tollgate.Action{Kind: tollgate.ActionTransfer, Target: "100@desk"}),
			denied("21", "no_credit", "TOLLGATE_ACTION transfer", "TOLLGATE_TARGET 100", "TOLLGATE_CONTEXT desk"),
		},
		{
			"transfer in the caller's context", poor(tollgate.Action{Kind: tollgate.ActionTransfer, Target: "100"}),
			denied("21", "no_credit", "TOLLGATE_ACTION transfer", "TOLLGATE_TARGET 100", "TOLLGATE_CONTEXT "),
		},
	})
}

// checkVerdicts lets an Asterisk ask, and compares all that is said to it.
func checkVerdicts(t *testing.T, verdicts []verdict) {
	t.Helper()
	for _, test := range verdicts {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked tollgate.Attempt
			a := newFakeAsterisk(t, plainCall("hq"))
			ask(t, house(chargerFunc(func(_ context.Context, attempt tollgate.Attempt) (tollgate.Grant, error) {
				asked = attempt
				return test.grant, nil
			}), nil), a, "127.0.0.1:40001")
			if got := a.said(); !slices.Equal(got, test.want) {
				t.Errorf("it said\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			if asked.Call != (tollgate.CallID{Device: 7, UniqueID: call}) || asked.Dialed != "00442079460001" ||
				asked.Extension != "1001" || asked.AccountCode != "sales" || asked.At.IsZero() {
				t.Errorf("it asked for %+v", asked)
			}
		})
	}
}

// denied is what is said to refuse a call.
func denied(cause, reason string, more ...string) []string {
	out := []string{fetch, "SET VARIABLE TOLLGATE_CAUSE " + cause, "SET VARIABLE TOLLGATE_REASON " + reason}
	for _, m := range more {
		out = append(out, "SET VARIABLE "+m)
	}
	return append(out, "SET VARIABLE TOLLGATE_VERDICT DENY")
}

// TestNobodyDecides has what must leave a call without a verdict, and what the
// console says of it.
func TestNobodyDecides(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, script, from, args string
		err                      error
		says                     string
	}{
		{name: "unknown device", script: "nowhere", says: "the device nowhere: there is no device nowhere"},
		{name: "no device", script: "", says: "the address names no device"},
		{name: "switched off", script: "off", says: "the device off is switched off"},
		{name: "unknown script", script: "hq/cards", says: `there is no "cards": want /hq or /hq/card`},
		{name: "no calling cards here", script: "hq/card", says: `there is no "card"`},
		{name: "from elsewhere", script: "hq", from: "192.0.2.7:9", says: "must give its docking password"},
		{name: "wrong password", script: "hq?key=guess", from: "192.0.2.7:9", says: "the password is wrong"},
		{name: "wrong password here", script: "hq?key=guess", says: "the password is wrong"},
		{name: "bad query", script: "hq?key=%zz", says: "what stands behind the ?"},
		{name: "an expression", script: "hq", args: "SHELL(rm -rf $HOME)", says: "is not the name of a variable"},
		{name: "a nested expression", script: "hq", args: "A${SHELL(id)}", says: "is not the name of a variable"},
		{
			name: "unavailable", script: "hq", says: "the store is away",
			err: tollgate.Errorf(tollgate.CodeUnavailable, "the store is away"),
		},
		{
			name: "a fault of ours", script: "hq", err: errors.New("pq: secret"),
			says: "Tollgate: nobody could decide, see the log of Tollgate",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newFakeAsterisk(t, plainCall(test.script))
			a.env["agi_arg_3"] = test.args
			if test.from == "" {
				test.from = "127.0.0.1:40001"
			}
			ask(t, house(chargerFunc(func(context.Context, tollgate.Attempt) (tollgate.Grant, error) {
				return tollgate.Grant{Allowed: true, Unlimited: true}, test.err
			}), nil), a, test.from)
			said := a.said()
			if last := strings.Join(said[max(0, len(said)-1):], ""); !strings.HasPrefix(last, "VERBOSE") ||
				!strings.Contains(last, test.says) {
				t.Errorf("it said %q, want at last %q", said, test.says)
			}
			if a.verdict() != "" {
				t.Error("there is a verdict")
			}
		})
	}
}

func TestAuthoriseFromElsewhere(t *testing.T) {
	t.Parallel()
	a := newFakeAsterisk(t, plainCall("hq?key=secret"))
	a.env["agi_arg_3"] = "SIPDOMAIN&CALLERID(name)"
	a.variables = map[string]string{"SIPDOMAIN": "hq.example", "CALLERID(name)": "Alice (Sales)"}
	var asked tollgate.Attempt
	ask(t, house(chargerFunc(func(_ context.Context, attempt tollgate.Attempt) (tollgate.Grant, error) {
		asked = attempt
		return tollgate.Grant{Allowed: true, Unlimited: true}, nil
	}), nil), a, "192.0.2.7:9")
	if a.verdict() != "ALLOW" {
		t.Errorf("no verdict: %q", a.said())
	}
	if !maps.Equal(asked.Variables, map[string]string{"SIPDOMAIN": "hq.example", "CALLERID(name)": "Alice (Sales)"}) {
		t.Errorf("the rules see %q", asked.Variables)
	}
}

// TestVariablesAreFew names one variable too many.
func TestVariablesAreFew(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range maxVariables + 1 {
		names = append(names, fmt.Sprint("V", i))
	}
	s := newFakeAsterisk(t, environment{}).session()
	if _, err := s.variables(strings.Join(names, "&")); tollgate.CodeOf(err) != tollgate.CodeInvalid {
		t.Errorf("error %v", err)
	}
	if values, err := s.variables(strings.Join(names[1:], "&")); err != nil || len(values) != maxVariables {
		t.Errorf("%d values, %v", len(values), err)
	}
}

// TestSlowCharger has a charger that thinks for ever: after two seconds nobody
// has decided, which is before the dialplan gives up.
func TestSlowCharger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFakeAsterisk(t, plainCall("hq"))
		begun := time.Now()
		s := house(chargerFunc(func(ctx context.Context, _ tollgate.Attempt) (tollgate.Grant, error) {
			<-ctx.Done()
			return tollgate.Grant{}, ctx.Err()
		}), nil)
		find := s.Device
		s.Device = func(ctx context.Context, name string) (tollgate.Device, error) {
			time.Sleep(DefaultDecide / 2)
			return find(ctx, name)
		}
		ask(t, s, a, "127.0.0.1:1")
		if took := time.Since(begun); took != DefaultDecide || a.verdict() != "" {
			t.Errorf("verdict %q after %v", a.verdict(), took)
		}
	})
}

// TestHangUpWhileAsked has a caller who hangs up at each command in turn.
func TestHangUpWhileAsked(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 5; n++ {
		a := newFakeAsterisk(t, plainCall("hq"))
		a.hangUpAt = n
		ask(t, house(chargerFunc(func(context.Context, tollgate.Attempt) (tollgate.Grant, error) {
			return tollgate.Grant{Allowed: true, For: time.Minute}, nil
		}), nil), a, "127.0.0.1:1")
		if said := a.said(); len(said) > n+1 {
			t.Errorf("hung up at %d, and still it said %q", n, said[n:])
		}
	}
}
