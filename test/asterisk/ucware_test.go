//go:build linux

package asterisk_test

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store/storetest"
	"tollgate/test/asterisk/lab"
)

// hurry divides how long people talk in the workflow. With 1 it takes the 107
// seconds of talk that an accounting's own trial would.
const hurry = 10

// The numbers of the workflow, and of what follows it.
const (
	berlin = "0049301234567"
	mobile = "00491701234567"
	secret = "0049301112222"
)

// ringAndAnswer is what a phone does without a plan.
var ringAndAnswer = lab.Answer{Ring: 300 * time.Millisecond} //nolint:gochecknoglobals // it never changes

// TestUCware has an accounting made for UCware work with Tollgate beside an old
// and a new Asterisk, on both databases.
func TestUCware(t *testing.T) {
	need(t, "sipp", "mmdebstrap")
	program := build(t)
	for slot, site := range []struct {
		name     string
		suite    lab.Suite
		postgres bool
	}{
		{"newest Asterisk, PostgreSQL", lab.Newest, true},
		{"oldest Asterisk, SQLite", lab.Oldest, false},
	} {
		t.Run(site.name, func(t *testing.T) {
			t.Parallel()
			database := ""
			if site.postgres {
				database = storetest.Postgres(t)
			}
			g := openGate(t, program, database)
			l, err := lab.Open(t.Context(), site.suite, slot, g.agi)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
			a := newAccounting(g, l)
			a.workflow()
			a.unmarked()
			a.follow(http.MethodPut, "/devices/"+l.Name, true)
			a.killedBetweenSteps()
			a.everyCall()
			a.private()
			g.run(append([]string{"audit"}, g.books()...)...)
		})
	}
}

// newAccounting has the gate follow an Asterisk whose users may mark calls as
// private: 1001 itself, 1008 as a member of a group.
func newAccounting(g *gate, l *lab.Lab) *accounting {
	g.t.Helper()
	a := &accounting{house: &house{gate: g, f: &followed{Lab: l}, company: g.rates()}, token: g.newToken("operator")}
	a.follow(http.MethodPost, "/devices", false)
	a.f.connected(g.t)
	user := a.with("1001", 0, map[string]any{"mode": "postpaid", "business": "enterprise"}, "1001")
	member := a.with("1008", 0, map[string]any{"mode": "postpaid"}, "1008")
	var group made
	g.ask(http.MethodPost, "/groups", map[string]any{
		"name": "may", "enterprise": a.company.String(), "members": []string{member.id.String()},
	}, &group)
	for _, to := range []map[string]any{{"account": user.id.String()}, {"group": group.ID.String()}} {
		to["permission"] = "private_call"
		g.ask(http.MethodPut, "/devices/"+l.Name+"/permits", to, nil)
	}
	a.user = user.id
	return a
}

// follow makes or changes the device. Its private code is the one that nobody set.
func (a *accounting) follow(method, path string, control bool) {
	a.t.Helper()
	a.ask(method, path, map[string]any{
		"name": a.f.Name, "kind": "asterisk", "timezone": "UTC", "enabled": true, "control": control,
		"default_account": a.company.String(),
		"plan":            map[string]any{"country": "DE", "extension_digits_max": 4},
		"asterisk": map[string]any{
			"address": a.f.AMI, "username": a.f.Username, "secret": a.f.Secret,
			"trunks": []string{lab.Trunk}, "cel_file": a.f.CELFile(),
		},
	}, nil)
}

// call has an extension call a number and talk.
func (a *accounting) call(from, number string, talk time.Duration) {
	a.t.Helper()
	if err := (lab.Caller{User: from, Number: number, Talk: talk}).Run(a.t.Context(), a.f.PBX); err != nil {
		a.t.Error(err)
	}
}

// workflow is the example of the whole interface: an internal call, a call to
// the outside, one that was forwarded there, and a private one.
func (a *accounting) workflow() {
	a.t.Helper()
	a.call("1001", "1002", time.Second)
	a.call("1001", berlin, 65*time.Second/hurry)
	a.f.Plan("1002", lab.Answer{Status: 302, Forward: mobile})
	a.call("1003", "1002", 30*time.Second/hurry)
	a.f.Plan("1002", ringAndAnswer)
	a.call("1001", "*7*"+secret, 12*time.Second/hurry)

	rows := a.unbilled(3)
	a.same("rows", rows, []bill{
		{"1001", "1001", berlin, false},
		{"1003", "1002", mobile, false},
		{"1001", "1001", secret, true},
	})
	a.onWire(rows)
	a.sql(rows)
	archive := a.cdrs(a.f.Name)
	a.answers("markCallsRetrieved", []any{[]int64{rows[1].ID}}, 1)
	left := []row{rows[0], rows[2]}
	a.left(left)
	a.answers("markCallsRetrieved", []any{rows[1].UniqueID}, 0) // again, by its other name
	a.answers("prune", nil, 1)
	a.left(left)
	a.sql(left)
	a.answers("purge", nil, 2)
	a.left([]row{})
	a.sql(nil)
	if now := a.cdrs(a.f.Name); len(archive) < 3 || !slices.Equal(now, archive) {
		a.t.Errorf("the archive had %d calls, now %d:\n%+v\n%+v", len(archive), len(now), archive, now)
	}
}

