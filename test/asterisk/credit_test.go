//go:build linux

package asterisk_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/test/asterisk/lab"
)

// TestCredit proves on an old and a new Asterisk that calls end when their
// money does, whatever happens to Tollgate, to Asterisk and to what is between.
func TestCredit(t *testing.T) {
	need(t, "sipp", "mmdebstrap")
	g := newGate(t)
	begun := time.Now()
	labs := openLabs(t, g.agi)
	company := g.rates()
	before := loads(t, labs, loadAlone)
	all := make([]*followed, len(labs))
	lines := make([]*line, len(labs))
	for i, l := range labs {
		lines[i] = newLine(t, l.AMI)
		all[i] = g.controlled(l, lines[i].address(), creditRules()...)
	}
	var calls, night sync.WaitGroup
	for _, f := range all {
		try := func(group *sync.WaitGroup, name string, trial func(*house) error) {
			group.Go(func() {
				if err := trial(&house{g, f, company, begun}); err != nil {
					t.Errorf("%s, %s: %v", f.Version, name, err)
				}
			})
		}
		for name, trial := range creditTrials() {
			try(&calls, name, trial)
		}
		try(&night, "a quota until midnight", quotaUntilMidnight)
	}
	calls.Wait()
	t.Log("under load")
	underLoad(t, g, all, company, before)
	night.Wait()
	for _, disturbance := range []struct {
		name string
		run  func(*testing.T, *house, *line)
	}{
		{"Tollgate is killed in the call, and back after it", killedInCall},
		{"the link to the manager interface is cut", linkCut},
		{"Asterisk is killed in the call", asteriskKilled},
	} {
		t.Log(disturbance.name)
		var running sync.WaitGroup
		for i, f := range all {
			running.Go(func() { disturbance.run(t, &house{g, f, company, begun}, lines[i]) })
		}
		running.Wait()
	}
	g.run("audit", "--data", g.data)
	var live struct{ Items []struct{ ID, Number string } }
	g.ask(http.MethodGet, "/calls", nil, &live)
	if len(live.Items) > 0 {
		t.Errorf("calls that never end: %+v", live.Items)
	}
}

// house is where a trial happens.
type house struct {
	*gate
	f       *followed
	company tollgate.ID
	begun   time.Time
}

func (h *house) with(name string, seconds int, more map[string]any, extensions ...string) purse {
	return h.user(h.f, h.company, name, seconds, more, extensions...)
}

// creditRules are the call rules of the device: what happens when the credit of
// two of the extensions ends.
func creditRules() []map[string]any {
	rule := func(extension string, exhausted map[string]any) map[string]any {
		return map[string]any{
			"name": extension, "charge": true, "exhausted": exhausted,
			"conditions": []map[string]any{{"variable": "originator", "pattern": "^" + extension + "$"}},
		}
	}
	return []map[string]any{
		rule("1006", map[string]any{"kind": "transfer", "target": "1030@house"}),
		rule("1007", map[string]any{"kind": "announce", "sound": "announcement"}),
	}
}

func creditTrials() map[string]func(*house) error {
	return map[string]func(*house) error{
		"credit for 20 seconds":               twentySeconds,
		"two calls share it":                  shared,
		"no credit":                           refusedBefore,
		"an emergency without credit":         emergency,
		"a dialplan that asks nobody":         askedLate,
		"transferred at the end":              transferredAtEnd,
		"an announcement at the end":          announcedAtEnd,
		"recharged in the call":               rechargedInCall,
		"hung up by a person":                 hungUpByPerson,
		"failover":                            failover,
		"a private call without a permission": privateWithout,
		"warned by a beep":                    warned,
		"forwarded by the phone":              deflected,
		"blind transferred in the call":       transferredInCall,
		"a calling card":                      callingCard,
	}
}

// away is the number of a trial.
func away(n int) string { return fmt.Sprintf("00442079461%03d", n) }

// leg waits for the call to a number to end, and returns how long it was up.
func (h *house) leg(number string) (talk time.Duration, err error) {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		for _, l := range h.f.Carrier.Legs() {
			if l.Number == number && !l.End.IsZero() && !l.Answer.IsZero() {
				return l.End.Sub(l.Answer), nil
			}
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("the call to %s does not end", number)
		}
	}
}

// rang reports whether the carrier saw a call to a number.
func (h *house) rang(number string) bool {
	for _, l := range h.f.Carrier.Legs() {
		if l.Number == number {
			return true
		}
	}
	return false
}

// ends calls a number and holds its talk against the credit.
func (h *house) ends(phone, dialled, number string, p purse, credit int) error {
	if _, err := h.f.Phone(phone).Call(h.t.Context(), dialled); err != nil {
		return err
	}
	talk, err := h.leg(number)
	if err != nil {
		return err
	}
	left, err := p.settles()
	if err != nil {
		return err
	}
	want := time.Duration(credit) * time.Second
	h.t.Logf("%s: %s talked %.3f s of %d s", h.f.Name, phone, talk.Seconds(), credit)
	if talk > want || talk < want-time.Second || left != 0 {
		return fmt.Errorf("talked %v with credit for %v; left are %v seconds", talk, want, left)
	}
	return nil
}

func twentySeconds(h *house) error {
	p := h.with("twenty", 20, nil, "1000")
	return h.ends("1000", "*8*"+away(0), away(0), p, 20)
}

