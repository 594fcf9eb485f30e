package asterisk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"tollgate/pbx/asterisk/ami"
)

const (
	settleTime    = time.Second     // for what happened before the login to reach the journal
	missingMargin = 5 * time.Second // by how much clocks and messages may disagree about who is up
	bootMargin    = 2 * time.Second // by how much a boot may lie ahead of the PBX's own clock, both told in whole seconds
	signEvery     = time.Second     // between notes of when the PBX was last heard
	listenEvery   = 2 * time.Second // between looks for calls that events do not tell of
	steadyAfter   = time.Minute     // a connection that held so long was no failure
)

// connectForever follows the manager interface, connecting again whenever it is
// lost, until ctx ends.
func (c *Connector) connectForever(ctx context.Context) {
	retry := pause{low: c.config.RetryMin, high: c.config.RetryMax}
	var tracker *Tracker
	for ctx.Err() == nil {
		started := c.config.Now()
		err := c.session(ctx, &tracker)
		c.lost(tracker)
		if ctx.Err() != nil {
			return
		}
		c.problem("following the manager interface", err)
		if c.config.Now().Sub(started) > steadyAfter {
			retry.reset()
		}
		if retry.wait(ctx) != nil {
			return
		}
	}
}

// lost notes that events are no longer followed.
func (c *Connector) lost(tracker *Tracker) {
	c.desk.connected(false)
	if c.config.Watcher != nil {
		c.config.Watcher.Lost()
	}
	if tracker != nil && c.book != nil && !c.book.isCEL {
		c.book.losing(tracker.Open())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status.Connected {
		c.status.Connected, c.status.Since = false, c.config.Now().UTC()
	}
}

// session is one connection: it finds out what went on meanwhile and then
// follows events until the connection ends.
func (c *Connector) session(ctx context.Context, kept **Tracker) error {
	client, err := c.dialer().Connect(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	filtered := c.narrow(ctx, client)
	if _, err := client.Do(ctx, "Events", ami.Header("EventMask", "call,dialplan")); err != nil {
		return fmt.Errorf("asking for events: %w", err)
	}
	now, err := c.clock(ctx, client)
	if err != nil {
		return err
	}
	answers, err := client.List(ctx, "Status",
		ami.Header("Variables", statusVariables), ami.Header("AllVariables", "false"))
	if err != nil {
		return fmt.Errorf("asking for running calls (write = reporting or system allows it): %w", err)
	}
	var running []statusChannel
	for i := range answers {
		if answers[i].Event() == "Status" {
			running = append(running, parseStatus(&answers[i], now))
		}
	}
	tracker, err := c.catchUp(ctx, *kept, running, now, c.boot(ctx, client, now))
	if err != nil {
		return err
	}
	*kept = tracker
	c.connected(ctx, client, filtered)
	stop := context.AfterFunc(ctx, client.Close)
	defer stop()
	go c.keepAlive(ctx, client)
	go c.listen(ctx, client, len(running))
	if err := c.draw(ctx, client, tracker); err != nil {
		return err
	}
	if c.config.Watcher != nil {
		c.config.Watcher.Connected(client, tracker.Open())
	}
	return c.follow(ctx, client, tracker)
}

func (c *Connector) dialer() ami.Dialer {
	d := c.config.Dialer
	d.Address, d.Username, d.Secret = c.config.AMI.Address, c.config.AMI.Username, c.config.AMI.Secret
	d.Now = c.config.Now
	if c.config.AMI.TLS {
		if d.TLS = c.config.TLS; d.TLS == nil {
			host, _, _ := net.SplitHostPort(d.Address)
			d.TLS = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		}
	}
	return d
}

// filters are what narrows the stream to about twelve messages a call. A filter
// is an extended regular expression that is looked for in the whole message.
// Several let through what any of them finds; one with ! throws out.
func filters(prefixes []string) []string {
	list := []string{
		"Event: (Newchannel|DialBegin|DialEnd|BlindTransfer|AttendedTransfer|BridgeEnter|Hangup)[[:space:]]",
		"Variable: _*(ORIGINATOR|" + variableCall + ")[[:space:]]",
		"Event: Newexten.*AppData: [A-Z]+[(]userfield[)]=",
		"!Application: AppDial",
	}
	t := newTrunks(prefixes)
	if len(t.prefixes) == 0 {
		return append(list, "Event: Newstate.*ChannelState: 6")
	}
	for i, p := range t.prefixes {
		t.prefixes[i] = regexp.QuoteMeta(p)
	}
	channel := "Channel: (" + strings.Join(t.prefixes, "|") + ")[-/]"
	return append(list,
		"Event: Newstate.*"+channel+".*ChannelState: 6",
		"Event: Newexten.*"+channel, // what extensions a caller from outside went through
	)
}

// narrow has Asterisk send only what is needed. A manager user without the right
// to do so gets everything; that works too.
func (c *Connector) narrow(ctx context.Context, client *ami.Client) bool {
	for _, filter := range filters(c.config.AMI.Trunks) {
		_, err := client.Do(ctx, "Filter", ami.Header("Operation", "Add"), ami.Header("Filter", filter))
		if err != nil {
			c.problem("narrowing the stream (write = system allows it; it works without)", err)
			return false
		}
	}
	return true
}

// clock asks for the PBX's time. Old versions do not say; then ours must do.
func (c *Connector) clock(ctx context.Context, client *ami.Client) (time.Time, error) {
	pong, err := client.Do(ctx, "Ping")
	if err != nil {
		return time.Time{}, fmt.Errorf("asking for the time: %w", err)
	}
	return pong.Time().UTC(), nil
}

// boot finds out when Asterisk started, zero if it cannot be told. Whatever
// began before then and is not listed as running died with it.
func (c *Connector) boot(ctx context.Context, client *ami.Client, now time.Time) time.Time {
	core, err := client.Do(ctx, "CoreStatus")
	if err != nil {
		c.problem("asking when Asterisk started (write = system or reporting allows it)", err)
		return time.Time{}
	}
	text := core.Get("CoreStartupDate") + " " + core.Get("CoreStartupTime")
	boot, err := time.ParseInLocation("2006-01-02 15:04:05", text, c.config.Location)
	if err != nil || boot.After(now.Add(bootMargin)) {
		return time.Time{}
	}
	return boot.UTC()
}

// catchUp makes the tracker that the events of this connection go into, and
// closes what ended unseen.
func (c *Connector) catchUp(
	ctx context.Context, kept *Tracker, running []statusChannel, now, boot time.Time,
) (*Tracker, error) {
	if c.book != nil && c.book.isCEL {
		// What happened just before the login is written by now, or soon.
		if err := sleep(ctx, min(settleTime, 2*c.config.JournalPoll)); err != nil {
			return nil, err
		}
		tracker, err := c.book.relive(ctx)
		if err != nil {
			c.problem("reading running calls from the journal", err)
			tracker = NewTracker(c.trackerConfig())
		}
		tracker.closeMissing(running, now.Add(-missingMargin), now) // the journal tells how they ended
		if !boot.IsZero() {
			c.book.died(running, boot)
		}
		tracker.adopt(running)
		return tracker, nil
	}
	if kept == nil {
		kept = NewTracker(c.trackerConfig())
	}
	lost := kept.closeMissing(running, now.Add(-missingMargin), c.lastSign())
	kept.adopt(running)
	if c.book != nil {
		lost = c.book.ended(lost)
	}
	return kept, c.desk.live(ctx, lost)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// connected notes that events are followed from now on.
func (c *Connector) connected(ctx context.Context, client *ami.Client, filtered bool) {
	version := client.Banner()
	if settings, err := client.Do(ctx, "CoreSettings"); err == nil {
		version = versionOf(settings.Get("AsteriskVersion"))
	}
	c.desk.connected(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.status.Since.IsZero() {
		c.status.Reconnects++
	}
	c.status.Connected, c.status.Since = true, c.config.Now().UTC()
	c.status.Version, c.status.Filtered = version, filtered
	c.status.Deaf, c.heard = false, false
	c.config.Log.Info("asterisk: connected", "version", version, "filtered", filtered)
}

// keepAlive ends a connection that no longer answers.
func (c *Connector) keepAlive(ctx context.Context, client *ami.Client) {
	for sleep(ctx, c.config.KeepAlive) == nil && client.Err() == nil {
		pong, err := client.Do(ctx, "Ping")
		if _, refused := errors.AsType[*ami.Refused](err); err != nil && !refused {
			client.CloseWith(fmt.Errorf("the connection is stalled: %w", err))
			return
		}
		c.sign(pong.Time())
	}
}

// listen finds out whether this user is told of calls: Asterisk does not say
// what it keeps back. If there are more channels than the known ones, which ran
// when the connection began, and not one event came, it is told of none.
func (c *Connector) listen(ctx context.Context, client *ami.Client, known int) {
	every := min(listenEvery, c.config.KeepAlive)
	for sleep(ctx, every) == nil && client.Err() == nil && !c.hears() {
		core, err := client.Do(ctx, "CoreStatus")
		count := core.Get("CoreCurrentCalls") // what it calls calls are channels
		if err != nil || !isDigits(count) || len(count) > 9 {
			return
		}
		if channels := int(number(count)); channels <= known {
			known = channels
			continue
		}
		if sleep(ctx, min(settleTime, every)) != nil { // an event may be on its way
			return
		}
		c.mu.Lock()
		c.status.Deaf = !c.heard
		c.mu.Unlock()
	}
}

func (c *Connector) hears() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heard
}

// draw takes in the events that came while it was found out what goes on, up to
// now, so that nobody is told of calls that are half understood.
func (c *Connector) draw(ctx context.Context, client *ami.Client, tracker *Tracker) error {
	now := make(chan struct{}) // what comes after the answer is news
	go func() {
		defer close(now)
		_, _ = client.Do(ctx, "Ping") // without an answer it ends all the same
	}()
	for waiting := -1; waiting != 0; waiting-- {
		select {
		case m, ok := <-client.Events():
			if !ok {
				return client.Err()
			}
			if err := c.take(ctx, client, tracker, &m, nil); err != nil {
				return err
			}
		case <-now:
			if now = nil; len(client.Events()) == 0 {
				return nil
			}
			waiting = len(client.Events()) + 1
		}
	}
	return nil
}

// follow takes in events until the connection ends.
func (c *Connector) follow(ctx context.Context, client *ami.Client, tracker *Tracker) error {
	for m := range client.Events() {
		if err := c.take(ctx, client, tracker, &m, c.config.Watcher); err != nil {
			return err
		}
	}
	return client.Err()
}

// take hands an event to the tracker and finished legs to the desk.
func (c *Connector) take(
	ctx context.Context, client *ami.Client, tracker *Tracker, m *ami.Message, told Watcher,
) error {
	legs := tracker.Handle(*m)
	if told != nil {
		watch(told, tracker, legs)
	}
	if len(legs) > 0 {
		if err := c.report(ctx, legs); err != nil {
			return err
		}
	}
	if at := m.Time(); at.Sub(c.noted).Abs() > signEvery || len(client.Events()) == 0 {
		c.noted = at
		c.sign(at)
		c.note(m, at, tracker, client)
	}
	return nil
}

// report hands over legs that ended before our eyes.
func (c *Connector) report(ctx context.Context, legs []Leg) error {
	besideCDR := c.book != nil && !c.book.isCEL
	if besideCDR {
		c.book.saw(legs)
	}
	err := c.desk.live(ctx, legs)
	if besideCDR {
		c.book.rememberNow()
	}
	return err
}

func (c *Connector) note(m *ami.Message, at time.Time, tracker *Tracker, client *ami.Client) {
	counts, garbage := tracker.Counts(), client.Garbage()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Live, c.status.Garbage = counts, garbage
	c.status.LastEvent, c.status.Lag = m.At.UTC(), m.At.Sub(at)
	if eventHandlers(m.Event()) != nil {
		c.status.Deaf, c.heard = false, true
	}
	c.strayed(tracker.stray)
}
