package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
	"tollgate/pbx/asterisk/ami"
)

// ahead is by how much the clock of the made-up switch differs from ours.
const ahead = -90 * time.Minute

// madeUp is a switch with nothing but lines: what the actions of Control do to
// them on a real Asterisk, they do here.
type madeUp struct {
	t       *testing.T
	control *Control

	mu      sync.Mutex
	lines   map[string]*madeUpLine
	did     []string          // actions, in order
	refuse  map[string]string // by action: how Asterisk says no
	deaf    bool              // says yes to a hang-up or a timer and does nothing
	slow    time.Duration     // each action takes
	next    int
	offline bool
}

type madeUpLine struct {
	leg   asterisk.Leg
	peer  string
	timer *time.Timer
	armed bool   // the timer was set once
	by    string // what ended it
	ended time.Time
}

// start makes a switch whose calls are controlled. The test runs in a bubble of
// synctest; stop ends all that runs.
func start(t *testing.T, charger tollgate.Charger, change func(*Config)) (m *madeUp, stop func()) {
	t.Helper()
	m = &madeUp{t: t, lines: map[string]*madeUpLine{}, refuse: map[string]string{}, slow: time.Millisecond}
	config := Config{
		Device: 7, Enabled: true, Charger: charger, Trunks: []string{"PJSIP/provider"},
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	if change != nil {
		change(&config)
	}
	m.control = New(config)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.control.Run(ctx) }()
	m.control.Connected(m, nil)
	return m, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, l := range m.lines {
			l.disarm()
		}
	}
}

func (m *madeUp) Skew() time.Duration { return ahead }
func (m *madeUp) clock() time.Time    { return time.Now().Add(ahead).UTC() }

// dial begins a call of a phone.
func (m *madeUp) dial(attempt string) string {
	m.mu.Lock()
	m.next++
	id := fmt.Sprintf("1.%d", m.next)
	l := &madeUpLine{leg: asterisk.Leg{
		UniqueID: id, Channel: "PJSIP/provider-" + id, Originator: "1001", Extension: "1001", Caller: "1001",
		Dialed: "0044", Trunk: "provider", Start: m.clock(), Attempt: attempt,
		CallerChannel: "PJSIP/1001-" + id, CallerContext: "internal",
	}}
	l.peer = l.leg.CallerChannel
	m.lines[id] = l
	leg, offline := l.leg, m.offline
	m.mu.Unlock()
	if !offline {
		m.control.Began(leg)
	}
	return id
}

// answer has the called party take the call.
func (m *madeUp) answer(id string) {
	m.mu.Lock()
	l := m.lines[id]
	if !l.ended.IsZero() {
		m.mu.Unlock()
		return
	}
	l.leg.Answer = m.clock()
	leg, offline := l.leg, m.offline
	m.mu.Unlock()
	if !offline {
		m.control.Answered(leg)
	}
}

// end ends a line, if it has not, for a reason.
func (m *madeUp) end(id, by string) {
	m.mu.Lock()
	l := m.lines[id]
	if !l.ended.IsZero() {
		m.mu.Unlock()
		return
	}
	l.disarm()
	l.ended, l.by = m.clock(), by
	leg, offline := l.leg, m.offline
	leg.End = l.ended
	m.mu.Unlock()
	if !offline {
		m.control.Ended(leg)
	}
}

func (l *madeUpLine) disarm() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// talked is for how long a line was answered, and what ended it.
func (m *madeUp) talked(id string) (time.Duration, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lines[id]
	switch {
	case l.leg.Answer.IsZero():
		return 0, l.by
	case l.ended.IsZero():
		return m.clock().Sub(l.leg.Answer), ""
	}
	return l.ended.Sub(l.leg.Answer), l.by
}

// drop loses the connection, back brings it up again.
func (m *madeUp) drop() {
	m.mu.Lock()
	m.offline = true
	m.mu.Unlock()
	m.control.Lost()
}

func (m *madeUp) back() {
	m.mu.Lock()
	m.offline = false
	var open []asterisk.Leg
	for _, l := range m.lines {
		if l.ended.IsZero() {
			open = append(open, l.leg)
		}
	}
	m.mu.Unlock()
	m.control.Connected(m, open)
}

// Do does to the lines what Asterisk would.
func (m *madeUp) Do(ctx context.Context, action string, fields ...ami.Field) (ami.Message, error) {
	select {
	case <-time.After(m.slow):
	case <-ctx.Done():
		return ami.Message{}, tollgate.Errorf(tollgate.CodeUnavailable, "no answer: %w", ctx.Err())
	}
	message := ami.Message{Fields: fields}
	m.mu.Lock()
	var words []string
	for _, f := range fields {
		words = append(words, f.Value)
	}
	m.did = append(m.did, action+" "+strings.Join(words, " "))
	no, deaf, offline := m.refuse[action], m.deaf, m.offline
	m.mu.Unlock()
	switch {
	case offline:
		return ami.Message{}, tollgate.Errorf(tollgate.CodeUnavailable, "connection over")
	case no != "":
		return ami.Message{}, &ami.Refused{Action: action, Message: no}
	case deaf && (action == "Hangup" || action == "Setvar"):
		return ami.Message{}, nil
	}
	return m.obey(action, &message)
}

