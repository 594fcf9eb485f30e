package asterisk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/ami"
)

// statusVariables are what Status is asked for beside the channels themselves:
// they say what the events of a running call said before we listened.
const statusVariables = "CDR(start,u),CDR(answer,u),CDR(userfield),CHANNEL(userfield),REDIRECTING(from-num)," +
	"DIALEDPEERNUMBER,ORIGINATOR,BLINDTRANSFER,FORWARDERNAME,SIPREFERREDBYHDR," + variableCall

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

// recall takes from a channel's variables who sent it elsewhere. What was seen
// as it happened goes before; only ORIGINATOR is not in every journal.
func (t *Tracker) recall(s *statusChannel) {
	ch := t.live(s.name)
	if ch == nil {
		return
	}
	ch.attempt = cmp.Or(keep(s.variables[variableCall]), ch.attempt)
	if ch.dialed != nil && t.source == tollgate.SourceCEL { // the journal does not say
		ch.dialed.attempt = cmp.Or(ch.dialed.attempt, ch.dialed.authorised())
	}
	m := mark{at: s.at, code: keep(s.account)}
	who, referred := s.variables["ORIGINATOR"], referredBy(s.variables["SIPREFERREDBYHDR"])
	switch {
	case who != "":
		m.kind, m.who = markOriginator, keep(who)
	case s.variables["BLINDTRANSFER"] != "":
		m.kind, m.by = markBlind, t.named(s.variables["BLINDTRANSFER"])
	case referred != "": // stays when BLINDTRANSFER is forgotten, but only a SIP phone sets it
		m.kind, m.who = markBlind, keep(referred)
	case s.variables["FORWARDERNAME"] != "":
		m.kind, m.by = markForward, t.named(s.variables["FORWARDERNAME"])
	case t.looksInternal(s.variables["REDIRECTING(from-num)"]):
		m.kind, m.who = markOriginator, keep(s.variables["REDIRECTING(from-num)"])
	}
	if (m.who != "" || m.by != nil) && (len(ch.marks) == 0 || who != "" && ch.said() == nil) {
		ch.mark(m)
	}
	if isPrivateMark(s.variables["CDR(userfield)"]) || isPrivateMark(s.variables["CHANNEL(userfield)"]) {
		ch.private = true
	}
}

// referredBy takes the user out of a Referred-By header: <sip:1001@10.0.0.7>.
func referredBy(header string) string {
	_, uri, found := strings.Cut(header, "<")
	if !found {
		return ""
	}
	uri, _, _ = strings.Cut(uri, ">")
	return userPart(uri)
}

// named returns a channel by its name although it may be gone already.
func (t *Tracker) named(name string) *channel {
	if ch := t.channels[name]; ch != nil {
		return ch
	}
	return &channel{name: keep(name)}
}

// adoptLeg sees whether a running channel was dialled, on a trunk or not, and by
// whom, if nobody told us how it came to be.
func (t *Tracker) adoptLeg(s *statusChannel, list []statusChannel) {
	ch, text := t.live(s.name), t.dialledAs(s)
	if ch != nil && ch.dialed != nil && ch.dialed.number == "" { // the journal does not know what the PBX dials
		tech, _ := splitName(s.name)
		ch.dialed.text, ch.dialed.number = keep(text), keep(parseDialString(tech, text).Number)
	}
	if ch == nil || ch.dialed != nil {
		return
	}
	if text == "" && !isLocal(s.name) {
		return
	}
	ch.estimate = true
	ch.account = "" // its own code is gone: it took over its caller's
	if s.up {
		t.answered(ch, s.answer)
		if s.answer.IsZero() {
			ch.answer = s.at
		}
	}
	d := dial{text: keep(text), begin: s.at, end: ch.answer, answered: s.up, toCode: ch.current}
	caller := t.callerOf(s, list)
	if caller != nil {
		d.caller, d.code = caller.caller, caller.current
	}
	t.dialBegin(caller, ch, d)
}

// dialledAs returns the dial string of a running channel, empty if it was not
// dialled. DIALEDPEERNUMBER has it, unless the channel dials itself meanwhile:
// after a transfer. Then its own number is what was dialled. Drivers that do not
// know what a caller called are left out: an incoming call looks the same there.
func (t *Tracker) dialledAs(s *statusChannel) string {
	tech, _ := splitName(s.name)
	text := s.variables["DIALEDPEERNUMBER"]
	target := celTarget{tech: tech, text: text, dialTarget: parseDialString(tech, text)}
	switch {
	case s.dnid != "":
		return ""
	case !strings.EqualFold(s.application, "Dial"):
		if text != "" && target.fits(s.name) {
			return text
		}
	case slices.Contains([]string{"PJSIP", "SIP", "IAX2"}, tech) && t.trunks.is(s.name) && isDialable(s.caller):
		return s.caller + "@" + endpointOf(s.name)
	}
	return ""
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
