package asterisk

import (
	"slices"
	"strings"

	"tollgate"
	"tollgate/pbx/asterisk/cel"
)

// The journal does not say who dialled a channel. It says when the application
// Dial began, with what, and when channels began; a channel belongs to the
// youngest running Dial of its call that names its endpoint.

const celDialsMax = 4_000 // running Dials followed at once; the oldest is forgotten

// celState is what a Tracker needs to read a journal beside its channels.
type celState struct {
	dials    []*celDial   // running, oldest first
	forwards []celForward // deflections whose Local channel has not begun yet
}

// celDial is one running Dial.
type celDial struct {
	from    *channel
	data    string // the application's arguments
	linked  string
	caller  string
	code    string
	targets []celTarget
}

type celTarget struct {
	tech, text string
	dialTarget
	used bool
}

type celForward struct {
	from   *channel
	linked string
	number string
}

// HandleCEL takes in one line of a CEL journal and returns the legs that ended
// by it. ok is false for a line that is not a row; it changes nothing.
func (t *Tracker) HandleCEL(line []byte) (legs []Leg, ok bool) {
	t.finished, t.told = nil, nil
	row, err := cel.Parse(line, t.config.Location)
	if err != nil {
		return nil, false
	}
	t.source = tollgate.SourceCEL
	t.counts.Events++
	ch := t.celChannel(&row)
	if ch != nil {
		t.celEvent(ch, &row)
	}
	if row.At.After(t.last) {
		t.last = row.At
	}
	return t.finished, true
}

// celChannel returns the channel a row is about and learns from the row what
// every row says.
func (t *Tracker) celChannel(row *cel.Row) *channel {
	s := started{
		name: row.Channel, uniqueID: row.UniqueID, caller: row.CallerID,
		exten: row.Exten, account: row.Account, at: row.At,
	}
	var ch *channel
	if row.Event == "CHAN_START" {
		if ch = t.start(s); ch != nil {
			ch.linked = keep(row.LinkedID)
		}
	} else {
		ch = t.live(row.Channel)
	}
	if ch == nil || !ch.gone.IsZero() {
		return nil
	}
	ch.current = keep(row.Account)
	ch.execute(keep(row.Exten))
	t.celDialAgain(ch, row)
	if row.Userfield != "" {
		ch.private = isPrivateMark(row.Userfield)
	}
	if row.RDNIS != ch.rdnis {
		ch.rdnis = keep(row.RDNIS)
		// A dialplan that forwards sets the redirecting number. What a carrier or
		// a phone says there with the call is not for us.
		if t.looksInternal(ch.rdnis) && row.Event != "CHAN_START" {
			ch.mark(mark{kind: markOriginator, at: row.At, who: ch.rdnis, code: ch.current})
		}
	}
	return ch
}

func (t *Tracker) celEvent(ch *channel, row *cel.Row) {
	switch row.Event {
	case "CHAN_START":
		t.celBegin(ch, row)
	case "APP_START":
		if strings.EqualFold(row.App, "Dial") {
			t.celDial(ch, row)
		}
	case "APP_END":
		t.celDialOver(ch)
	case "ANSWER":
		t.celUndialled(ch, row)
		t.answered(ch, row.At)
		t.dialEnd(ch, row.At, "ANSWER")
	case "FORWARD":
		t.celForward(ch, row)
	case "BLINDTRANSFER":
		if transferee := t.live(row.Extra.Transferee); transferee != nil {
			transferee.mark(mark{
				kind: markBlind, at: row.At, by: ch, exten: keep(row.Extra.Extension), code: transferee.current,
			})
		}
	case "ATTENDEDTRANSFER":
		if target := t.channels[row.Extra.TransferTarget]; target != nil && isLocal(target.name) {
			target.consulter = ch
		}
	case "BRIDGE_ENTER":
		t.enterBridge(ch, keep(row.Extra.BridgeID))
	case "BRIDGE_EXIT":
		if ch.bridge != nil && ch.bridge.id == row.Extra.BridgeID {
			t.leaveBridge(ch)
		}
	case cel.User + "ORIGINATOR": // CELGenUserEvent(ORIGINATOR,1002)
		ch.mark(mark{kind: markOriginator, at: row.At, who: keep(row.Extra.Value), code: ch.current})
	case cel.User + variableCall:
		ch.attempt = keep(row.Extra.Value)
	case "HANGUP":
		t.celUndialled(ch, row)
		t.celHangup(ch, row)
	}
}

// celBegin finds who dialled a channel that begins.
func (t *Tracker) celBegin(ch *channel, row *cel.Row) {
	for i, f := range slices.Backward(t.cel.forwards) {
		if f.linked == row.LinkedID && t.celForwarded(ch, f, row) {
			t.cel.forwards = slices.Delete(t.cel.forwards, i, i+1)
			return
		}
	}
	for _, dialling := range slices.Backward(t.cel.dials) {
		if dialling.linked == row.LinkedID && dialling.from != ch && t.celLink(dialling, ch) {
			return
		}
	}
}

// celLink makes a channel the one that a running Dial dialled, if it fits.
func (t *Tracker) celLink(by *celDial, ch *channel) bool {
	i := slices.IndexFunc(by.targets, func(c celTarget) bool { return !c.used && c.fits(ch.name) })
	if i < 0 {
		return false
	}
	target := &by.targets[i]
	target.used = true
	d := dial{
		text: target.text, number: target.Number, caller: by.caller, code: by.code, toCode: by.code, begin: ch.start,
	}
	if ch.dialed != nil { // known so far was only that it was dialled
		d.end, d.answered = ch.dialed.end, ch.dialed.answered
		ch.dialed = nil
	}
	t.dialBegin(by.from, ch, d)
	return true
}

