package control

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tollgate"
)

// TestCutOnTime lets a thousand calls talk until their money ends, through a
// switch whose clock is not ours.
func TestCutOnTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		charger := &purse{slice: 20 * time.Second, credit: 70 * time.Second}
		m, stop := start(t, charger, nil)
		defer stop()
		var ids []string
		for i := range 1_000 {
			attempt := ""
			if i%2 == 0 {
				attempt = fmt.Sprintf("a%d", i)
			}
			id := m.dial(attempt)
			ids = append(ids, id)
			time.AfterFunc(time.Duration(i%50)*100*time.Millisecond, func() { m.answer(id) })
		}
		time.Sleep(2 * time.Minute)
		for _, id := range ids {
			talk, by := m.talked(id)
			if talk > charger.credit-cutEarly+100*time.Millisecond || talk < charger.credit-cutEarly {
				t.Fatalf("call %s talked for %v, want %v less %v", id, talk, charger.credit, cutEarly)
			}
			if !strings.HasPrefix(by, "Hangup PJSIP/provider") {
				t.Fatalf("call %s ended by %q", id, by)
			}
		}
		m.control.mu.Lock()
		if n := len(m.control.legs); n != 0 {
			t.Errorf("%d legs are still known", n)
		}
		m.control.mu.Unlock()
		charger.mu.Lock()
		defer charger.mu.Unlock()
		if a := charger.first; a.Call.Device != 7 || a.Originator != "1001" || a.Dialed != "0044" || !a.Sent ||
			a.Trunk != "provider" {
			t.Errorf("asked for %+v", a)
		}
	})
}

// TestNobodyTalksForNothing plays calls at random against a charger and a
// connection that come and go. No call may last longer than it was paid for, and
// none that could be extended may be cut.
func TestNobodyTalksForNothing(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				charger := &purse{slice: 12 * time.Second, credit: time.Duration(20+random.IntN(200)) * time.Second}
				m, stop := start(t, charger, nil)
				defer stop()
				var ids []string
				calm := random.IntN(2) == 0 // nothing goes wrong
				for range 300 {
					switch n := random.IntN(20); {
					case n < 8:
						id := m.dial("")
						ids = append(ids, id)
						time.AfterFunc(time.Duration(50+random.IntN(3000))*time.Millisecond, func() { m.answer(id) })
						time.AfterFunc(time.Duration(5+random.IntN(100))*time.Second, func() { m.end(id, "phone") })
					case calm:
					case n == 8:
						charger.shut(true)
					case n < 12:
						charger.shut(false)
					case n == 12:
						m.drop()
					case n < 16:
						m.back()
					}
					time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
				}
				charger.shut(false)
				m.back()
				time.Sleep(5 * time.Minute)
				undecided := 0
				for _, id := range ids {
					talk, by := m.talked(id)
					held := charger.held(id)
					switch {
					case !m.armedOnce(id): // answered while nobody could decide, or hear of it
						undecided++
					case talk > held:
						t.Errorf("call %s talked for %v, was paid for %v (%s)", id, talk, held, by)
					case calm && by != "phone" && held != charger.credit:
						t.Errorf("call %s was cut after %v of %v (%s)", id, talk, charger.credit, by)
					}
				}
				if calm && undecided > 0 || undecided > len(ids)*3/4 {
					t.Errorf("%d of %d calls never had a timer", undecided, len(ids))
				}
			})
		})
	}
}

// TestSlowBooksHoldUpOnlyTheirOwn has a few calls wait for the charger for ever.
func TestSlowBooksHoldUpOnlyTheirOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		charger := &purse{slice: 10 * time.Second, credit: 60 * time.Second}
		m, stop := start(t, charger, nil)
		defer stop()
		var ids []string
		for range 100 {
			ids = append(ids, m.dial(""))
		}
		time.Sleep(time.Second)
		for _, id := range ids {
			m.answer(id)
		}
		time.Sleep(time.Second)
		stuck := ids[:10]
		charger.mu.Lock()
		charger.stuck = func(call tollgate.CallID) bool { return slices.Contains(stuck, call.UniqueID) }
		charger.mu.Unlock()
		time.Sleep(time.Minute)
		for i, id := range ids {
			want := charger.credit - cutEarly
			if i < len(stuck) {
				want = charger.slice - cutEarly
			}
			if talk, by := m.talked(id); (talk - want).Abs() > 200*time.Millisecond {
				t.Errorf("call %s talked for %v (%s), want %v", id, talk, by, want)
			}
		}
	})
}

