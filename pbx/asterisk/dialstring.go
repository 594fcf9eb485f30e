package asterisk

import (
	"slices"
	"strings"
)

// A channel is named TECHNOLOGY/RESOURCE-SUFFIX, the suffix being unique while
// Asterisk runs: PJSIP/1001-0000005d, DAHDI/i1/0123456-1a, IAX2/peer-1234,
// Local/1001@from-internal-0000000b;1. While one is replaced by another it is
// called NAME<ZOMBIE>; such a name still means the same line.

const zombie = "<ZOMBIE>"

// splitName returns the technology and the resource of a channel name.
func splitName(name string) (tech, resource string) {
	name = strings.TrimSuffix(name, zombie)
	tech, resource, _ = strings.Cut(name, "/")
	if tech == "Local" {
		resource, _, _ = strings.Cut(resource, ";")
	}
	if cut := strings.LastIndexByte(resource, '-'); cut >= 0 && isHex(resource[cut+1:]) {
		resource = resource[:cut]
	}
	return tech, resource
}

// endpointOf returns the endpoint a channel belongs to: the extension, for a phone.
func endpointOf(name string) string {
	_, resource := splitName(name)
	endpoint, _, _ := strings.Cut(resource, "/")
	return endpoint
}

// isLocal reports whether a channel only joins two parts of the dialplan.
func isLocal(name string) bool { return strings.HasPrefix(name, "Local/") }

// mateOf returns the name of the other half of a Local channel, empty if it is none.
func mateOf(name string) string {
	base, half, found := strings.Cut(name, ";")
	switch {
	case !found || !isLocal(name):
		return ""
	case half == "1":
		return base + ";2"
	case half == "2":
		return base + ";1"
	}
	return ""
}

// isPlumbing reports whether a technology stands for no line or phone at all.
func isPlumbing(tech string) bool {
	return slices.Contains([]string{
		"Local", "AsyncGoto", "Surrogate", "Parked", "Agent", "Message", "Recorder", "Announcer",
		"CBAnn", "CBRec", "UnicastRTP", "MulticastRTP", "AudioSocket", "WebSocket", "Snoop", "Bridge", "OutgoingSpoolFailed",
	}, tech)
}

// dialTarget is what one destination of a Dial names.
type dialTarget struct {
	Resource string // the endpoint, span or group
	Number   string // what is dialled there, empty if only the resource is named
}

// parseDialString reads a destination as Dial takes it, without its technology:
//
//	PJSIP   number@endpoint, endpoint/sip:number@host, endpoint
//	SIP     number@peer, peer/number, peer
//	IAX2    user:secret@peer/number@context, peer/number
//	DAHDI   g1/number, i1/number, 1/number
//	Local   number@context/options
//
// Queue writes the technology before it; it is taken off.
func parseDialString(tech, text string) dialTarget {
	text = strings.TrimPrefix(text, tech+"/")
	if tech == "Local" {
		text, _, _ = strings.Cut(text, "/")
		number, context, _ := strings.Cut(text, "@")
		return dialTarget{Resource: context, Number: number}
	}
	if head, tail, found := strings.Cut(text, "/"); found {
		if tech == "IAX2" {
			if _, host, credentials := strings.Cut(head, "@"); credentials {
				head = host
			}
		}
		return dialTarget{Resource: head, Number: userPart(tail)}
	}
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		host, _, _ := strings.Cut(text[at+1:], ":")
		return dialTarget{Resource: host, Number: userPart(text[:at])}
	}
	return dialTarget{Resource: text}
}

// userPart takes scheme, host and parameters off a number.
func userPart(text string) string {
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		text = strings.TrimPrefix(text, scheme)
	}
	text, _, _ = strings.Cut(text, "@")
	text, _, _ = strings.Cut(text, ";")
	text, _, _ = strings.Cut(text, "!") // SIP/peer/number!from!to
	return text
}

// trunks knows which channels are lines into the public network.
type trunks struct {
	prefixes []string        // as configured; empty: whatever a number is dialled at
	learned  map[string]bool // TECHNOLOGY/endpoint of what was dialled as one
}

const learnedTrunksMax = 1_000

func newTrunks(prefixes []string) trunks {
	t := trunks{learned: map[string]bool{}}
	for _, p := range prefixes {
		if p = strings.TrimRight(strings.TrimSpace(p), "-/"); p != "" {
			t.prefixes = append(t.prefixes, p)
		}
	}
	return t
}

// dialled returns the name of the trunk a leg was dialled on, empty if it is
// none: the endpoint of the configured prefix which the channel name or the
// dial string fits. Without prefixes a dial string that names a number at
// something counts as a trunk.
func (t *trunks) dialled(channel, text string) string {
	tech, resource := splitName(channel)
	if isPlumbing(tech) {
		return ""
	}
	target := parseDialString(tech, text)
	if len(t.prefixes) > 0 {
		if trunk := t.configured(tech + "/" + resource); trunk != "" {
			return trunk
		}
		trunk := t.configured(tech + "/" + target.Resource)
		if trunk != "" {
			t.learn(channel) // a group was named: DAHDI/g1 rings out on DAHDI/i1
		}
		return trunk
	}
	if !isDialable(target.Number) || target.Number == target.Resource {
		return ""
	}
	t.learn(channel)
	if isGroup(target.Resource) {
		return target.Resource
	}
	return endpointOf(channel)
}

func (t *trunks) learn(channel string) {
	if tech, _ := splitName(channel); len(t.learned) < learnedTrunksMax {
		t.learned[tech+"/"+endpointOf(channel)] = true
	}
}

// configured matches whole path elements: PJSIP/provider is not PJSIP/provider2.
func (t *trunks) configured(name string) string {
	for _, prefix := range t.prefixes {
		rest, found := strings.CutPrefix(name, prefix)
		if !found || rest != "" && rest[0] != '/' {
			continue
		}
		_, trunk, _ := strings.Cut(prefix, "/")
		if trunk == "" {
			trunk, _, _ = strings.Cut(strings.TrimPrefix(rest, "/"), "/")
		}
		return trunk
	}
	return ""
}

// is reports whether a channel, whoever dialled it, belongs to a trunk.
func (t *trunks) is(channel string) bool {
	tech, resource := splitName(channel)
	return t.configured(tech+"/"+resource) != "" || t.learned[tech+"/"+endpointOf(channel)]
}

// isGroup reports whether a DAHDI resource names a group of lines: g1, G1, r1, R1.
func isGroup(resource string) bool {
	return len(resource) > 1 && strings.ContainsRune("gGrR", rune(resource[0])) && isDigits(resource[1:])
}

// isDialable reports whether a text is something a carrier could be sent.
func isDialable(s string) bool {
	for i, r := range s {
		if (r < '0' || r > '9') && r != '*' && r != '#' && (r != '+' || i > 0) {
			return false
		}
	}
	return s != ""
}

func isDigits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}

func isHex(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F') {
			return false
		}
	}
	return s != ""
}

// name is the trunk's name for a channel that nobody is known to have dialled.
func (t *trunks) name(channel string) string {
	tech, resource := splitName(channel)
	if trunk := t.configured(tech + "/" + resource); trunk != "" {
		return trunk
	}
	return endpointOf(channel)
}
