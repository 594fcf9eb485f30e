package asterisk

import (
	"slices"
	"strings"
)

// Which account code a leg carries. A called channel takes over the code of
// the channel that calls it, so the code on a channel says who pays only if
//
//   - the dialplan set it for this very call, after whatever sent the call
//     elsewhere: it differs from what the channel had or took over before; or
//   - it is the originator's own: what its endpoint had when the channel began.
//
// The codes on the trunk channel, and on a caller who was forwarded or
// transferred, belong to somebody else.

// accountCode finds the code of the originating side.
func (t *Tracker) accountCode(leg *channel, f finding) string {
	for i, d := range f.path {
		if d.from == nil || d.code == "" {
			continue
		}
		before := d.codesBefore()
		if i+1 < len(f.path) {
			before = append(before, f.path[i+1].code)
		} else if f.mark != nil && f.mark.kind != markOriginator {
			before = append(before, f.mark.code)
		}
		if !slices.Contains(before, d.code) {
			return d.code
		}
	}
	if leg.dialler() == nil && leg.dialed != nil {
		if leg.dialed.toCode != leg.account {
			return leg.dialed.toCode // given with the order to dial
		}
		return ""
	}
	if f.by == nil {
		return ""
	}
	if len(f.path) > 0 && f.path[len(f.path)-1].from == f.by && f.by.dialler() == nil {
		return f.path[len(f.path)-1].code
	}
	return f.by.ownCode()
}

// codesBefore are the account codes the dialling channel had without anybody
// setting one for this call.
func (d *dial) codesBefore() []string {
	source := d.from
	codes := []string{source.account}
	for _, half := range []*channel{source, source.mate} {
		if half.dialler() != nil {
			codes = append(codes, half.dialed.toCode, half.dialed.code)
		}
	}
	if source.mate != nil {
		codes = append(codes, source.mate.current)
	}
	return codes
}

// ownCode is the code of a phone's own endpoint, or the one set on its channel.
func (ch *channel) ownCode() string {
	if ch.dialler() == nil {
		return ch.current
	}
	if ch.current != ch.dialed.toCode && ch.current != "" {
		return ch.current
	}
	return ch.account
}

// private reports whether a call was marked private on its way out.
func (t *Tracker) private(f finding) bool {
	return slices.ContainsFunc(f.path, func(d *dial) bool {
		if d.from == nil {
			return false
		}
		entry := d.from.exten
		for _, m := range d.from.marks {
			if m.kind == markBlind && d.caused(m.at) {
				entry = m.exten
			}
		}
		return d.from.private || t.hasPrivateCode(entry) ||
			slices.ContainsFunc(d.from.visited, t.hasPrivateCode) && entry == d.from.exten
	})
}

func (t *Tracker) hasPrivateCode(dialled string) bool {
	return slices.ContainsFunc(t.config.PrivateCodes, func(code string) bool {
		return code != "" && len(dialled) > len(code) && strings.HasPrefix(dialled, code)
	})
}
