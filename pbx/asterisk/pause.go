package asterisk

import (
	"context"
	"math/rand/v2"
	"time"
)

// pause is how long to wait before trying again: twice as long each time, up to
// a bound, and never at the same instant as others that failed with us.
type pause struct {
	low, high time.Duration
	last      time.Duration
}

func (p *pause) reset() { p.last = 0 }

// next returns the length of the next pause: between half and all of the bound
// that doubles from low to high.
func (p *pause) next() time.Duration {
	p.last = min(max(2*p.last, p.low), p.high)
	return p.last/2 + rand.N(p.last/2+1)
}

// wait pauses. It returns an error if ctx ends first.
func (p *pause) wait(ctx context.Context) error {
	timer := time.NewTimer(p.next())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
