package control

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
)

// The settings of a Config whose fields are zero.
const (
	DefaultVerify   = 2 * time.Second
	DefaultPatience = 5 * time.Second
	DefaultContext  = "tollgate"
	DefaultBeep     = "beep"
)

const (
	askers = 32 // questions to the charger at once
	actors = 16 // actions to the PBX at once
)

// Config says whose calls are controlled and how. Device, Charger, Log and Now
// are needed; what else is zero means its default.
type Config struct {
	Device  tollgate.ID
	Enabled bool     // tollgate.Device.Control; without it calls can be cancelled, no more
	Trunks  []string // channel prefixes: callers from outside are told nothing
	Charger tollgate.Charger
	Alert   func(tollgate.Alert) // nil: nobody is told
	Log     *slog.Logger
	Now     func() time.Time

	Verify   time.Duration // for a hang-up to show its effect before the next way is tried; DefaultVerify
	Patience time.Duration // for one answer of the charger; DefaultPatience
	Context  string        // of a transfer whose rule and caller name none; DefaultContext
	Beep     string        // sound that warns of the end; DefaultBeep
}

// Control keeps the calls of one Asterisk within their credit. It is the
// asterisk.Watcher of the connector, and a tollgate.Canceler. Its methods are safe
// for concurrent use and do not wait, Cancel and Run excepted.
type Control struct {
	config Config
	asks   *lane
	acts   *lane

	mu      sync.Mutex
	legs    map[string]*live // by the unique id of the line
	actions asterisk.Actions // nil: not connected
	skew    time.Duration    // the PBX's clock less ours, when last heard
	closed  bool
	notBeep bool                 // the PBX does not let us
	said    map[string]time.Time // when a trouble was last logged
}

// live is one leg, what decides about it, and who waits for its end.
type live struct {
	machine
	timer  *time.Timer   // nil: none yet
	ended  chan struct{} // closed when it has
	failed chan struct{} // closed when it could not be ended; then there is a new one
}

// New returns a Control that Run starts.
func New(c Config) *Control {
	c.Verify = cmp.Or(c.Verify, DefaultVerify)
	c.Patience = cmp.Or(c.Patience, DefaultPatience)
	c.Context = cmp.Or(c.Context, DefaultContext)
	c.Beep = cmp.Or(c.Beep, DefaultBeep)
	return &Control{
		config: c, asks: newLane(), acts: newLane(), legs: map[string]*live{}, said: map[string]time.Time{},
	}
}

// Run does what must be done about calls until ctx ends. Calls in progress then
// go on; the switch's own timers end those that are limited.
func (c *Control) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range askers {
		workers.Go(func() { c.asks.work(ctx) })
	}
	for range actors {
		workers.Go(func() { c.acts.work(ctx) })
	}
	<-ctx.Done()
	c.mu.Lock()
	c.closed = true
	for _, l := range c.legs {
		l.rest()
	}
	c.mu.Unlock()
	workers.Wait()
	return nil
}

// Connected implements asterisk.Watcher.
func (c *Control) Connected(actions asterisk.Actions, open []asterisk.Leg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.actions, c.notBeep = actions, false
	there := make(map[string]bool, len(open))
	for _, leg := range open {
		there[leg.UniqueID] = true
		l := c.known(&leg)
		c.tell(l, event{kind: eventFound, leg: leg})
	}
	for id, l := range c.legs {
		if !there[id] { // it ended while nobody saw; the connector finds out when
			c.forget(l)
		}
	}
}

// Lost implements asterisk.Watcher.
func (c *Control) Lost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.actions = nil
	for _, l := range c.legs {
		c.tell(l, event{kind: eventLost})
	}
}

// Began implements asterisk.Watcher.
func (c *Control) Began(leg asterisk.Leg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.known(&leg)
	c.tell(l, event{kind: eventBegan, leg: leg})
}

// Answered implements asterisk.Watcher.
func (c *Control) Answered(leg asterisk.Leg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.known(&leg)
	kind := eventAnswered
	if l.leg.UniqueID == "" {
		kind = eventBegan
	}
	c.tell(l, event{kind: kind, leg: leg})
}

// Ended implements asterisk.Watcher.
func (c *Control) Ended(leg asterisk.Leg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.legs[leg.UniqueID]
	if l == nil {
		return
	}
	if over := leg.End.Sub(l.leg.Answer) - l.grant.For; l.limited() && over > 0 {
		c.config.Log.Warn("asterisk: a call lasted longer than its credit",
			"call", l.call().String(), "lost", over.Round(time.Millisecond).String())
	} else if l.cut != nil {
		c.config.Log.Info("asterisk: call ended", "call", l.call().String(), "cause", int(leg.Cause))
	}
	c.forget(l)
}

