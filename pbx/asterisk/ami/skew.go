package ami

import "time"

// skewWindow is how long the quickest message of a time counts.
const skewWindow = time.Minute

// skew learns by how much the other side's clock differs from ours. A message
// that travelled makes theirs look behind, so the quickest one is nearest to the
// truth; that of an older window is forgotten, for clocks drift.
type skew struct {
	now, before time.Duration // the largest difference of this window and of the last
	began       time.Time
	known       bool
}

// note takes in when a message was sent, by their clock, and came, by ours.
func (s *skew) note(sent, came time.Time) {
	difference := sent.Sub(came)
	switch age := came.Sub(s.began); {
	case !s.known || age.Abs() > 2*skewWindow:
		s.now, s.before, s.began, s.known = difference, difference, came, true
	case age.Abs() > skewWindow:
		s.now, s.before, s.began = difference, s.now, came
	default:
		s.now = max(s.now, difference)
	}
}

func (s *skew) value() time.Duration { return max(s.now, s.before) }

// Skew is Asterisk's clock less ours, as far as its messages tell: too small by
// the time that the quickest of the last minutes travelled. It is 0 where
// messages carry no time.
func (c *Client) Skew() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew.value()
}
