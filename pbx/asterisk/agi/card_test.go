package agi

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
)

// cardsFunc is where cards are.
type cardsFunc func(number, pin string) (Card, error)

func (f cardsFunc) Open(_ context.Context, number, pin string, _ tollgate.ID) (Card, error) {
	return f(number, pin)
}

// oneCard is the card 998877 with the PIN 1234 and 12.50 euros.
func oneCard(number, pin string) (Card, error) {
	if number != "998877" || pin != "1234" {
		return Card{}, tollgate.Errorf(tollgate.CodeUnauthenticated, "card or PIN is wrong")
	}
	return Card{Account: 4711, Left: tollgate.Money{Micro: 12_500_000, Currency: "EUR"}}, nil
}

func cardCall() environment {
	return environment{
		"agi_network_script": "hq/card", "agi_channel": "PJSIP/1001-0000002a", "agi_uniqueid": "1795316484.12",
		"agi_callerid": "1001", "agi_arg_1": "PJSIP/%s@provider",
	}
}

const keySet = " 0123456789*#"

// TestCard is a whole session: a wrong PIN, a number that is too dear, a call, a
// second call after it.
func TestCard(t *testing.T) {
	t.Parallel()
	a := newFakeAsterisk(t, cardCall())
	a.keys = []string{"2", "998877", "1111", "998877", "1234", "0900123", "00442079460001", "00442079460002", "", "", ""}
	a.variables = map[string]string{"DIALSTATUS": "ANSWER"}
	var asked []tollgate.Attempt
	ask(t, house(chargerFunc(func(_ context.Context, attempt tollgate.Attempt) (tollgate.Grant, error) {
		asked = append(asked, attempt)
		if strings.HasPrefix(attempt.Dialed, "0900") {
			return tollgate.Grant{Code: tollgate.CodeNoCredit}, nil
		}
		return tollgate.Grant{Allowed: true, For: 10 * time.Second, Affords: 5 * time.Minute}, nil
	}), cardsFunc(oneCard)), a, "127.0.0.1:1")

	sound := func(names ...string) (out []string) {
		for _, name := range names {
			out = append(out, "STREAM FILE "+name+keySet)
		}
		return out
	}
	number := func(n string) []string { return []string{"SAY NUMBER " + n + keySet} }
	keys := func(n string) []string { return []string{"GET DATA  8000 " + n} }
	language := func(l string) []string { return []string{"SET VARIABLE CHANNEL(language) " + l} }
	askForCard := sound("your", "number", "astcc-followed-by-the-pound-key")
	askForNumber := sound("vm-enter-num-to-call", "astcc-followed-by-the-pound-key")
	want := slices.Concat(
		[]string{
			fetch, "GET FULL VARIABLE ${TOLLGATE_ATTEMPT}" + separator + "${TOLLGATE_TRUNK}",
			"SET VARIABLE FEATUREMAP(disconnect) **",
		},
		language("en"), sound("vm-press"), number("1"), language("de"), sound("vm-press"), number("2"), keys("1"),
		language("de"), askForCard, keys("24"), sound("confbridge-pin"), keys("12"),
		sound("vm-incorrect"), askForCard, keys("24"), sound("confbridge-pin"), keys("12"),
		sound("vm-youhave"), number("12"), sound("tollgate/eur", "vm-and"), number("50"), askForNumber, keys("24"),
		[]string{"SET VARIABLE TOLLGATE_ATTEMPT 1"},
		sound("im-sorry", "vm-youhave"), number("0"), sound("minutes"), askForNumber, keys("24"),
		[]string{"SET VARIABLE TOLLGATE_ATTEMPT 2"}, sound("vm-youhave"), number("5"), sound("minutes"),
		[]string{
			"SET VARIABLE __TOLLGATE_CALL 1795316484.12#2", "EXEC CELGenUserEvent TOLLGATE_CALL,1795316484.12#2",
			"EXEC Dial PJSIP/00442079460001@provider,60,gHU(tollgate-answer^9.750)", "GET FULL VARIABLE ${DIALSTATUS}",
		},
		askForNumber, keys("24"),
		[]string{"SET VARIABLE TOLLGATE_ATTEMPT 3"}, sound("vm-youhave"), number("5"), sound("minutes"),
		[]string{
			"SET VARIABLE __TOLLGATE_CALL 1795316484.12#3", "EXEC CELGenUserEvent TOLLGATE_CALL,1795316484.12#3",
			"EXEC Dial PJSIP/00442079460002@provider,60,gHU(tollgate-answer^9.750)", "GET FULL VARIABLE ${DIALSTATUS}",
		},
		askForNumber, keys("24"), sound("privacy-incorrect"), askForNumber, keys("24"),
		sound("privacy-incorrect"), askForNumber, keys("24"), sound("privacy-incorrect", "vm-goodbye"), []string{"HANGUP"},
	)
	if got := a.said(); !slices.Equal(got, want) {
		t.Errorf("it said\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(asked) != 3 || asked[2].Card != 4711 || asked[2].Dialed != "00442079460002" || asked[2].Extension != "1001" ||
		asked[2].Call != (tollgate.CallID{Device: 7, UniqueID: "1795316484.12#3"}) {
		t.Errorf("it asked for %+v", asked)
	}
}

// TestCardBarge presses the first key while the balance is spoken: it is the
// first of the number.
func TestCardBarge(t *testing.T) {
	t.Parallel()
	a := newFakeAsterisk(t, cardCall())
	a.env["agi_network_script"] = "hq/card?languages=en"
	a.keys = []string{"998877", "1234", "0442079460001"}
	a.barge, a.bargeKey = "vm-and", '0'
	dialled := ""
	a.dialled = func(args string) { dialled = args }
	ask(t, house(chargerFunc(unlimited), cardsFunc(oneCard)), a, "127.0.0.1:1")
	if dialled != "PJSIP/00442079460001@provider,60,gH" {
		t.Errorf("dialled %q", dialled)
	}
}

// TestCardExpires: a card that expires between two calls of a session places no more.
func TestCardExpires(t *testing.T) {
	t.Parallel()
	a := newFakeAsterisk(t, cardCall())
	a.env["agi_network_script"] = "hq/card?languages=en"
	a.keys = []string{"998877", "1234", "00442079460001"}
	asked := false
	ask(t, house(chargerFunc(func(context.Context, tollgate.Attempt) (tollgate.Grant, error) {
		asked = true
		return tollgate.Grant{Allowed: true, Unlimited: true}, nil
	}), cardsFunc(func(number, pin string) (Card, error) {
		card, err := oneCard(number, pin)
		card.Expires = time.Now()
		return card, err
	})), a, "127.0.0.1:1")
	said := a.said()
	if asked || !slices.Contains(said, "STREAM FILE im-sorry"+keySet) || said[len(said)-1] != "HANGUP" {
		t.Errorf("asked %t, and it said\n%s", asked, strings.Join(said, "\n"))
	}
}

// TestCardHangUp has a caller who hangs up at each point of a session, among
// them in the call.
func TestCardHangUp(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 40; n++ {
		a := newFakeAsterisk(t, cardCall())
		a.keys = []string{"1", "998877", "1234", "00442079460001"}
		a.hangUpAt = n
		ask(t, house(chargerFunc(unlimited), cardsFunc(oneCard)), a, "127.0.0.1:1")
		if said := a.said(); len(said) > n+1 {
			t.Errorf("hung up at %d, and still it said %q", n, said[n:])
		}
	}
}

func TestCardSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, argument, trunk, want string
	}{
		{"by argument", "PJSIP/%s@one", "PJSIP/%s@two", "PJSIP/%s@one"},
		{"by variable", "", "PJSIP/%s@two", "PJSIP/%s@two"},
		{"not at all", "", "", ""},
		{"without a place for the number", "PJSIP/provider", "", ""},
		{"with two", "PJSIP/%s@%s", "", ""},
		{"with another", "PJSIP/%d", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newFakeAsterisk(t, environment{"agi_arg_1": test.argument})
			a.variables = map[string]string{"TOLLGATE_TRUNK": test.trunk, "TOLLGATE_ATTEMPT": "4"}
			c := caller{session: a.session()}
			err := c.settings()
			if (err == nil) != (test.want != "") || err == nil && (c.dialling != test.want || c.attempts != 4) {
				t.Errorf("dialling %q, %d attempts, %v", c.dialling, c.attempts, err)
			}
		})
	}
}

// TestCardUndecided has a charger that cannot decide: the caller is told to come
// again.
func TestCardUndecided(t *testing.T) {
	t.Parallel()
	a := newFakeAsterisk(t, cardCall())
	a.keys = []string{"1", "998877", "1234", "00442079460001"}
	ask(t, house(chargerFunc(func(context.Context, tollgate.Attempt) (tollgate.Grant, error) {
		return tollgate.Grant{}, tollgate.Errorf(tollgate.CodeUnavailable, "the store is away")
	}), cardsFunc(oneCard)), a, "127.0.0.1:1")
	said := a.said()
	if got := strings.Join(said[max(0, len(said)-3):], "; "); got !=
		"STREAM FILE please-try-call-later"+keySet+"; STREAM FILE vm-goodbye"+keySet+"; HANGUP" {
		t.Errorf("it ends with %q", got)
	}
}
