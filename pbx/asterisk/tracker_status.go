package asterisk

import (
	"slices"
	"strings"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// statusVariables are what Status is asked for beside the channels themselves:
// they say what the events of a running call said before we listened.
const statusVariables = "CDR(start,u),CDR(answer,u),CDR(userfield),CHANNEL(userfield)," +
	"DIALEDPEERNUMBER,ORIGINATOR,BLINDTRANSFER,FORWARDERNAME"

// statusChannel is one channel of the answer to Status.
type statusChannel struct {
	started
	dnid, application, data, bridge, linked string
	up                                      bool
	answer                                  time.Time
	variables                               map[string]string
}

// parseStatus reads an event of Status; now is the PBX's clock.
func parseStatus(m *ami.Message, now time.Time) statusChannel {
	s := statusChannel{
		started: startedBy(m, "", now), dnid: m.Get("DNID"), linked: m.Get("Linkedid"),
		application: m.Get("Application"), data: m.Get("Data"), bridge: m.Get("BridgeID"),
		up: m.Get("ChannelState") == stateUp, variables: map[string]string{},
	}
	for _, text := range m.All("Variable") {
		if name, value, _ := strings.Cut(text, "="); value != "(null)" {
			s.variables[name] = value
		}
	}
	if s.exten = s.dnid; s.exten == "" {
		s.exten = m.Get("Exten")
	}
	if start, ok := ami.ParseEpoch(s.variables["CDR(start,u)"]); ok {
		s.at = start
	} else if seconds := m.Get("Seconds"); isDigits(seconds) && len(seconds) < 9 {
		s.at = now.Add(-time.Duration(number(seconds)) * time.Second)
	}
	s.answer, _ = ami.ParseEpoch(s.variables["CDR(answer,u)"])
	return s
}

// adopt learns of running channels from Asterisk's list of them. What is known
// already is kept, for it was seen as it happened; the rest is marked as a guess.
func (t *Tracker) adopt(list []statusChannel) {
	t.newest = uniqueID{} // the list has no order, and Asterisk may have begun anew
	for i := range list {
		s := &list[i]
		known := t.live(s.name)
		if known == nil || known.uniqueID != s.uniqueID {
			if ch := t.start(s.started); ch != nil {
				ch.linked = keep(s.linked)
			}
		}
		t.recall(s)
	}
	for i := range list {
		t.adoptLeg(&list[i], list)
	}
	for i := range list {
		if ch := t.live(list[i].name); ch != nil && list[i].bridge != "" {
			t.enterBridge(ch, keep(list[i].bridge))
		}
	}
}

// recall takes from a channel's variables who sent it elsewhere, unless that is
// known already.
func (t *Tracker) recall(s *statusChannel) {
	ch := t.live(s.name)
	if ch == nil {
		return
	}
	said := func(m mark) {
		known := slices.ContainsFunc(ch.marks, func(old mark) bool {
			return old.kind == m.kind && (old.who == m.who || m.by != nil)
		})
		if !known {
			m.at, m.code = s.at, keep(s.account)
			ch.mark(m)
		}
	}
	if who := s.variables["ORIGINATOR"]; who != "" {
		said(mark{kind: markOriginator, who: keep(who)})
	}
	if name := s.variables["BLINDTRANSFER"]; name != "" {
		said(mark{kind: markBlind, by: t.named(name)})
	}
	if name := s.variables["FORWARDERNAME"]; name != "" {
		said(mark{kind: markForward, by: t.named(name)})
	}
	if isPrivateMark(s.variables["CDR(userfield)"]) || isPrivateMark(s.variables["CHANNEL(userfield)"]) {
		ch.private = true
	}
}

// named returns a channel by its name although it may be gone already.
func (t *Tracker) named(name string) *channel {
	if ch := t.channels[name]; ch != nil {
		return ch
	}
	return &channel{name: keep(name)}
}

// adoptLeg sees whether a running channel was dialled on a trunk, and by whom,
// if nobody told us how it came to be.
func (t *Tracker) adoptLeg(s *statusChannel, list []statusChannel) {
	ch := t.live(s.name)
	text := s.variables["DIALEDPEERNUMBER"]
	if ch == nil || ch.dialed != nil || s.dnid != "" || text == "" && !isLocal(s.name) {
		return
	}
	tech, _ := splitName(s.name)
	if !isLocal(s.name) && !(&celTarget{tech: tech, dialTarget: parseDialString(tech, text)}).fits(s.name) {
		return // the caller of a leg has the variable too
	}
	ch.estimate = true
	if s.up {
		ch.answered(s.answer)
		if s.answer.IsZero() {
			ch.answer = s.at
		}
	}
	d := dial{text: keep(text), begin: s.at, end: ch.answer, answered: s.up, toCode: ch.account}
	caller := t.callerOf(s, list)
	if caller != nil {
		d.caller, d.code = caller.caller, caller.current
	}
	t.dialBegin(caller, ch, d)
}

// callerOf finds the channel whose running Dial names another one.
func (t *Tracker) callerOf(s *statusChannel, list []statusChannel) *channel {
	for i := range list {
		c := &list[i]
		if c.name == s.name || c.linked != s.linked || !strings.EqualFold(c.application, "Dial") {
			continue
		}
		for _, target := range dialTargets(c.data) {
			if target.fits(s.name) {
				return t.live(c.name)
			}
		}
	}
	return nil
}

// closeMissing ends the channels that began before an instant and are not in
// Asterisk's list of running ones. Their legs ended at some time nobody saw; at
// is the last sign of life.
func (t *Tracker) closeMissing(list []statusChannel, before, at time.Time) []Leg {
	t.finished = nil
	running := make(map[string]bool, len(list))
	for i := range list {
		running[list[i].uniqueID] = true
	}
	for _, ch := range slices.Clone(t.order) {
		if ch.gone.IsZero() && !running[ch.uniqueID] && ch.start.Before(before) {
			t.hangup(ch, at, causeTemporaryFailure, true)
		}
	}
	return t.finished
}
