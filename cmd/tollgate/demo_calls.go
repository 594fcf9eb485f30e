package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"tollgate"
)

// demoLine is one extension of the simulated PBX.
type demoLine struct{ extension, colleague string }

// demoPBX stands in for a telephone system: a Connector whose calls are made
// up, but priced, charged and stored like any other.
type demoPBX struct {
	device tollgate.ID
	trunk  string
	lines  []demoLine
	random *rand.Rand
	now    func() time.Time
	calls  int
	prefix string      // makes the unique ids of this run its own
	guest  tollgate.ID // who pays in advance

	mu     sync.Mutex
	onLine map[tollgate.CallID]context.CancelFunc // ends a call in progress
}

var _ tollgate.Connector = (*demoPBX)(nil)

// demoNumbers are called numbers as people dial them in Germany, with the
// digits that vary as x; the more common stand there more than once.
func demoNumbers() []string {
	return []string{
		"089xxxxxxx", "030xxxxxxx", "040xxxxxxx", "069xxxxxxx", "0221xxxxxx", "0711xxxxxx",
		"030xxxxxxx", "040xxxxxxx", "089xxxxxxx",
		"0151xxxxxxxx", "0160xxxxxxx", "0171xxxxxxx", "0176xxxxxxxx", "0171xxxxxxx",
		"0043512xxxxxx", "00436641xxxxxx", "0041442xxxxxx", "00417961xxxxx",
		"0033140xxxxxx", "0033612xxxxxx", "0044207946xxxx", "00447700900xxx",
		"0039025xxxxxx", "0034915xxxxxx", "0031205xxxxxx", "0048225xxxxxx",
		"0012125550xxx", "009714xxxxxxx", "0080012345678", "08001234567", "09001xxxxxx",
	}
}

// history makes calls that ended before now, the oldest first.
func (d *demoPBX) history(calls int, back time.Duration) []tollgate.Record {
	records := make([]tollgate.Record, calls)
	step := back / time.Duration(calls+1)
	for i := range records {
		records[i] = d.call(d.now().Add(-back + step*time.Duration(i+1)))
	}
	return records
}

// call makes one call that ended at the given instant.
func (d *demoPBX) call(end time.Time) tollgate.Record {
	d.calls++
	line := d.lines[d.random.IntN(len(d.lines))]
	talked := time.Duration(4+d.random.ExpFloat64()*140*1000) * time.Millisecond
	rang := time.Duration(1500+d.random.IntN(14000)) * time.Millisecond
	r := tollgate.Record{
		Call: tollgate.CallID{
			Device: d.device, UniqueID: fmt.Sprintf("%s.%d", d.prefix, d.calls),
		},
		Source: tollgate.SourceHTTP, Direction: tollgate.Outbound,
		Extension: line.extension, Originator: line.extension, Caller: line.extension,
		Dialed: d.number(), Trunk: d.trunk, End: end, Cause: 16,
	}
	r.Answer = end.Add(-talked)
	r.Start = r.Answer.Add(-rang)
	switch d.random.IntN(14) {
	case 0: // busy
		r.Answer, r.Start, r.Cause = time.Time{}, end.Add(-rang), 17
	case 1: // nobody answers
		r.Answer, r.Start, r.Cause = time.Time{}, end.Add(-25*time.Second), 19
	case 2: // a private call
		r.Dialed = "*7*" + r.Dialed
	case 3: // the line of a colleague was forwarded to the outside
		r.Extension = line.colleague
	}
	return r
}

// number picks what is dialled.
func (d *demoPBX) number() string {
	numbers := demoNumbers()
	digits := []byte(numbers[d.random.IntN(len(numbers))])
	for i := range digits {
		if digits[i] == 'x' {
			digits[i] = byte('0' + d.random.IntN(10))
		}
	}
	return string(digits)
}
