package asterisk

import (
	"cmp"
	"slices"
	"strings"
)

// Rule says how the originator of a leg was found.
type Rule int

// The rules, in the order they are tried on the channel that dialled the leg.
// Of the first three the one that happened last counts. DESIGN.md explains them.
const (
	RuleNone       Rule = iota // nobody could be found
	RuleDialplan               // the dialplan set ORIGINATOR
	RuleBlind                  // blind transfer: who transferred
	RuleDeflected              // 302: the phone that deflected
	RuleLocal                  // behind a Local channel nobody dialled: who talks to it
	RulePhone                  // the phone itself
	RuleUnmarked               // a trunk caller sent out again by the dialplan: the last extension
	RuleOriginated             // dialled by the PBX itself: the phone it joined, or the number shown
)

// resolveDepth is how many Local channels may stand behind each other.
const resolveDepth = 8

// finding is an originator and how it was found.
type finding struct {
	who  string
	rule Rule
	by   *channel // the originator's own channel, nil if there is none
	mark *mark    // the mark that decided; nil: none did
	path []*dial  // from the leg up to where it was decided
}

// originator finds whose line put a leg into the public network.
func (t *Tracker) originator(leg *channel) finding {
	if leg.dialed == nil || leg.dialed.from == nil {
		return t.originatedByPBX(leg)
	}
	f := t.resolve(leg.dialed, resolveDepth)
	if f.rule == RuleNone || f.rule == RuleUnmarked {
		// The mark was set before we began to follow the caller, but the leg inherited it.
		if m := leg.said(); m != nil {
			return finding{who: m.who, rule: RuleDialplan, mark: m, path: f.path}
		}
	}
	return f
}

// resolve applies the rules to the channel that made a dial.
func (t *Tracker) resolve(d *dial, depth int) finding {
	source := d.from
	if depth == 0 || source == nil {
		return finding{path: []*dial{d}}
	}
	if m := t.decisive(d); m != nil {
		f := finding{mark: m, path: []*dial{d}, who: m.who, by: m.by}
		switch m.kind {
		case markOriginator:
			f.rule, f.by = RuleDialplan, source.known(m.who)
		case markBlind:
			f.rule = RuleBlind
		case markForward:
			f.rule = RuleDeflected
		}
		if f.by != nil && m.kind != markOriginator {
			if f.by = t.phoneOf(m.by, depth-1); f.by != nil {
				f.who = endpointOf(f.by.name)
			}
		}
		return f
	}
	if isLocal(source.name) {
		return t.resolveLocal(d, depth)
	}
	if !t.trunks.is(source.name) {
		return finding{who: endpointOf(source.name), rule: RulePhone, by: source, path: []*dial{d}}
	}
	return t.resolveUnmarked(d)
}

// decisive returns what sent the dialling channel elsewhere last before it
// dialled, nil if nothing did.
func (t *Tracker) decisive(d *dial) *mark {
	source := d.from
	var last *mark
	for i := range source.marks {
		m := &source.marks[i]
		if !d.caused(m.at) || m.kind == markOriginator && source.inherited(m.who) {
			continue
		}
		if m.kind != markOriginator && !t.deflects(m) {
			continue
		}
		if last == nil || m.at.After(last.at) || m.at.Equal(last.at) && m.kind < last.kind {
			last = m
		}
	}
	switch {
	case last == nil || last.kind == markOriginator && last.who == "": // cleared again
		return nil
	case last.kind == markForward:
		return cmp.Or(source.forwardedTo(d.number), last) // several phones of a group may deflect
	}
	return last
}

// deflects reports whether a transfer or deflection was done by somebody of
// ours: a carrier that deflects does not pay.
func (t *Tracker) deflects(m *mark) bool {
	return m.by == nil || t.phoneOf(m.by, resolveDepth) != nil
}

