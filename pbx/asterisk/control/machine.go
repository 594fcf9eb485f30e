package control

import (
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
)

// When a limited call is ended. Asterisk's own account of it may be rounded up; it
// must still end within the talk time that was paid for.
const (
	cutEarly   = 400 * time.Millisecond // before the end of the credit we hang up
	timerEarly = 250 * time.Millisecond // before it the switch does, if we did not
)

const (
	retryEvery  = time.Second            // between questions that nobody answered
	askPause    = 200 * time.Millisecond // at least, between questions that were
	freeEvery   = 6 * time.Hour          // between questions about an unlimited call: it goes on
	placeWithin = 3 * time.Second        // of talk, or of our finding it, a call is waited for to be understood
	settleAfter = time.Second            // after which the dialplan's own timer surely is set, and ours replaces it
	pursueEvery = 5 * time.Second        // between attempts to end a call that does not want to
)

// machine decides about one leg. Events go in, effects come out; wake says when
// it wants to hear of the time. All times are by the PBX's clock.
type machine struct {
	device  tollgate.ID
	enabled bool          // its calls need credit; else they are only cancelled
	verify  time.Duration // for a hang-up to show its effect
	leg     asterisk.Leg

	connected bool
	found     bool      // nobody saw it begin: it was there when the connection came up
	since     time.Time // when it was first seen
	unknown   bool      // to the charger: authorise it
	allowed   bool      // it was authorised by us, over this connection
	told      bool      // the charger knows when it was answered
	asking    bool      // a question is out
	asked     bool      // one was, ever
	askAt     time.Time // when to ask next; zero: not by itself
	review    bool      // found again after a gap: it is not cut before the charger is heard

	granted bool // grant is there
	grant   tollgate.Grant
	alerted bool
	warned  bool

	sure     bool      // that armed is what the switch has
	armed    time.Time // the switch ends it then; zero: never
	arming   bool      // the switch is being told
	sent     time.Time // what it is told
	armAt    time.Time // not told again before
	settleAt time.Time // tell it again then; zero: no need

	cut *cutting // nil: not being ended

	wake    time.Time // when to come back; zero: only with an event
	effects []effect
}

type eventKind int

const (
	eventBegan    eventKind = iota
	eventFound              // open when the connection came up
	eventAnswered           //
	eventLost               // the connection was
	eventGranted            // the charger answered
	eventFailed             // the charger did not
	eventArmed              // the switch has its timer
	eventUnarmed            // it has not
	eventStuck              // a way to end the call is not open
	eventCancel             // somebody wants it ended
	eventTick               // time passed
)

// event is what happens to a leg.
type event struct {
	kind     eventKind
	leg      asterisk.Leg
	question question
	grant    tollgate.Grant
	code     tollgate.ErrorCode
	cause    tollgate.Cause
}

type effectKind int

const (
	effectAsk effectKind = iota
	effectTimer
	effectHangup
	effectRedirect
	effectBeep
	effectAlert
	effectFailed // the call could not be ended; it is tried on
)

// effect is what a machine wants done.
type effect struct {
	kind     effectKind
	question question        // ask
	until    time.Time       // timer: when the switch is to end the call; zero: never
	way      way             // hang up, redirect: whom
	action   tollgate.Action // hang up, redirect
}

// question is what a charger is asked about a leg.
type question struct {
	authorize bool
	call      tollgate.CallID
	leg       asterisk.Leg // as it is known then
	answered  time.Time    // to be said first; zero: it rings, or was said
}

// handle takes in an event and returns what is to be done.
func (m *machine) handle(e event, now time.Time) []effect {
	m.effects, m.wake = nil, time.Time{}
	switch e.kind {
	case eventBegan, eventFound:
		m.open(e, now)
	case eventAnswered:
		m.answered(e.leg, now)
	case eventLost:
		m.connected, m.arming = false, false
	case eventGranted:
		m.heard(e, now)
	case eventFailed:
		m.unanswered(e, now)
	case eventArmed:
		m.arming, m.sure, m.armed = false, true, m.sent
	case eventUnarmed:
		m.arming, m.armAt = false, now.Add(retryEvery)
	case eventStuck:
		if m.cut != nil {
			m.cut.next = now
		}
	case eventCancel:
		m.cancel(e.cause, now)
	case eventTick:
	}
	m.act(now)
	return m.effects
}

