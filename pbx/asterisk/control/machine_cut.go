package control

import (
	"time"

	"tollgate"
)

// way is whom an action is done to.
type way int

const (
	wayLine    way = iota // the line itself
	wayCaller             // who waits for it while it rings
	wayPeer               // who talks to it
	wayPattern            // the line, by a regular expression of its name
)

// The causes of a call without credit, unless its rule says another (ITU-T Q.850).
const (
	causeNormal   tollgate.Cause = 16
	causeRejected tollgate.Cause = 21
)

// cutting is the end of a call while it is brought about. One way after another
// is tried; that it worked shows in the Hangup event alone.
type cutting struct {
	action tollgate.Action
	steps  []effect
	step   int
	next   time.Time // of the next step, if the call is still there
	failed bool      // every way was tried in vain
}

// end begins to end the call as a rule wants.
func (m *machine) end(action tollgate.Action, now time.Time) {
	ringing := m.leg.Answer.IsZero()
	if action.Cause == 0 {
		action.Cause = causeNormal
		if ringing {
			action.Cause = causeRejected
		}
	}
	c := &cutting{action: action, next: now}
	add := func(kind effectKind, w way) {
		if w != wayCaller || m.leg.CallerChannel != "" {
			c.steps = append(c.steps, effect{kind: kind, way: w, action: action})
		}
	}
	order := []way{wayLine, wayPeer, wayPattern}
	if ringing { // a dialplan that lost the line alone would try another
		order = []way{wayCaller, wayLine, wayPattern}
	}
	if action.Kind == tollgate.ActionTransfer || action.Kind == tollgate.ActionAnnounce {
		if ringing {
			add(effectRedirect, wayCaller)
		} else {
			add(effectRedirect, wayPeer)
		}
	}
	for _, w := range order {
		add(effectHangup, w)
	}
	m.cut = c
}

// cancel ends the call because somebody says so.
func (m *machine) cancel(cause tollgate.Cause, now time.Time) {
	if m.cut == nil {
		m.end(tollgate.Action{Kind: tollgate.ActionHangup, Cause: cause}, now)
		return
	}
	if m.cut.failed {
		m.cut.step, m.cut.next, m.cut.failed = 0, now, false
	}
}

// pursue tries the next way to end the call, if the last one did not work.
func (m *machine) pursue(now time.Time) {
	c := m.cut
	switch {
	case now.Before(c.next):
	case c.step < len(c.steps):
		m.do(c.steps[c.step])
		c.step++
		c.next = now.Add(m.verify)
	default:
		if !c.failed {
			c.failed = true
			m.do(effect{kind: effectFailed})
		}
		m.do(effect{kind: effectHangup, way: wayLine, action: c.action})
		m.do(effect{kind: effectHangup, way: wayPattern, action: c.action})
		c.next = now.Add(pursueEvery)
	}
	m.wakeAt(c.next)
}
