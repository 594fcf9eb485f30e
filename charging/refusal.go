package charging

import (
	"strings"
	"sync"
	"time"

	"tollgate"
)

// refusalsMax is how many refusals are remembered. They are for whoever wonders
// why a telephone does not get through today; the log has all of them.
const refusalsMax = 1000

// Refusal is a call that was asked for and not allowed.
type Refusal struct {
	At         time.Time
	Call       tollgate.CallID
	Enterprise tollgate.ID // whose account would have paid, else whose the device is; 0: the house's
	Account    tollgate.ID // that would have paid; 0: none was found
	Extension  string      // who started the call
	Originator string      // whose line would have put it into the public network
	Caller     string
	Number     tollgate.Number // to be shown masked when private: see Number.Masked
	Code       tollgate.ErrorCode
	Reason     string
}

// refusals remembers the last of them in a ring.
type refusals struct {
	mu   sync.Mutex
	ring []Refusal
	next int // the oldest, once the ring is full
}

func (l *refusals) note(r Refusal) {
	for _, text := range []*string{
		&r.Call.UniqueID, &r.Extension, &r.Originator, &r.Caller, &r.Number.Raw, &r.Number.E164, &r.Number.Project,
		&r.Reason,
	} {
		*text = strings.ToValidUTF8(strings.Clone((*text)[:min(len(*text), fieldBytesMax)]), "\uFFFD")
	}
	r.Number.Dialed = ""
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < refusalsMax {
		l.ring = append(l.ring, r)
		return
	}
	l.ring[l.next] = r
	l.next = (l.next + 1) % refusalsMax
}

// Refusals lists the calls of an enterprise, 0 for all, that were not allowed, the
// newest first: of the last 1,000 since this process began.
func (f *Office) Refusals(owner tollgate.ID) []Refusal {
	l := &f.refusals
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []Refusal{}
	for i := len(l.ring) - 1; i >= 0; i-- {
		if r := l.ring[(l.next+i)%len(l.ring)]; owner == 0 || r.Enterprise == owner {
			list = append(list, r)
		}
	}
	return list
}