// known returns what is known of a leg, or begins with it. An attempt serves one
// answered leg: another that names it is on its own.
func (c *Control) known(leg *asterisk.Leg) *live {
	for id, other := range c.legs {
		if id != leg.UniqueID && leg.Attempt != "" && other.leg.Attempt == leg.Attempt && !other.leg.Answer.IsZero() {
			leg.Attempt = ""
		}
	}
	if l := c.legs[leg.UniqueID]; l != nil {
		return l
	}
	l := &live{
		machine: machine{device: c.config.Device, enabled: c.config.Enabled, verify: c.config.Verify},
		ended:   make(chan struct{}), failed: make(chan struct{}),
	}
	c.legs[leg.UniqueID] = l
	return l
}

// forget is done with a leg.
func (c *Control) forget(l *live) {
	l.rest()
	delete(c.legs, l.leg.UniqueID)
	close(l.ended)
}

// rest stops the clock of a leg.
func (l *live) rest() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// clock is the PBX's.
func (c *Control) clock() time.Time {
	if c.actions != nil {
		c.skew = c.actions.Skew()
	}
	return c.config.Now().Add(c.skew)
}

// tell lets a machine know of an event and does what it wants. The lock is held.
func (c *Control) tell(l *live, e event) {
	if c.closed {
		return
	}
	now := c.clock()
	for _, wanted := range l.handle(e, now) {
		c.carryOut(l, wanted)
	}
	l.rest()
	if l.wake.IsZero() {
		return
	}
	pause := max(l.wake.Sub(now), 0)
	if l.timer == nil {
		l.timer = time.AfterFunc(pause, func() { c.later(l, event{kind: eventTick}) })
		return
	}
	l.timer.Reset(pause)
}

// later tells of an event that did not come by the watcher, if the leg is still
// there.
func (c *Control) later(l *live, e event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.legs[l.leg.UniqueID] == l {
		c.tell(l, e)
	}
}

// carryOut has a worker do what a machine wants. The lock is held.
func (c *Control) carryOut(l *live, e effect) {
	call, actions := l.call(), c.actions
	job := deed{control: c, actions: actions, leg: l.leg, live: l, effect: e}
	switch e.kind {
	case effectAsk:
		if !c.asks.put(func(ctx context.Context) { c.ask(ctx, l, e.question) }) {
			go c.later(l, event{kind: eventFailed, code: tollgate.CodeUnavailable})
		}
	case effectAlert:
		text := "the credit has ended, and the rule lets the call go on"
		if l.unclear() {
			text = "the call on " + l.leg.Channel + " was found after a gap, and it cannot be told who dialled what: it goes on"
		}
		c.alert(tollgate.AlertNoCredit, call, text)
	case effectFailed:
		close(l.failed)
		l.failed = make(chan struct{})
		c.config.Log.Error("asterisk: a call could not be ended; it is tried on", "call", call.String(),
			"channel", l.leg.Channel, "overdue", c.overdue(l).String())
		c.alert(tollgate.AlertCutFailed, call, "the call on "+l.leg.Channel+" could not be ended: it is "+
			c.overdue(l).String()+" beyond its credit; end it at the PBX")
	case effectTimer:
		c.act(job.arm)
	case effectHangup:
		c.config.Log.Debug("asterisk: hanging up", "call", call.String(), "way", int(e.way))
		c.act(job.hangUp)
	case effectRedirect:
		c.act(job.redirect)
	case effectBeep:
		if !c.notBeep {
			c.act(job.beep)
		}
	}
}

// act has a worker do something to the PBX.
func (c *Control) act(deed func(context.Context)) {
	if c.actions == nil {
		return
	}
	c.acts.put(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, c.config.Verify)
		defer cancel()
		deed(ctx)
	})
}

// overdue is by how much a call is beyond its credit now.
func (c *Control) overdue(l *live) time.Duration {
	if !l.limited() {
		return 0
	}
	return max(c.clock().Sub(l.leg.Answer)-l.grant.For, 0).Round(time.Millisecond)
}

func (c *Control) alert(kind tollgate.AlertKind, call tollgate.CallID, text string) {
	if c.config.Alert == nil {
		return
	}
	alert := tollgate.Alert{Kind: kind, Call: call, Text: text, At: c.config.Now().UTC()}
	c.asks.put(func(context.Context) { c.config.Alert(alert) })
}

const sayEvery = time.Minute // between two notes of the same trouble

// trouble logs what went wrong, each kind now and then.
func (c *Control) trouble(what string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.config.Now()
	if last, ok := c.said[what]; ok && now.Sub(last) < sayEvery {
		return
	}
	c.said[what] = now
	c.config.Log.Warn("asterisk: trouble", "while", what, "error", err)
}