// TestSwitchEndsItAlone kills the program in a call: the switch's timer remains.
func TestSwitchEndsItAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		charger := &purse{slice: 10 * time.Second, credit: time.Hour}
		m, stop := start(t, charger, nil)
		id := m.dial("")
		time.Sleep(time.Second)
		m.answer(id)
		time.Sleep(5 * time.Second)
		m.mu.Lock()
		kept := m.lines[id]
		m.lines = map[string]*madeUpLine{} // stop would take its timer
		m.mu.Unlock()
		stop()
		m.mu.Lock()
		m.lines[id] = kept
		m.mu.Unlock()
		time.Sleep(time.Minute)
		if talk, by := m.talked(id); talk > charger.slice || talk < charger.slice-2*timerEarly || by != "timer" {
			t.Errorf("talked for %v (%s)", talk, by)
		}
	})
}

// TestCutFails has a switch that says yes and does nothing.
func TestCutFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var alerts []tollgate.Alert
		charger := &purse{slice: 10 * time.Second, credit: 10 * time.Second}
		m, stop := start(t, charger, func(c *Config) {
			c.Alert = func(a tollgate.Alert) {
				mu.Lock()
				defer mu.Unlock()
				alerts = append(alerts, a)
			}
		})
		defer stop()
		id := m.dial("")
		time.Sleep(time.Second)
		m.mu.Lock()
		m.deaf = true
		m.mu.Unlock()
		m.answer(id)
		time.Sleep(charger.credit + 3*DefaultVerify)
		call := tollgate.CallID{Device: 7, UniqueID: id}
		err := m.control.Cancel(t.Context(), call, 31)
		if tollgate.CodeOf(err) != tollgate.CodeUnavailable {
			t.Errorf("cancelling: %v, want unavailable", err)
		}
		synctest.Wait()
		mu.Lock()
		if len(alerts) == 0 || alerts[0].Kind != tollgate.AlertCutFailed || alerts[0].Call != call ||
			!strings.Contains(alerts[0].Text, "5.6s") {
			t.Errorf("alerts %+v", alerts)
		}
		mu.Unlock()
		m.mu.Lock()
		m.deaf = false
		m.mu.Unlock()
		if err := m.control.Cancel(t.Context(), call, 31); err != nil {
			t.Errorf("cancelling again: %v", err)
		}
		if talk, by := m.talked(id); by == "" || talk > 30*time.Second {
			t.Errorf("talked for %v (%s)", talk, by)
		}
	})
}

// TestWhereTheCallerGoes looks at what is said to the switch when the money ends.
func TestWhereTheCallerGoes(t *testing.T) {
	tests := []struct {
		name string
		then tollgate.Action
		peer string // who talks at the end; empty: who dialled
		want []string
	}{
		{"announced", tollgate.Action{Kind: tollgate.ActionAnnounce, Sound: "vm-goodbye", Cause: 31}, "", []string{
			"Getvar PJSIP/provider-1.1 BRIDGEPEER", "Setvar PJSIP/1001-1.1 TOLLGATE_SOUND vm-goodbye",
			"Setvar PJSIP/1001-1.1 TOLLGATE_CAUSE 31", "Redirect PJSIP/1001-1.1 tollgate-announce s 1",
		}},
		{"transferred", tollgate.Action{Kind: tollgate.ActionTransfer, Target: "8009@desk"}, "PJSIP/1002-9", []string{
			"Getvar PJSIP/provider-1.1 BRIDGEPEER", "Redirect PJSIP/1002-9 desk 8009 1",
		}},
		{"transferred where the caller began", tollgate.Action{Kind: tollgate.ActionTransfer, Target: "8009"}, "", []string{
			"Getvar PJSIP/provider-1.1 BRIDGEPEER", "Redirect PJSIP/1001-1.1 internal 8009 1",
		}},
		{"an outside party is told nothing", tollgate.Action{Kind: tollgate.ActionAnnounce}, "PJSIP/provider-9", []string{
			"Getvar PJSIP/provider-1.1 BRIDGEPEER", "Hangup PJSIP/provider-1.1 16",
		}},
		{"a conference is ended", tollgate.Action{Kind: tollgate.ActionAnnounce}, "PJSIP/1001-1,PJSIP/1002-2", []string{
			"Getvar PJSIP/provider-1.1 BRIDGEPEER", "Hangup PJSIP/provider-1.1 16",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				charger := &purse{slice: 10 * time.Second, credit: 10 * time.Second, then: test.then}
				m, stop := start(t, charger, nil)
				defer stop()
				id := m.dial("")
				time.Sleep(time.Second)
				m.answer(id)
				if test.peer != "" {
					m.mu.Lock()
					m.lines[id].peer = test.peer
					m.mu.Unlock()
				}
				time.Sleep(9 * time.Second)
				before := len(m.actions())
				time.Sleep(5 * time.Second)
				if got := m.actions()[before:]; !slices.Equal(got, test.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
				if talk, by := m.talked(id); by == "" || talk > charger.credit {
					t.Errorf("talked for %v (%s)", talk, by)
				}
			})
		})
	}
}