// killedBetweenSteps has calls end before, while and after Tollgate is dead
// between fetching and marking, and between marking and deleting.
func (a *accounting) killedBetweenSteps() {
	a.t.Helper()
	var calls [3]*lab.Call
	for i := range calls {
		var err error
		if calls[i], err = a.f.Phone(strconv.Itoa(1004+i)).Call(a.t.Context(), away(i)); err != nil {
			a.t.Fatal(err)
		}
	}
	calls[0].Hangup()
	first := a.unbilled(1)
	a.kill()
	calls[1].Hangup()
	a.start()
	a.answers("markCallsRetrieved", []any{[]int64{first[0].ID}}, 1)
	a.f.connected(a.t)
	calls[2].Hangup()
	rest := a.unbilled(2)
	a.kill()
	a.start()
	a.answers("prune", nil, 1)
	a.left(rest)
	a.f.connected(a.t)
	numbers := map[string]bool{}
	for _, r := range append(first, rest...) {
		numbers[r.DialedNumber] = true
	}
	if len(numbers) != 3 {
		a.t.Errorf("calls to %v", numbers)
	}
	a.onWire(append(first, rest...))
	a.answers("purge", nil, 2)
}

// everyCall runs the whole script while the accounting works over and over, and
// holds what it booked against the script: who started each call and who put it
// outside.
func (a *accounting) everyCall() {
	a.t.Helper()
	since := len(a.f.Carrier.Legs())
	done := make(chan error, 1)
	go func() { done <- a.f.RunAll(a.t.Context()) }()
	var booked []row
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				a.t.Error(err)
			}
			running = false
			time.Sleep(time.Second)
		case <-time.After(200 * time.Millisecond):
		}
		booked = append(booked, a.work()...)
	}
	var got, want []bill
	for _, r := range booked {
		got = append(got, r.bill())
	}
	starters := map[string]string{ // of what somebody else put outside
		"00442079461801": "1010", "00442079461851": "1011", "00442079461831": "1032", "00442079460012": "1013",
	}
	for _, leg := range a.f.Carrier.Legs()[since:] {
		if leg.Answer.IsZero() {
			continue
		}
		truth := expected(leg.Number)
		starter := cmp.Or(starters[leg.Number], truth.Originator)
		want = append(want, bill{starter, truth.Originator, leg.Number, truth.Private})
	}
	for _, bills := range [][]bill{got, want} {
		slices.SortFunc(bills, func(a, b bill) int { return strings.Compare(a.number, b.number) })
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("the accounting booked\n%v\nwant\n%v", got, want)
	}
	a.onWire(booked)
}

// unmarked: the code of somebody without the permission, where nobody is asked
// before, marks nothing.
func (a *accounting) unmarked() {
	a.t.Helper()
	a.call("1009", "*7*"+secret, time.Second)
	a.same("without the permission", a.unbilled(1), []bill{{"1009", "1009", secret, false}})
	a.answers("purge", nil, 1)
	var alerts struct {
		Items []struct{ Kind tollgate.AlertKind }
	}
	a.ask(http.MethodGet, "/alerts", nil, &alerts)
	if len(alerts.Items) != 1 || alerts.Items[0].Kind != tollgate.AlertNotPrivate {
		a.t.Errorf("alerts: %+v", alerts.Items)
	}
}

// private: where calls are decided about while they last, a private call
// without the permission does not take place, whether the dialplan asks or not.
// And everyone pays what is theirs.
func (a *accounting) private() {
	a.t.Helper()
	a.with("1010", 0, map[string]any{"mode": "postpaid"}, "1010")
	a.with("1011", 0, map[string]any{"mode": "postpaid", "bills": "private"}, "1011")
	a.refused("1010", "*8**7*"+away(20), away(20))
	a.refusedLate("1010", "*7*"+away(21), away(21))
	a.call("1001", "*8**7*"+away(22), time.Second)
	a.call("1008", "*8**7*"+away(23), time.Second)
	a.call("1001", "*8*"+away(24), time.Second)
	a.call("1011", "*8*"+away(25), time.Second) // is not billed
	a.same("under control", a.unbilled(3), []bill{
		{"1001", "1001", away(22), true},
		{"1008", "1008", away(23), true},
		{"1001", "1001", away(24), false},
	})
	a.paid(away(22), a.user, tollgate.PaidByPrivate)
	a.paid(away(24), a.company, tollgate.PaidByBusiness)
}

// refused wants a call to end before anything goes outside.
func (a *accounting) refused(from, dialled, number string) {
	a.t.Helper()
	if _, err := a.f.Phone(from).Call(a.t.Context(), dialled); err == nil || a.rang(number) {
		a.t.Errorf("%s: want no call to the carrier: %v", dialled, err)
	}
}

// refusedLate wants a call to end before it is answered. It may even end before
// the carrier hears of it.
func (a *accounting) refusedLate(from, dialled, number string) {
	a.t.Helper()
	a.f.Plan(number, lab.Answer{Ring: 3 * time.Second})
	if _, err := a.f.Phone(from).Call(a.t.Context(), dialled); err == nil {
		a.t.Errorf("%s: was answered", dialled)
	}
}

// paid wants a call to be paid by an account.
func (a *accounting) paid(number string, payer tollgate.ID, by tollgate.PayerRule) {
	a.t.Helper()
	var page struct {
		Items []struct {
			Dialed string
			Payer  tollgate.ID
			PaidBy tollgate.PayerRule `json:"paid_by"`
		}
	}
	a.ask(http.MethodGet, "/cdrs?limit=20&device="+a.f.Name, nil, &page)
	for _, c := range page.Items {
		if c.Dialed[:10] == number[:10] && c.PaidBy == by && c.Payer == payer {
			return
		}
	}
	a.t.Errorf("%s: not paid by %v (%s): %+v", number, payer, by, page.Items)
}
