// Package ami speaks the Asterisk Manager Interface: messages of header lines,
// read within limits whatever arrives, and a client that logs in with a
// challenge, sends actions and hands out events. It knows nothing of calls.
//
// https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
package ami

import (
	"strings"
	"time"
)

// Field is one header line of a message.
type Field struct {
	Key   string
	Value string
}

// Header returns a header line to send with an action.
func Header(key, value string) Field { return Field{Key: key, Value: value} }

// Message is one message of the manager interface: an event or the answer to
// an action. Keys may repeat and keep their order.
type Message struct {
	Fields []Field
	At     time.Time // when it arrived; Time prefers the message's own time
}

// Get returns the first value of a key, empty when there is none. Asterisk's
// "<unknown>" stands for no value and is returned as empty.
func (m *Message) Get(key string) string {
	for i := range m.Fields {
		if m.Fields[i].Key == key {
			if v := m.Fields[i].Value; v != "<unknown>" {
				return v
			}
			return ""
		}
	}
	return ""
}

// All returns every value of a key in order.
func (m *Message) All(key string) []string {
	var values []string
	for _, f := range m.Fields {
		if f.Key == key {
			values = append(values, f.Value)
		}
	}
	return values
}

// Event returns the name of the event, empty for the answer to an action.
func (m *Message) Event() string {
	if len(m.Fields) > 0 && m.Fields[0].Key == "Event" {
		return m.Fields[0].Value
	}
	return ""
}

// Time is when the event happened: its Timestamp header, which
// "timestampevents = yes" in manager.conf adds, else when it arrived.
func (m *Message) Time() time.Time {
	if t, ok := ParseEpoch(m.Get("Timestamp")); ok {
		return t
	}
	return m.At
}

const epochSecondsMax = 1 << 40 // far beyond any calendar, still far from overflow in microseconds

// ParseEpoch reads seconds since 1970 with up to six decimals, as Asterisk
// writes them. It does so without floating point, which would lose microseconds.
func ParseEpoch(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 13 || len(fraction) > 9 {
		return time.Time{}, false
	}
	var seconds, micros int64
	for _, r := range []byte(whole) {
		if r < '0' || r > '9' {
			return time.Time{}, false
		}
		seconds = seconds*10 + int64(r-'0')
	}
	unit := int64(100_000)
	for _, r := range []byte(fraction) {
		if r < '0' || r > '9' {
			return time.Time{}, false
		}
		micros += int64(r-'0') * unit
		unit /= 10
	}
	if seconds == 0 || seconds > epochSecondsMax {
		return time.Time{}, false
	}
	return time.UnixMicro(seconds*1_000_000 + micros).UTC(), true
}
