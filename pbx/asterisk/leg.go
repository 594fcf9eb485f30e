package asterisk

import (
	"math"
	"time"

	"tollgate"
)

// Leg is one channel that the PBX dialled on a trunk: what a carrier charges
// for and what somebody has to pay.
type Leg struct {
	UniqueID    string          // of the trunk channel
	Channel     string          // its name
	Source      tollgate.Source // AMI, CEL or CDR
	Sequence    int             // 0, or the sequence of the CDR it was read from
	Extension   string          // who started the call
	Originator  string          // whose line put it into the public network; empty: nobody could be found
	Caller      string          // calling number as sent
	Dialed      string          // number sent on the trunk; empty: not known
	Trunk       string          // endpoint of the trunk
	AccountCode string          // of the originating side; empty: none was set for it
	Private     bool            // dialled with a private code, or marked so by the dialplan
	Start       time.Time       // dialled
	Answer      time.Time       // zero: not answered
	End         time.Time       // zero: in progress
	Cause       tollgate.Cause  // Q.850, as Asterisk gives it
	Estimated   bool            // the end, or a running call found after a gap, is a guess
	Rule        Rule            // how the originator was found
	Attempt     string          // under which it was authorised: TOLLGATE_CALL; empty: under none

	// While it lasts: who dialled it, and the context that this began in. Empty: it
	// is gone or not known, or others ring for it as well.
	CallerChannel, CallerContext string

	from int64 // position in the journal where its call begins
}

// Duration is the answered time of a finished leg, 0 if it was not answered.
func (l *Leg) Duration() time.Duration {
	if l.Answer.IsZero() || l.End.Before(l.Answer) {
		return 0
	}
	return l.End.Sub(l.Answer)
}

// Record is the leg as it is charged, reported by a device.
func (l *Leg) Record(device tollgate.ID) tollgate.Record {
	return tollgate.Record{
		Call:        tollgate.CallID{Device: device, UniqueID: l.UniqueID, Leg: l.Sequence},
		Source:      l.Source,
		Direction:   tollgate.Outbound,
		Extension:   l.Extension,
		Originator:  l.Originator,
		Caller:      l.Caller,
		Dialed:      l.Dialed,
		Trunk:       l.Trunk,
		AccountCode: l.AccountCode,
		Private:     l.Private,
		Start:       l.Start,
		Answer:      l.Answer,
		End:         l.End,
		Cause:       l.Cause,
		Attempt:     l.Attempt,
	}
}

// leg describes a billable leg as far as it is known now.
func (t *Tracker) leg(ch *channel) Leg {
	l := Leg{
		UniqueID: ch.uniqueID, Channel: ch.name, Source: t.source, Trunk: ch.trunk, Start: ch.start, Answer: ch.answer,
	}
	found := t.originator(ch)
	l.Originator, l.Rule = found.who, found.rule
	l.Extension = t.starter(ch.dialed, resolveDepth)
	if l.Extension == "" {
		l.Extension = l.Originator
	}
	if d := ch.dialed; d != nil {
		l.Start, l.Caller, l.Dialed, l.Attempt = d.begin, d.caller, d.number, d.attempt
		if caller := d.callerChannel(); caller != nil {
			l.CallerChannel, l.CallerContext = caller.name, caller.context
		}
	}
	l.AccountCode = t.accountCode(ch, found)
	l.Private = t.private(found)
	l.from = needs(ch, map[*channel]bool{})
	return l
}

// needs returns the lowest journal position of what a leg hangs on: read again
// from there, a journal tells the same of it.
func needs(ch *channel, seen map[*channel]bool) int64 {
	if ch == nil || seen[ch] || len(seen) > needsMax {
		return math.MaxInt64
	}
	seen[ch] = true
	lowest := min(ch.offset, needs(ch.dialler(), seen), needs(ch.mate, seen), needs(ch.consulter, seen))
	for _, m := range ch.marks {
		lowest = min(lowest, needs(m.by, seen))
	}
	for _, peer := range ch.peers {
		lowest = min(lowest, needs(peer, seen))
	}
	return lowest
}

const needsMax = 100 // channels one leg can hang on
