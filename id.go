package tollgate

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// ID names one row of anything. IDs made by an IDSource grow with time; 0 means none.
// In JSON an ID is a string, because JavaScript cannot hold 63 bits.
type ID int64

// String prints the ID in decimal.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText makes an ID a string in JSON.
func (id ID) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(id), 10), nil }

// UnmarshalText reads a decimal ID. It refuses negative numbers.
func (id *ID) UnmarshalText(text []byte) error {
	v, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || v < 0 {
		return fmt.Errorf("id %q: want a decimal number", text)
	}
	*id = ID(v)
	return nil
}

// Time is when an IDSource made the ID, to the millisecond.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(id)>>(idNodeBits+idSequenceBits) + idEpochMillis).UTC()
}

// FirstID returns the lowest ID that an IDSource can make at t, a bound for
// searching rows by when they were made.
func FirstID(t time.Time) ID {
	return ID((t.UnixMilli() - idEpochMillis) << (idNodeBits + idSequenceBits))
}

const (
	idNodeBits     = 8
	idSequenceBits = 14
	idEpochMillis  = 1_577_836_800_000 // 2020-01-01T00:00:00Z
	// NodeMax is the highest node number an IDSource can carry.
	NodeMax = 1<<idNodeBits - 1
)

// IDSource makes IDs that are unique over nodes and never fall: 41 bits of
// milliseconds, 14 bits of sequence, 8 bits of node. When more than 16,384 are
// asked for in a millisecond, or the clock goes back, it runs ahead of the clock.
type IDSource struct {
	node int64
	now  func() time.Time
	last atomic.Int64 // milliseconds and sequence of the newest ID
}

// NewIDSource makes a source for one node, 0 to NodeMax.
func NewIDSource(node int, now func() time.Time) *IDSource {
	if node < 0 || node > NodeMax {
		panic(fmt.Sprintf("node %d: want 0 to %d", node, NodeMax))
	}
	return &IDSource{node: int64(node), now: now}
}

// Next returns a new ID. It is safe for concurrent use.
func (s *IDSource) Next() ID {
	floor := (s.now().UnixMilli() - idEpochMillis) << idSequenceBits
	for {
		last := s.last.Load()
		next := max(floor, last+1)
		if s.last.CompareAndSwap(last, next) {
			return ID(next<<idNodeBits | s.node)
		}
	}
}