// forwardedTo returns the deflection that sent a channel to a number.
func (ch *channel) forwardedTo(number string) *mark {
	for i := range slices.Backward(ch.marks) {
		m := &ch.marks[i]
		if m.kind == markForward && m.exten != "" && (m.exten == number || strings.HasSuffix(m.exten, "/"+number)) {
			return m
		}
	}
	return nil
}

// inherited reports whether a channel only took ORIGINATOR over from the one
// that dialled it. Then the rules apply there, where it may have been overtaken.
func (ch *channel) inherited(value string) bool {
	parent := ch.dialler()
	if parent == nil {
		parent = ch.mate.dialler()
	}
	return parent != nil && slices.ContainsFunc(parent.marks, func(m mark) bool {
		return m.kind == markOriginator && m.who == value
	})
}

// said returns the last ORIGINATOR set on a channel.
func (ch *channel) said() *mark {
	for i := range slices.Backward(ch.marks) {
		if ch.marks[i].kind == markOriginator && ch.marks[i].who != "" {
			return &ch.marks[i]
		}
	}
	return nil
}

// resolveLocal finds who stands behind a Local channel that dialled.
func (t *Tracker) resolveLocal(d *dial, depth int) finding {
	source, mate := d.from, d.from.mate
	for _, half := range []*channel{mate, source} {
		if half.dialler() == nil || half.dialler() == source || half.dialler() == mate {
			continue
		}
		f := t.resolve(half.dialed, depth-1)
		f.path = append([]*dial{d}, f.path...)
		return f
	}
	if phone := t.behindLocal(source, mate, depth); phone != nil {
		return finding{who: endpointOf(phone.name), rule: RuleLocal, by: phone, path: []*dial{d}}
	}
	for _, half := range []*channel{mate, source} {
		if caller := half.trunkCaller(t); caller != nil {
			f := t.resolve(&dial{from: caller, to: half, number: d.number, code: caller.current}, depth-1)
			f.path = append([]*dial{d}, f.path...)
			return f
		}
	}
	f := finding{path: []*dial{d}}
	if t.looksInternal(d.caller) {
		f.who, f.rule = d.caller, RuleOriginated
	}
	return f
}

// trunkCaller returns who called from outside and talks to a Local channel, say
// through a queue.
func (ch *channel) trunkCaller(t *Tracker) *channel {
	if ch == nil {
		return nil
	}
	for _, peer := range ch.peers {
		if t.trunks.is(peer.name) && peer.dialed == nil {
			return peer
		}
	}
	return nil
}

// behindLocal finds the phone at the other end of a Local channel that nobody
// dialled: the one that talks to it first, else the one it dialled.
func (t *Tracker) behindLocal(source, mate *channel, depth int) *channel {
	for _, half := range []*channel{mate, source} {
		if half == nil {
			continue
		}
		for _, peer := range half.peers {
			if peer != source && peer != mate {
				if phone := t.phoneOf(peer, depth-1); phone != nil {
					return phone
				}
			}
		}
		if phone := t.phoneOf(half.consulter, depth-1); phone != nil {
			return phone
		}
	}
	if mate == nil {
		return nil
	}
	return t.phoneDialledBy(mate)
}

// phoneOf returns the phone a channel is, or the one behind it if it is half a
// Local channel; nil for a trunk.
func (t *Tracker) phoneOf(ch *channel, depth int) *channel {
	switch {
	case ch == nil || depth <= 0:
		return nil
	case isLocal(ch.name):
		for _, half := range []*channel{ch.mate, ch} {
			if phone := t.phoneOf(half.dialler(), depth-1); phone != nil {
				return phone
			}
		}
		return t.behindLocal(ch, ch.mate, depth-1)
	case t.trunks.is(ch.name):
		return nil
	}
	return ch
}

// phoneDialledBy returns the phone a channel dialled: the one that answered,
// else the last.
func (t *Tracker) phoneDialledBy(ch *channel) *channel {
	var phone *channel
	for _, d := range ch.dials {
		if d.to == nil || isLocal(d.to.name) || t.trunks.is(d.to.name) {
			continue
		}
		if phone = d.to; d.answered {
			break
		}
	}
	return phone
}

