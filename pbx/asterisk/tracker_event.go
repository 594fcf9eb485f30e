package asterisk

import (
	"strings"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/ami"
)

// Handle takes in one message of the manager interface and returns the legs
// that ended by it. Messages that say nothing about channels are ignored.
func (t *Tracker) Handle(m ami.Message) []Leg {
	t.finished, t.told = nil, nil
	handle := eventHandlers(m.Event())
	if handle == nil {
		return nil
	}
	at := m.Time()
	t.source = tollgate.SourceAMI
	t.counts.Events++
	handle(t, &m, at)
	if at.After(t.last) {
		t.last = at
	}
	return t.finished
}

// eventHandlers is the list of events a Tracker understands.
func eventHandlers(event string) func(t *Tracker, m *ami.Message, at time.Time) {
	switch event {
	case "Newchannel":
		return (*Tracker).onNewchannel
	case "Newstate":
		return (*Tracker).onNewstate
	case "NewAccountCode":
		return (*Tracker).onNewAccountCode
	case "Newexten":
		return (*Tracker).onNewexten
	case "VarSet":
		return (*Tracker).onVarSet
	case "DialBegin":
		return (*Tracker).onDialBegin
	case "DialEnd":
		return (*Tracker).onDialEnd
	case "BridgeEnter":
		return (*Tracker).onBridgeEnter
	case "BridgeLeave":
		return (*Tracker).onBridgeLeave
	case "BlindTransfer":
		return (*Tracker).onBlindTransfer
	case "AttendedTransfer":
		return (*Tracker).onAttendedTransfer
	case "Hangup":
		return (*Tracker).onHangup
	}
	return nil
}

// startedBy reads the description of a channel; prefix is empty, or "Dest"
// and so on for the second channel of a message.
func startedBy(m *ami.Message, prefix string, at time.Time) started {
	return started{
		name: m.Get(prefix + "Channel"), uniqueID: m.Get(prefix + "Uniqueid"),
		caller: m.Get(prefix + "CallerIDNum"), account: m.Get(prefix + "AccountCode"), at: at,
	}
}

// about returns the channel a message describes, live or begun by this message,
// and notes its account code.
func (t *Tracker) about(m *ami.Message, prefix string, at time.Time) *channel {
	s := startedBy(m, prefix, at)
	ch := t.lookup(s)
	if ch != nil && s.account != ch.current {
		ch.current = keep(s.account)
	}
	return ch
}

func (t *Tracker) onNewchannel(m *ami.Message, at time.Time) {
	s := startedBy(m, "", at)
	s.exten, s.context = m.Get("Exten"), m.Get("Context")
	t.start(s)
}

func (t *Tracker) onNewstate(m *ami.Message, at time.Time) {
	if ch := t.live(m.Get("Channel")); ch != nil && m.Get("ChannelState") == stateUp {
		t.answered(ch, at)
	}
}

// stateUp is Asterisk's AST_STATE_UP.
const stateUp = "6"

func (t *Tracker) onNewAccountCode(m *ami.Message, _ time.Time) {
	if ch := t.live(m.Get("Channel")); ch != nil {
		ch.current = keep(m.Get("AccountCode"))
	}
}

func (t *Tracker) onNewexten(m *ami.Message, _ time.Time) {
	ch := t.live(m.Get("Channel"))
	if ch == nil {
		return
	}
	ch.execute(keep(m.Get("Extension")))
	if m.Get("Application") == "Set" {
		if name, value, _ := strings.Cut(m.Get("AppData"), "="); strings.HasSuffix(name, "(userfield)") {
			ch.private = isPrivateMark(value)
		}
	}
}

// isPrivateMark reports whether a userfield marks a call private.
func isPrivateMark(userfield string) bool {
	return strings.EqualFold(strings.Trim(userfield, `" `), "private")
}

func (t *Tracker) onVarSet(m *ami.Message, at time.Time) {
	variable := strings.TrimLeft(m.Get("Variable"), "_")
	if variable != "ORIGINATOR" && variable != variableCall || m.Get("Channel") == "" {
		return
	}
	ch := t.about(m, "", at)
	switch {
	case ch == nil:
	case variable == variableCall:
		ch.attempt = keep(m.Get("Value"))
	default:
		ch.mark(mark{kind: markOriginator, at: at, who: keep(m.Get("Value")), code: ch.current})
	}
}

func (t *Tracker) onDialBegin(m *ami.Message, at time.Time) {
	if m.Get("DestChannel") == "" {
		return
	}
	to := t.about(m, "Dest", at)
	if to == nil {
		return
	}
	d := dial{text: keep(m.Get("DialString")), begin: at, toCode: to.current, sure: true}
	var from *channel
	if m.Get("Channel") != "" {
		from = t.about(m, "", at)
	}
	if from != nil {
		from.execute(keep(m.Get("Exten")))
		d.caller, d.code = keep(m.Get("CallerIDNum")), from.current
	} else {
		d.caller = keep(m.Get("DestCallerIDNum"))
	}
	t.dialBegin(from, to, d)
}

func (t *Tracker) onDialEnd(m *ami.Message, at time.Time) {
	to := t.channels[strings.TrimSuffix(m.Get("DestChannel"), zombie)]
	t.dialEnd(to, at, m.Get("DialStatus"))
	if forward := m.Get("Forward"); forward != "" && to != nil {
		if from := t.live(m.Get("Channel")); from != nil {
			from.mark(mark{kind: markForward, at: at, by: to, exten: keep(forward), code: from.current})
		}
	}
}

func (t *Tracker) onBridgeEnter(m *ami.Message, at time.Time) {
	if t.live(m.Get("Channel")) != nil {
		t.enterBridge(t.about(m, "", at), keep(m.Get("BridgeUniqueid")))
	}
}

func (t *Tracker) onBridgeLeave(m *ami.Message, _ time.Time) {
	if ch := t.live(m.Get("Channel")); ch != nil && ch.bridge != nil && ch.bridge.id == m.Get("BridgeUniqueid") {
		t.leaveBridge(ch)
	}
}

func (t *Tracker) onBlindTransfer(m *ami.Message, at time.Time) {
	if m.Get("Result") != "Success" || m.Get("TransfereeChannel") == "" || m.Get("TransfererChannel") == "" {
		return
	}
	by, ch := t.about(m, "Transferer", at), t.about(m, "Transferee", at) //nolint:misspell // Asterisk's spelling
	if by != nil && ch != nil {
		ch.mark(mark{kind: markBlind, at: at, by: by, exten: keep(m.Get("Extension")), code: ch.current})
	}
}

// onAttendedTransfer matters only where the PBX made the second call itself,
// through a Local channel: it says whose call that was.
func (t *Tracker) onAttendedTransfer(m *ami.Message, at time.Time) {
	target := t.channels[m.Get("TransferTargetChannel")]
	if m.Get("Result") == "Success" && target != nil && isLocal(target.name) {
		target.consulter = t.about(m, "OrigTransferer", at)
	}
}

func (t *Tracker) onHangup(m *ami.Message, at time.Time) {
	ch := t.live(m.Get("Channel"))
	if ch == nil {
		return
	}
	t.hangup(ch, at, parseCause(m.Get("Cause")), false)
}

// parseCause reads a Q.850 cause value, 0 when it is none.
func parseCause(s string) tollgate.Cause {
	if !isDigits(s) || len(s) > 3 {
		return 0
	}
	if cause := number(s); cause <= causeMax {
		return tollgate.Cause(cause)
	}
	return 0
}

const causeMax = 127