// fits reports whether a channel can be what a destination of Dial names.
func (c *celTarget) fits(name string) bool {
	tech, resource := splitName(name)
	if tech != c.tech {
		return false
	}
	if tech == "Local" {
		base, _, _ := strings.Cut(c.text, "/")
		return strings.HasSuffix(name, ";1") && resource == base
	}
	return endpointOf(name) == c.Resource || isGroup(c.Resource) || resource == c.Resource
}

// celDial notes that a channel runs Dial.
func (t *Tracker) celDial(ch *channel, row *cel.Row) {
	t.celDialOver(ch)
	d := &celDial{
		from: ch, data: strings.Clone(row.AppData), linked: keep(row.LinkedID),
		caller: keep(row.CallerID), code: ch.current,
	}
	d.targets = dialTargets(row.AppData)
	t.cel.dials = appendBounded(t.cel.dials, d, celDialsMax)
}

// dialTargets reads the arguments of Dial: destinations joined by &, then options.
func dialTargets(data string) []celTarget {
	var targets []celTarget
	list, _, _ := strings.Cut(data, ",")
	for destination := range strings.SplitSeq(list, "&") {
		if tech, text, found := strings.Cut(destination, "/"); found && len(targets) < dialsMax {
			tech, text = keep(tech), keep(text)
			targets = append(targets, celTarget{tech: tech, text: text, dialTarget: parseDialString(tech, text)})
		}
	}
	return targets
}

// celDialAgain sees a Dial that followed directly on another. The journal tells
// of neither the end of the first nor the beginning of the second; only the
// arguments in the caller's next row are new. What was dialled has begun by then.
func (t *Tracker) celDialAgain(ch *channel, row *cel.Row) {
	if !strings.EqualFold(row.App, "Dial") || row.Event == "APP_START" || row.Event == "APP_END" {
		return
	}
	i := slices.IndexFunc(t.cel.dials, func(d *celDial) bool { return d.from == ch })
	if i < 0 || t.cel.dials[i].data == row.AppData {
		return
	}
	t.celDial(ch, row)
	again := t.cel.dials[len(t.cel.dials)-1]
	for _, to := range t.order {
		fresh := to.dialed == nil && to.linked == again.linked && to.exten == "s" && to.start.After(ch.start)
		if to.gone.IsZero() && (fresh || to.dialler() == ch && to.dialed.text == "") {
			t.celLink(again, to)
		}
	}
}

func (t *Tracker) celDialOver(ch *channel) {
	t.cel.dials = slices.DeleteFunc(t.cel.dials, func(d *celDial) bool { return d.from == ch })
	t.cel.forwards = slices.DeleteFunc(t.cel.forwards, func(f celForward) bool { return f.from == ch })
}

// celForward notes that a phone deflected the caller ch. The row does not name
// the phone: it is the last one rung that is still there, until a hang-up with
// the cause of a deflection says better.
func (t *Tracker) celForward(ch *channel, row *cel.Row) {
	m := mark{kind: markForward, at: row.At, exten: keep(row.Extra.Forward), code: ch.current, loose: true}
	for _, d := range slices.Backward(ch.dials) {
		if d.to.gone.IsZero() && d.end.IsZero() && !isLocal(d.to.name) {
			m.by = d.to
			break
		}
	}
	if m.by != nil {
		ch.mark(m)
	}
	f := celForward{from: ch, linked: keep(row.LinkedID), number: m.exten}
	for _, local := range slices.Backward(t.order) {
		if local.gone.IsZero() && local.dialed == nil && t.celForwarded(local, f, row) {
			return
		}
	}
	t.cel.forwards = appendBounded(t.cel.forwards, f, celDialsMax)
}

// celForwarded links a channel made for a deflected call to its caller.
func (t *Tracker) celForwarded(ch *channel, f celForward, row *cel.Row) bool {
	tech, resource := splitName(ch.name)
	if tech != "Local" || !strings.HasSuffix(ch.name, ";1") {
		return false
	}
	if target := parseDialString(tech, resource); target.Number != f.number {
		return false
	}
	t.dialBegin(f.from, ch, dial{
		text: resource, number: f.number, caller: f.from.caller,
		code: f.from.current, toCode: f.from.current, begin: row.At,
	})
	return true
}

// celUndialled sees that a trunk channel is an outgoing one although no Dial
// named it: the PBX itself dialled, or an application such as Queue. What number
// it was only the manager interface says, or a later row of the caller.
func (t *Tracker) celUndialled(ch *channel, row *cel.Row) {
	if ch.dialed != nil || row.AppData != "(Outgoing Line)" || !t.trunks.is(ch.name) {
		return
	}
	d := &dial{to: ch, caller: keep(row.CallerID), begin: ch.start, toCode: ch.current}
	if row.App == "AppDial" {
		for _, dialling := range slices.Backward(t.cel.dials) {
			if dialling.linked == row.LinkedID {
				d.from, d.caller, d.code, d.toCode = dialling.from, dialling.caller, dialling.code, dialling.code
				break
			}
		}
	}
	d.attempt = d.authorised()
	ch.dialed = d
	t.setTrunk(ch, t.trunks.name(ch.name))
}

func (t *Tracker) celHangup(ch *channel, row *cel.Row) {
	cause := tollgate.Cause(row.Extra.HangupCause)
	if cause < 0 || cause > causeMax {
		cause = 0
	}
	if from := ch.dialler(); from != nil && cause == causeRedirected {
		for i := range from.marks {
			if m := &from.marks[i]; m.kind == markForward && m.loose {
				m.by, m.loose = ch, false
				break
			}
		}
	}
	t.celDialOver(ch)
	t.hangup(ch, row.At, cause, false)
}

// causeRedirected ends the call to a phone that deflected it (Q.850, 23).
const causeRedirected tollgate.Cause = 23