// TestRefusedWhileItRings ends the caller's channel, so that the phone sees why.
func TestRefusedWhileItRings(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, stop := start(t, &purse{credit: -1}, nil)
		defer stop()
		m.dial("")
		time.Sleep(time.Second)
		want := []string{"Hangup PJSIP/1001-1.1 21"}
		if got := m.actions(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestBeep warns a caller once; a switch that does not allow it is not asked again.
func TestBeep(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		t.Run(strconv.FormatBool(allowed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				m, stop := start(t, &purse{slice: 10 * time.Second, credit: time.Minute, warnAt: 5 * time.Second}, nil)
				defer stop()
				want := 2
				if !allowed {
					m.refuse["Originate"] = "Permission denied"
					want = 1
				}
				for range 2 {
					id := m.dial("")
					time.Sleep(time.Second)
					m.answer(id)
					time.Sleep(30 * time.Second)
				}
				beeps := slices.DeleteFunc(m.actions(), func(s string) bool { return !strings.HasPrefix(s, "Originate") })
				if len(beeps) != want || !strings.Contains(beeps[0], "TOLLGATE_SPY=PJSIP/1001-1.1") {
					t.Errorf("%d beeps, want %d: %q", len(beeps), want, beeps)
				}
			})
		})
	}
}

// TestCancel ends calls by both their names, and says what it cannot.
func TestCancel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m, stop := start(t, &purse{}, func(c *Config) { c.Enabled = false })
		defer stop()
		ringing, talking, other := m.dial("1.9#1"), m.dial(""), m.dial("")
		m.answer(talking)
		m.answer(other)
		cancel := func(device tollgate.ID, id string) tollgate.ErrorCode {
			ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
			defer stop()
			return tollgate.CodeOf(m.control.Cancel(ctx, tollgate.CallID{Device: device, UniqueID: id}, 31))
		}
		m.drop()
		if code := cancel(7, talking); code != tollgate.CodeUnavailable {
			t.Errorf("not connected: %q", code)
		}
		m.back()
		for _, id := range []string{"1.9#1", talking} {
			if code := cancel(7, id); code != "" {
				t.Errorf("cancelling %s: %q", id, code)
			}
		}
		for _, id := range []string{ringing, talking} {
			if _, by := m.talked(id); by == "" {
				t.Errorf("call %s has not ended", id)
			}
		}
		for _, call := range []tollgate.CallID{{Device: 7, UniqueID: talking}, {Device: 8, UniqueID: other}, {Device: 7}} {
			if code := cancel(call.Device, call.UniqueID); code != tollgate.CodeNotFound {
				t.Errorf("cancelling %s, which is not there: %q", call, code)
			}
		}
		m.mu.Lock()
		m.deaf = true
		m.mu.Unlock()
		if code := cancel(7, other); code != tollgate.CodeUnavailable {
			t.Errorf("out of patience: %q", code)
		}
	})
}

// TestEndedInTheGap forgets what ended while nobody looked, and finds what began.
func TestEndedInTheGap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		charger := &purse{slice: 10 * time.Second, credit: 20 * time.Second}
		m, stop := start(t, charger, nil)
		defer stop()
		gone := m.dial("")
		m.answer(gone)
		time.Sleep(time.Second)
		m.drop()
		m.end(gone, "phone")
		found := m.dial("")
		m.answer(found)
		time.Sleep(3 * time.Second)
		m.back()
		m.back() // told twice
		time.Sleep(time.Second)
		m.control.mu.Lock()
		if len(m.control.legs) != 1 || m.control.legs[found] == nil {
			t.Errorf("known are %v", m.control.legs)
		}
		m.control.mu.Unlock()
		time.Sleep(time.Minute)
		if talk, by := m.talked(found); talk > charger.credit || talk < charger.credit-time.Second {
			t.Errorf("talked for %v (%s)", talk, by)
		}
	})
}

// TestOneAttemptServesOneCall has a second call go out under the attempt of one
// that talks: it is authorised on its own.
func TestOneAttemptServesOneCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		charger := &purse{slice: 10 * time.Second, credit: time.Minute}
		m, stop := start(t, charger, nil)
		defer stop()
		fork, first := m.dial("a"), m.dial("a") // both ring
		m.answer(first)
		m.end(fork, "picked up elsewhere")
		time.Sleep(time.Second)
		second := m.dial("a")
		time.Sleep(time.Second)
		charger.mu.Lock()
		defer charger.mu.Unlock()
		if charger.asked["a"] == 0 || charger.asked[first] != 0 || charger.asked[second] != 1 {
			t.Errorf("asked: %v", charger.asked)
		}
	})
}