func (m *madeUp) obey(action string, message *ami.Message) (ami.Message, error) {
	ids := m.named(message.Get("Channel"))
	if len(ids) == 0 && action != "Originate" {
		return ami.Message{}, &ami.Refused{Action: action, Message: "No such channel"}
	}
	switch action {
	case "Hangup", "Redirect":
		for _, id := range ids {
			m.end(id, action+" "+message.Get("Channel"))
		}
	case "Getvar":
		m.mu.Lock()
		defer m.mu.Unlock()
		return ami.Message{Fields: []ami.Field{ami.Header("Value", m.lines[ids[0]].peer)}}, nil
	case "Setvar":
		if message.Get("Variable") == "TIMEOUT(absolute)" {
			m.arm(ids[0], message.Get("Value"))
		}
	}
	return ami.Message{}, nil
}

// armedOnce reports whether the timer of a line was ever set.
func (m *madeUp) armedOnce(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lines[id].armed
}

// named finds the lines of which a channel, or a regular expression, is one end.
func (m *madeUp) named(channel string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	fits := func(name string) bool { return name == channel }
	if pattern, found := strings.CutPrefix(channel, "/"); found {
		fits = regexp.MustCompile(strings.TrimSuffix(pattern, "/")).MatchString
	}
	_, id, _ := strings.Cut(channel, "-")
	if l := m.lines[id]; l != nil && l.ended.IsZero() && l.leg.Channel == channel {
		return []string{id}
	}
	var ids []string
	for id, l := range m.lines {
		if l.ended.IsZero() && (fits(l.leg.Channel) || fits(l.leg.CallerChannel) || fits(l.peer)) {
			ids = append(ids, id)
		}
	}
	return ids
}

// arm sets the timer of a line: seconds with a fraction, 0 for none.
func (m *madeUp) arm(id, value string) {
	left, err := time.ParseDuration(value + "s")
	if err != nil {
		m.t.Errorf("timer %q: %v", value, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lines[id]
	l.disarm()
	if left > 0 {
		l.armed = true
		l.timer = time.AfterFunc(left, func() { m.end(id, "timer") })
	}
}

func (m *madeUp) actions() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.did)
}

// purse is a Charger that sells talk time in slices, call by call.
type purse struct {
	tollgate.Charger
	slice  time.Duration
	credit time.Duration // of each call; 0: unlimited
	then   tollgate.Action
	warnAt time.Duration

	mu     sync.Mutex
	down   bool
	stuck  func(tollgate.CallID) bool // these calls wait as long as they are let
	paid   map[string]time.Duration   // by unique id: talk time held
	asked  map[string]int
	answer map[string]time.Time
	first  tollgate.Attempt
}

func (p *purse) grant(ctx context.Context, call tollgate.CallID, used time.Duration) (tollgate.Grant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stuck != nil && p.stuck(call) {
		p.mu.Unlock()
		<-ctx.Done()
		p.mu.Lock()
		return tollgate.Grant{}, ctx.Err()
	}
	if p.down {
		return tollgate.Grant{}, errors.New("the books are shut")
	}
	if p.asked == nil {
		p.asked, p.paid, p.answer = map[string]int{}, map[string]time.Duration{}, map[string]time.Time{}
	}
	p.asked[call.UniqueID]++
	g := tollgate.Grant{Call: call, Allowed: true, Unlimited: p.credit == 0, Then: p.then}
	if g.Unlimited {
		return g, nil
	}
	if p.credit < 0 {
		return tollgate.Grant{Call: call, Then: p.then}, nil
	}
	held := p.paid[call.UniqueID]
	if held-used <= p.slice/3 {
		held = min(held+p.slice, p.credit)
	}
	p.paid[call.UniqueID] = held
	g.For, g.RenewAt, g.Final = held, held-p.slice/3, held == p.credit
	g.Warn = p.warnAt > 0 && used >= p.warnAt
	return g, nil
}

func (p *purse) Authorize(ctx context.Context, a tollgate.Attempt) (tollgate.Grant, error) {
	p.mu.Lock()
	p.first = a
	p.mu.Unlock()
	return p.grant(ctx, a.Call, 0)
}

func (p *purse) Answer(_ context.Context, call tollgate.CallID, at time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer != nil {
		p.answer[call.UniqueID] = at
	}
	return nil
}

func (p *purse) Renew(ctx context.Context, call tollgate.CallID, used time.Duration) (tollgate.Grant, error) {
	return p.grant(ctx, call, used)
}

func (p *purse) held(id string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paid[id]
}

func (p *purse) shut(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// bubble runs a test on made-up time.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}
