package control

import (
	"context"

	"tollgate"
)

// Cancel implements tollgate.Canceler: it ends the leg of a unique id, or the
// legs that go under an attempt.
func (c *Control) Cancel(ctx context.Context, call tollgate.CallID, cause tollgate.Cause) error {
	found, err := c.cancelled(call, cause)
	for _, f := range found {
		select {
		case <-f.ended:
		case <-f.failed:
			return tollgate.Errorf(tollgate.CodeUnavailable, "call %s could not be ended; it is tried on", call)
		case <-ctx.Done():
			return tollgate.Errorf(tollgate.CodeUnavailable, "call %s has not ended yet: %w", call, ctx.Err())
		}
	}
	return err
}

// outcome is how the end of a leg shows.
type outcome struct{ ended, failed <-chan struct{} }

// cancelled begins to end the legs of a call.
func (c *Control) cancelled(call tollgate.CallID, cause tollgate.Cause) ([]outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*live
	for _, l := range c.legs {
		own := call.UniqueID == l.leg.UniqueID && call.Leg == l.leg.Sequence
		if call.Device == c.config.Device && call.UniqueID != "" && (own || call.UniqueID == l.leg.Attempt) {
			found = append(found, l)
		}
	}
	switch {
	case len(found) == 0:
		return nil, tollgate.Errorf(tollgate.CodeNotFound, "call %s is not in progress", call)
	case c.actions == nil || c.closed:
		return nil, tollgate.Errorf(tollgate.CodeUnavailable, "call %s: its PBX is not connected", call)
	}
	var list []outcome
	for _, l := range found {
		list = append(list, outcome{ended: l.ended, failed: l.failed})
		c.tell(l, event{kind: eventCancel, cause: cause})
	}
	return list, nil
}