// resolveUnmarked is for a trunk caller whom the dialplan sends out again
// without saying for whom: the last extension the call was in.
func (t *Tracker) resolveUnmarked(d *dial) finding {
	f := finding{rule: RuleUnmarked, path: []*dial{d}}
	for _, exten := range slices.Backward(d.from.visited) {
		if t.looksInternal(exten) && exten != d.number {
			f.who = exten
			return f
		}
	}
	if phone := t.phoneDialledBy(d.from); phone != nil {
		f.who, f.by = endpointOf(phone.name), phone
		return f
	}
	for _, exten := range slices.Backward(d.from.visited) {
		if isDigits(exten) && !strings.HasSuffix(exten, d.number) && !strings.HasSuffix(d.number, exten) {
			f.who = exten // the number the outside caller dialled
			return f
		}
	}
	f.rule = RuleNone
	return f
}

// originatedByPBX is for a leg no channel dialled: click to call and the like.
func (t *Tracker) originatedByPBX(leg *channel) finding {
	if m := leg.said(); m != nil {
		return finding{who: m.who, rule: RuleDialplan, mark: m}
	}
	if f, ok := t.transferredBy(leg); ok {
		return f
	}
	if phone := t.phoneDialledBy(leg); phone != nil {
		return finding{who: endpointOf(phone.name), rule: RuleOriginated, by: phone}
	}
	for _, peer := range leg.peers {
		if phone := t.phoneOf(peer, resolveDepth); phone != nil {
			return finding{who: endpointOf(phone.name), rule: RuleOriginated, by: phone}
		}
	}
	if leg.dialed != nil && t.looksInternal(leg.dialed.caller) {
		return finding{who: leg.dialed.caller, rule: RuleOriginated}
	}
	return finding{}
}

// transferredBy finds who transferred the outside party of a running call that
// was found after a gap: it had dialled that party.
func (t *Tracker) transferredBy(leg *channel) (finding, bool) {
	for i := range leg.marks {
		m := &leg.marks[i]
		if !leg.estimate || m.kind != markBlind {
			continue
		}
		if phone := t.phoneOf(m.by, resolveDepth); phone != nil {
			return finding{who: endpointOf(phone.name), rule: RuleBlind, by: phone}, true
		}
		if m.by == nil {
			return finding{who: m.who, rule: RuleBlind}, true
		}
	}
	return finding{}, false
}

// starter finds who started a call: the phone at its very beginning. A call
// that came from outside was started by nobody of ours.
func (t *Tracker) starter(d *dial, depth int) string {
	if d == nil || d.from == nil || depth == 0 {
		return ""
	}
	source := d.from
	if isLocal(source.name) {
		if half := source.mate; half.dialler() != nil {
			return t.starter(half.dialed, depth-1)
		}
		return ""
	}
	if source.dialler() != nil {
		return t.starter(source.dialed, depth-1)
	}
	if t.trunks.is(source.name) {
		return ""
	}
	return endpointOf(source.name)
}

// looksInternal reports whether a number can be an extension: short, and not
// with the 0 or the + of the public network.
func (t *Tracker) looksInternal(number string) bool {
	return len(number) >= 2 && len(number) <= t.config.ExtensionDigits && isDigits(number) && number[0] != '0'
}

// known returns the channel of an extension that is part of the call: the
// dialling phone, or one that was dialled.
func (ch *channel) known(extension string) *channel {
	if endpointOf(ch.name) == extension {
		return ch
	}
	for _, d := range slices.Backward(ch.dials) {
		if d.to != nil && endpointOf(d.to.name) == extension {
			return d.to
		}
	}
	if caller := ch.mate.dialler(); caller != nil && caller != ch {
		return caller.known(extension)
	}
	return nil
}
