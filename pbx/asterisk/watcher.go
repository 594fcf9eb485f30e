package asterisk

import (
	"context"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// Watcher is told of billable legs while they last, in the order of events and
// by one goroutine. It must not block: events wait meanwhile.
type Watcher interface {
	// Connected says that events are followed from now on, which legs are open,
	// and by whom Asterisk can be told something. What is not open has ended.
	Connected(actions Actions, open []Leg)
	// Lost says that they are not, until Connected. It may come without that.
	Lost()
	// Began says that a leg is dialled; again, that more is known of it.
	Began(leg Leg)
	// Answered says that it is up; again, that more is known of it. It may come
	// without Began.
	Answered(leg Leg)
	// Ended says that it is over.
	Ended(leg Leg)
}

// Actions is a connection to the manager interface.
type Actions interface {
	// Do sends an action and waits for its answer: see ami.Client.
	Do(ctx context.Context, action string, fields ...ami.Field) (ami.Message, error)
	// Skew is the PBX's clock less ours.
	Skew() time.Duration
}

// tell notes that a leg began or was answered.
func (t *Tracker) tell(ch *channel) {
	if ch.isLeg() {
		t.told = append(t.told, ch)
	}
}

// watch tells of what an event did to legs.
func watch(w Watcher, t *Tracker, ended []Leg) {
	for _, ch := range t.told {
		if leg := t.leg(ch); leg.Answer.IsZero() {
			w.Began(leg)
		} else {
			w.Answered(leg)
		}
	}
	for i := range ended {
		w.Ended(ended[i])
	}
}

// variableCall is the channel variable that says under which unique id a call
// was authorised. Who asked sets it so that what is dialled inherits it.
const variableCall = "TOLLGATE_CALL"

// authorised finds under which authorisation a dial goes: it is on the dialled
// channel, else on who dialled, through Local channels. One that another leg was
// answered under is spent; it stays on the channel, but is not for this leg.
func (d *dial) authorised() string {
	attempt := d.to.attempt
	for range resolveDepth {
		if d == nil || d.from == nil {
			break
		}
		from := d.from
		if attempt == "" {
			attempt = from.attempt
		}
		if attempt != "" && from.spent(attempt, d) {
			return ""
		}
		if !isLocal(from.name) || from.mate == nil {
			break
		}
		if attempt == "" {
			attempt = from.mate.attempt
		}
		d = from.mate.dialed
	}
	return attempt
}

// spent reports whether a leg was answered under an authorisation before: the
// channel itself, or what it dialled earlier.
func (ch *channel) spent(attempt string, now *dial) bool {
	if ch.isLeg() && ch.dialed.attempt == attempt {
		return true
	}
	for _, d := range ch.dials {
		if d != now && d.answered && d.attempt == attempt {
			return true
		}
	}
	return false
}

// callerChannel returns who dialled, behind Local channels; nil if nobody did,
// or if others ring for it as well.
func (d *dial) callerChannel() *channel {
	for range resolveDepth {
		if d == nil || d.from == nil || !d.from.gone.IsZero() {
			return nil
		}
		for _, other := range d.from.dials {
			if other != d && other.end.IsZero() && other.to.gone.IsZero() {
				return nil
			}
		}
		if !isLocal(d.from.name) {
			return d.from
		}
		if d.from.mate == nil {
			return nil
		}
		d = d.from.mate.dialed
	}
	return nil
}
