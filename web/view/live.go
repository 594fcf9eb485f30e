package view

import (
	"time"

	"tollgate"
)

// ampleTime is talk time that nobody counts down.
const ampleTime = 12 * time.Hour

// TalkEnds returns how much a call can talk in all until the money ends, and
// false where none limits it.
func TalkEnds(c *tollgate.LiveCall) (time.Duration, bool) {
	switch {
	case c.Unlimited, c.Affords == 0 && !c.Final:
		return 0, false
	case c.Final:
		return c.Granted, true
	}
	return c.Affords, true
}

// TalkLeft says for how long the money of a call lasts yet; empty where none
// limits it. Ample says that it is too long to be counted down.
func TalkLeft(c *tollgate.LiveCall, now time.Time) (text string, ample bool) {
	end, limited := TalkEnds(c)
	if !limited {
		return "", false
	}
	if !c.Answered.IsZero() {
		end -= now.Sub(c.Answered)
	}
	if end > ampleTime {
		return "over 12 h", true
	}
	return Clock(max(end, 0)), false
}