// open begins with a leg, or goes on with one after a gap.
func (m *machine) open(e event, now time.Time) {
	m.connected = true
	switch {
	case m.leg.UniqueID != "" && e.kind == eventBegan:
		m.learn(e.leg, now)
		return
	case m.leg.UniqueID != "":
		m.learn(e.leg, now)
		m.review, m.allowed = m.limited(), false
		m.sure, m.armAt = false, time.Time{}
		if m.cut != nil {
			m.cut.step, m.cut.next = 0, now
		}
	case e.leg.Attempt == "" && e.kind == eventBegan:
		m.unknown, m.sure = true, true // and nobody set a timer
	case e.leg.Attempt != "" && !e.leg.Answer.IsZero():
		m.settleAt = now.Add(settleAfter)
	}
	if m.leg.UniqueID == "" {
		m.leg, m.since, m.found = e.leg, now, e.kind == eventFound
	}
	m.askAt = now
}

// learn takes over what is known of a leg now. The name under which the charger
// was asked about it stays.
func (m *machine) learn(leg asterisk.Leg, now time.Time) {
	before := m.placed()
	if leg.Attempt == "" || m.asked {
		leg.Attempt = m.leg.Attempt
	} else if m.leg.Attempt == "" {
		m.unknown, m.sure, m.askAt = false, false, now
		if !leg.Answer.IsZero() {
			m.settleAt = now.Add(settleAfter)
		}
	}
	m.leg = leg
	if !before && m.placed() { // what was said without it does not count
		m.unknown, m.askAt = m.unknown || m.asked && leg.Attempt == "", now
		m.granted = m.granted && m.grant.Allowed
	}
}

// placed reports whether it is known who dialled what.
func (m *machine) placed() bool { return m.leg.Dialed != "" && m.leg.Originator != "" }

// answered begins the talk.
func (m *machine) answered(leg asterisk.Leg, now time.Time) {
	fresh := m.leg.Answer.IsZero()
	m.learn(leg, now)
	if !fresh {
		return
	}
	if m.leg.Attempt != "" {
		m.settleAt = now.Add(settleAfter)
	}
	m.askAt = now
}

// heard takes in what the charger said, which may be no.
func (m *machine) heard(e event, now time.Time) {
	m.asking, m.review = false, false
	m.granted, m.grant = true, e.grant
	m.grant.For, m.grant.RenewAt = max(m.grant.For, 0), max(m.grant.RenewAt, 0)
	if e.question.authorize {
		m.unknown, m.allowed, m.told = false, true, false
	} else if !e.question.answered.IsZero() {
		m.told = true
	}
	g := &m.grant
	m.askAt = time.Time{}
	switch {
	case !g.Allowed:
	case !m.leg.Answer.IsZero() && !m.told:
		m.askAt = now
	case g.Unlimited:
		m.askAt = now.Add(freeEvery)
	case m.leg.Answer.IsZero():
	case g.RenewAt > 0 && g.RenewAt < g.For:
		m.askAt = later(m.leg.Answer.Add(g.RenewAt), now.Add(askPause))
	}
}

// unanswered goes on without an answer of the charger.
func (m *machine) unanswered(e event, now time.Time) {
	m.asking = false
	if e.code == tollgate.CodeNotFound && !e.question.authorize {
		m.unknown = true
		switch {
		case m.allowed && m.grant.Unlimited: // an emergency call: nobody keeps a book on it
			m.told, m.review, m.askAt = true, false, now.Add(freeEvery)
		case m.allowed:
			m.askAt = now.Add(retryEvery)
		default:
			m.askAt = now
		}
		return
	}
	m.review = false
	m.askAt = now.Add(retryEvery)
}

// act brings about what the state of things wants.
func (m *machine) act(now time.Time) {
	if !m.connected { // the switch's own timer ends the call
		return
	}
	if m.cut == nil && m.enabled {
		m.judge(now)
	}
	if m.cut != nil {
		m.pursue(now)
		return
	}
	if m.enabled {
		m.inquire(now)
		m.arm(now)
		m.warn()
	}
}