func shared(h *house) error {
	p := h.with("shared", 24, nil, "1001", "1002")
	var both sync.WaitGroup
	var errs [2]error
	var talks [2]time.Duration
	for i, phone := range []string{"1001", "1002"} {
		both.Go(func() {
			if _, errs[i] = h.f.Phone(phone).Call(h.t.Context(), "*8*"+away(1+i)); errs[i] == nil {
				talks[i], errs[i] = h.leg(away(1 + i))
			}
		})
	}
	both.Wait()
	left, err := p.settles()
	if err := errors.Join(errs[0], errs[1], err); err != nil {
		return err
	}
	if total := talks[0] + talks[1]; total > 24*time.Second || total < 21*time.Second || left < 0 || left > 2 {
		return fmt.Errorf("talked %v together with credit for 24 s; left are %v seconds", talks, left)
	}
	return nil
}

func refusedBefore(h *house) error {
	h.with("empty", 0, nil, "1003")
	_, err := h.f.Phone("1003").Call(h.t.Context(), "*8*"+away(3))
	if err == nil || !strings.Contains(err.Error(), "403") || h.rang(away(3)) {
		return fmt.Errorf("want 403 and no call to the carrier: %w", err)
	}
	return nil
}

func emergency(h *house) error {
	h.with("poor", 0, nil, "1004")
	c, err := h.f.Phone("1004").Call(h.t.Context(), "*8*112")
	if err != nil {
		return err
	}
	time.Sleep(6 * time.Second)
	select {
	case <-c.Ended():
		return errors.New("an emergency call was cut")
	default:
		c.Hangup()
		return nil
	}
}

// askedLate dials without a word to Tollgate, which sees the leg begin.
func askedLate(h *house) error {
	p := h.with("late", 6, nil, "1005")
	return h.ends("1005", away(5), away(5), p, 6)
}

func transferredAtEnd(h *house) error {
	p := h.with("transfer", 6, nil, "1006")
	if err := h.ends("1006", "*8*"+away(6), away(6), p, 6); err != nil {
		return err
	}
	c, err := h.f.Phone("1030").Answered(h.t.Context())
	if err == nil {
		c.Hangup()
	}
	return err
}

func announcedAtEnd(h *house) error {
	p := h.with("announce", 6, nil, "1007")
	c, err := h.f.Phone("1007").Call(h.t.Context(), "*8*"+away(7))
	if err != nil {
		return err
	}
	talk, err := h.leg(away(7))
	if err != nil {
		return err
	}
	select {
	case <-c.Ended():
		return errors.New("the caller was hung up without the announcement")
	case <-time.After(100 * time.Millisecond): // of 200 that it lasts
	}
	<-c.Ended()
	left, err := p.settles()
	if err != nil || left != 0 || talk > 6*time.Second {
		return fmt.Errorf("talked %v with credit for 6 s; left are %v seconds, %w", talk, left, err)
	}
	return nil
}

func rechargedInCall(h *house) error {
	p := h.with("recharged", 6, nil, "1008")
	go func() {
		time.Sleep(2 * time.Second)
		p.recharge(6)
	}()
	return h.ends("1008", "*8*"+away(8), away(8), p, 12)
}

func hungUpByPerson(h *house) error {
	p := h.with("hung up", 600, nil, "1009")
	c, err := h.f.Phone("1009").Call(h.t.Context(), "*8*"+away(9))
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	var live struct {
		Items []struct{ ID, Device, Number, Price string }
	}
	h.ask(http.MethodGet, "/calls", nil, &live)
	for _, call := range live.Items {
		if call.Device == h.f.Name && call.Number == away(9)[2:] {
			h.ask(http.MethodDelete, "/calls/"+strings.ReplaceAll(call.ID, "#", "%23")+"?device="+h.f.Name, nil, nil)
		}
	}
	select {
	case <-c.Ended():
	case <-time.After(3 * time.Second):
		return fmt.Errorf("it goes on: %+v", live.Items)
	}
	left, err := p.settles()
	if err != nil || left < 595 || left > 598.5 {
		return fmt.Errorf("left are %v seconds, %w", left, err)
	}
	return nil
}

// failover: the first trunk refuses, the second takes the call, and one
// authorisation is for both.
func failover(h *house) error {
	p := h.with("failover", 6, nil, "1010")
	h.f.Plan("99"+away(10), lab.Answer{Status: 503})
	return h.ends("1010", "*82*"+away(10), away(10), p, 6)
}

func privateWithout(h *house) error {
	h.with("private", 60, nil, "1011")
	_, err := h.f.Phone("1011").Call(h.t.Context(), "*8**7*"+away(11))
	if err == nil || h.rang(away(11)) {
		return fmt.Errorf("want no call to the carrier: %w", err)
	}
	return nil
}

// quotaUntilMidnight uses up what may be used in a day, is refused, and may call
// again when the next day has begun, in a night whose clocks go forward.
func quotaUntilMidnight(h *house) error {
	p := h.with("quota", 0, map[string]any{
		"mode": "quota", "allowance": seconds(6), "reset": "day", "timezone": zoneMidnight,
	}, "1012")
	phone := h.f.Phone("1012")
	if _, err := phone.Call(h.t.Context(), "*8*"+away(12)); err != nil {
		return err
	}
	talk, err := h.leg(away(12))
	if err != nil {
		return err
	}
	used, err := p.settles()
	if err != nil || talk > 6*time.Second || talk < 5*time.Second || used != 6 {
		return fmt.Errorf("talked %v of 6 s, %v used, %w", talk, used, err)
	}
	if _, err := phone.Call(h.t.Context(), "*8*"+away(13)); err == nil {
		return errors.New("a call beyond the quota")
	}
	time.Sleep(time.Until(h.begun.Add(untilMidnight + 1500*time.Millisecond)))
	if s := p.standing(); s.Used != "0.000000" {
		return fmt.Errorf("after midnight: %+v", s)
	}
	if _, err := phone.Call(h.t.Context(), "*8*"+away(14)); err != nil {
		return fmt.Errorf("after midnight: %w", err)
	}
	_, err = h.leg(away(14))
	return err
}
