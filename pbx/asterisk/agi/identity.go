package agi

import (
	"cmp"
	"fmt"
	"strings"

	"tollgate"
)

// separator stands between values that are fetched together. No number, name of
// a channel or user field has it.
const separator = "\x1f"

// identity asks, in one command, for what tells who sends the call out.
const identity = "${BLINDTRANSFER}" + separator + "${TRANSFERERNAME}" + separator + "${ATTENDEDTRANSFER}" + separator +
	"${FORWARDERNAME}" + separator + "${ORIGINATOR}" + separator +
	"${CDR(userfield)}" + separator + "${CHANNEL(userfield)}"

// attempt makes a question of what Asterisk says of the channel.
func (s *session) attempt(device *tollgate.Device) (tollgate.Attempt, error) {
	text, err := s.evaluate(identity)
	if err != nil {
		return tollgate.Attempt{}, fmt.Errorf("ask who calls: %w", err)
	}
	values := strings.Split(text, separator)
	if len(values) != strings.Count(identity, separator)+1 {
		return tollgate.Attempt{}, fmt.Errorf("ask who calls: %.200q is not what was asked", text)
	}
	return identify(s.env, device, values), nil
}

// identify finds out who calls and whose line sends the call out: the same rules
// as for finished calls (../DESIGN.md), as far as they can be seen before. Who
// transferred or forwarded the call comes before the phone itself.
func identify(env environment, device *tollgate.Device, values []string) tollgate.Attempt {
	channel := env["agi_channel"]
	a := tollgate.Attempt{Caller: known(env["agi_callerid"]), Private: values[5] == "private" || values[6] == "private"}
	outside := strings.HasPrefix(channel, "Local/") || isTrunk(channel, device.Asterisk.Trunks)
	sentOn := values[4]
	for _, name := range values[:4] {
		if name != "" && !isTrunk(name, device.Asterisk.Trunks) { // the network that transfers does not pay
			sentOn = endpoint(name)
			break
		}
	}
	if !outside {
		a.Extension = endpoint(channel)
	} else {
		// Only of a channel that is no phone: a phone could name anybody in a header.
		sentOn = cmp.Or(sentOn, known(env["agi_rdnis"]))
	}
	a.Originator = cmp.Or(sentOn, a.Extension)
	a.Extension = cmp.Or(a.Extension, a.Originator)
	if sentOn == "" && !outside {
		// Of a call that was sent on the channel's code belongs to somebody else.
		a.AccountCode = env["agi_accountcode"]
	}
	return a
}

// known is a number, empty if Asterisk says that it does not know it.
func known(number string) string {
	if number == "unknown" || number == "<unknown>" {
		return ""
	}
	return number
}

// endpoint is whose channel it is: 1001 of PJSIP/1001-0000002a, of SIP/1001-b and
// of Local/1001@phones-00000001;2.
func endpoint(channel string) string {
	_, resource, found := strings.Cut(channel, "/")
	if !found {
		return channel
	}
	if end := strings.LastIndexByte(resource, '-'); end > 0 {
		resource = resource[:end]
	}
	resource, _, _ = strings.Cut(resource, "@")
	resource, _, _ = strings.Cut(resource, "/")
	return resource
}

// isTrunk reports whether a channel is of one of the device's trunks.
func isTrunk(channel string, trunks []string) bool {
	for _, trunk := range trunks {
		rest, found := strings.CutPrefix(channel, trunk)
		if found && (rest == "" || rest[0] == '-' || rest[0] == '/') {
			return true
		}
	}
	return false
}