// judge sees whether the credit has ended.
func (m *machine) judge(now time.Time) {
	g := &m.grant
	switch {
	case !m.granted:
	case m.letGo():
		m.let(now)
	case !g.Allowed:
		m.end(g.Then, now)
	case m.limited():
		at := m.leg.Answer.Add(g.For - cutEarly)
		switch {
		case now.Before(at):
			m.wakeAt(at)
		case m.review:
		case g.Final:
			m.end(g.Then, now)
		default: // the charger was silent
			m.end(tollgate.Action{}, now)
		}
	}
}

// unclear reports whether a refused call may be refused for what is not known of it.
// It was found after a gap, which no caller can bring about.
func (m *machine) unclear() bool { return m.found && !m.placed() && m.granted && !m.grant.Allowed }

// let leaves the call alone and raises an alert when its credit has ended.
func (m *machine) let(now time.Time) {
	end := m.leg.Answer.Add(m.grant.For)
	switch {
	case m.alerted || m.grant.Allowed && m.leg.Answer.IsZero():
	case m.grant.Allowed && now.Before(end):
		m.wakeAt(end)
	default:
		m.alerted = true
		m.do(effect{kind: effectAlert})
	}
}

// limited reports whether the call must end by itself.
func (m *machine) limited() bool {
	return m.granted && m.grant.Allowed && !m.grant.Unlimited && !m.letGo() && !m.leg.Answer.IsZero()
}

// letGo reports whether the call may go on without credit, as its rule says.
func (m *machine) letGo() bool {
	g := &m.grant
	return m.unclear() || m.granted && g.Then.Kind == tollgate.ActionAlert && !g.Unlimited && (g.Final || !g.Allowed)
}

// inquire asks the charger if it is time, one question at once.
func (m *machine) inquire(now time.Time) {
	if m.asking || m.askAt.IsZero() {
		return
	}
	at := m.askAt
	if !m.placed() && (m.unknown || m.leg.Attempt == "") { // the charger could make nothing of it
		if m.leg.Answer.IsZero() {
			return
		}
		at = later(at, later(m.leg.Answer, m.since).Add(placeWithin))
	}
	if now.Before(at) {
		m.wakeAt(at)
		return
	}
	q := question{authorize: m.unknown, call: m.call(), leg: m.leg}
	if !q.authorize && !m.told {
		q.answered = m.leg.Answer
	}
	m.asking, m.asked, m.askAt = true, true, time.Time{}
	m.do(effect{kind: effectAsk, question: q})
}

// call is the name under which the charger knows the leg, or will: that of the
// attempt that the dialplan asked for, else its own. Its record says the same.
func (m *machine) call() tollgate.CallID {
	if m.leg.Attempt != "" {
		return tollgate.CallID{Device: m.device, UniqueID: m.leg.Attempt}
	}
	return tollgate.CallID{Device: m.device, UniqueID: m.leg.UniqueID, Leg: m.leg.Sequence}
}

// arm keeps the switch's own timer where the grant says. It ends the call
// whatever becomes of us.
func (m *machine) arm(now time.Time) {
	if !m.granted || m.leg.Answer.IsZero() || m.review || m.unclear() {
		return
	}
	if !m.settleAt.IsZero() {
		if now.Before(m.settleAt) {
			m.wakeAt(m.settleAt)
		} else {
			m.sure, m.settleAt = false, time.Time{}
		}
	}
	var want time.Time
	if m.limited() {
		want = m.leg.Answer.Add(m.grant.For - timerEarly)
	}
	switch {
	case m.arming || m.sure && m.armed.Equal(want):
	case now.Before(m.armAt):
		m.wakeAt(m.armAt)
	default:
		m.arming, m.sent = true, want
		m.do(effect{kind: effectTimer, until: want})
	}
}

// warn tells the caller that the credit is nearly used, once.
func (m *machine) warn() {
	if m.granted && m.grant.Warn && !m.warned && !m.leg.Answer.IsZero() {
		m.warned = true
		m.do(effect{kind: effectBeep})
	}
}

func (m *machine) do(e effect) { m.effects = append(m.effects, e) }

func (m *machine) wakeAt(t time.Time) {
	if m.wake.IsZero() || t.Before(m.wake) {
		m.wake = t
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
