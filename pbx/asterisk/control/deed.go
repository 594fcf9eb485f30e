package control

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
	"tollgate/pbx/asterisk/ami"
)

// The contexts and variables of sample/tollgate.conf that are used here.
const (
	announceContext = "tollgate-announce"
	beepChannel     = "Local/s@tollgate-beep/n"
	variableSound   = "TOLLGATE_SOUND"
	variableCause   = "TOLLGATE_CAUSE"
	variableSpy     = "TOLLGATE_SPY"
)

// deed is something to be done to the channels of a leg.
type deed struct {
	control *Control
	actions asterisk.Actions
	leg     asterisk.Leg // as it was then
	live    *live
	effect  effect
}

// arm sets the timer by which the switch itself ends the call, or takes it away.
// The action AbsoluteTimeout knows whole seconds alone.
func (d deed) arm(ctx context.Context) {
	value := "0"
	if !d.effect.until.IsZero() {
		d.control.mu.Lock()
		left := d.effect.until.Sub(d.control.clock())
		d.control.mu.Unlock()
		left = max(left, time.Millisecond) // 0 would take it away
		value = fmt.Sprintf("%d.%03d", left/time.Second, left%time.Second/time.Millisecond)
	}
	kind := eventArmed
	if err := d.set(ctx, d.leg.Channel, "TIMEOUT(absolute)", value); err != nil {
		kind = eventUnarmed
		if !isGone(err) {
			d.control.trouble("setting the switch's timer (write = call allows it)", err)
		}
	}
	d.control.later(d.live, event{kind: kind})
}

func (d deed) set(ctx context.Context, channel, variable, value string) error {
	_, err := d.actions.Do(ctx, "Setvar",
		ami.Header("Channel", channel), ami.Header("Variable", variable), ami.Header("Value", value))
	return err
}

// hangUp ends a channel of the call. Whether that ended the leg, events tell.
func (d deed) hangUp(ctx context.Context) {
	channel := d.leg.Channel
	switch d.effect.way {
	case wayCaller:
		channel = d.leg.CallerChannel
	case wayPeer:
		if channel = d.peer(ctx); channel == "" {
			d.control.later(d.live, event{kind: eventStuck})
			return
		}
	case wayPattern:
		channel = "/^" + regexp.QuoteMeta(channel) + "$/"
	case wayLine:
	}
	_, err := d.actions.Do(ctx, "Hangup",
		ami.Header("Channel", channel), ami.Header("Cause", strconv.Itoa(int(d.effect.action.Cause))))
	if err != nil && !isGone(err) {
		d.control.trouble("hanging up (write = call allows it)", err)
	}
}

// redirect sends who pays elsewhere; the line is then left alone and ends.
func (d deed) redirect(ctx context.Context) {
	err := d.redirected(ctx)
	if err == nil {
		return
	}
	if !isGone(err) {
		d.control.trouble("redirecting the caller (write = call allows it)", err)
	}
	d.control.later(d.live, event{kind: eventStuck})
}

func (d deed) redirected(ctx context.Context) error {
	who := d.leg.CallerChannel
	if d.effect.way == wayPeer {
		who = d.peer(ctx)
	}
	if who == "" || d.fromOutside(who) {
		return errNobody
	}
	action := d.effect.action
	exten, place, named := strings.Cut(action.Target, "@")
	switch {
	case action.Kind == tollgate.ActionAnnounce:
		exten, place = "s", announceContext
		if err := d.set(ctx, who, variableSound, action.Sound); err != nil {
			return err
		}
		if err := d.set(ctx, who, variableCause, strconv.Itoa(int(action.Cause))); err != nil {
			return err
		}
	case !named && d.leg.CallerContext != "":
		place = d.leg.CallerContext
	case !named:
		place = d.control.config.Context
	}
	_, err := d.actions.Do(ctx, "Redirect", ami.Header("Channel", who),
		ami.Header("Context", place), ami.Header("Exten", exten), ami.Header("Priority", "1"))
	return err
}

// errNobody says that nobody is there who could be sent elsewhere.
var errNobody = &ami.Refused{Action: "Redirect", Message: noChannel}

// noChannel is how Asterisk says that a channel has ended.
const noChannel = "No such channel"

func isGone(err error) bool {
	refused, ok := errors.AsType[*ami.Refused](err)
	return ok && strings.HasPrefix(refused.Message, noChannel)
}

// fromOutside reports whether a channel is a line to the outside. Who is there
// neither pays nor is told of it.
func (d deed) fromOutside(channel string) bool {
	for _, prefix := range d.control.config.Trunks {
		rest, found := strings.CutPrefix(channel, strings.TrimRight(prefix, "-/"))
		if found && rest != "" && strings.ContainsRune("-/", rune(rest[0])) {
			return true
		}
	}
	return false
}

// peer asks who talks to the line now; empty: nobody, or several do.
func (d deed) peer(ctx context.Context) string {
	answer, err := d.actions.Do(ctx, "Getvar",
		ami.Header("Channel", d.leg.Channel), ami.Header("Variable", "BRIDGEPEER"))
	if err != nil || strings.Contains(answer.Get("Value"), ",") {
		return ""
	}
	return answer.Get("Value")
}

// beep whispers a sound to who talks to the line. Where that is not allowed, or
// the dialplan lacks it, nobody is told.
func (d deed) beep(ctx context.Context) {
	who := d.peer(ctx)
	if who == "" || d.fromOutside(who) {
		return
	}
	sound := d.control.config.Beep
	_, err := d.actions.Do(ctx, "Originate", ami.Header("Channel", beepChannel), ami.Header("Async", "true"),
		ami.Header("Application", "Playback"), ami.Header("Data", sound), ami.Header("Timeout", "2000"),
		ami.Header("Variable", variableSpy+"="+who), ami.Header("Variable", variableSound+"="+sound))
	if _, refused := errors.AsType[*ami.Refused](err); refused {
		d.control.mu.Lock()
		d.control.notBeep = true
		d.control.mu.Unlock()
		d.control.config.Log.Info("asterisk: callers are not warned of the end of their credit: "+
			"write = originate allows it", "error", err)
	}
}
