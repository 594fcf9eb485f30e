package charging

import (
	"cmp"
	"slices"
	"sync"
	"time"
	"unique"

	"tollgate"
)

const (
	// overKept is for how long at least it is remembered that a call is over, so that
	// what comes twice or late is known.
	overKept = 2 * time.Minute
	// overMax is of how many calls at most, two minutes of four thousand a second: of
	// more, the older are forgotten sooner.
	overMax = 1_000_000
)

// switchboard is the calls in progress, by the name they were authorised under,
// and those that have just ended.
type switchboard struct {
	mu    sync.Mutex
	calls map[tollgate.CallID]*liveCall
	// over is what was decided of calls that ended, older of those before them:
	// under load there are a hundred for each in progress.
	over, older map[tollgate.CallID]unique.Handle[decision]
	age         time.Duration // of over
	overMax     int           // the constant; tests lower it
}

func newSwitchboard() *switchboard {
	s := &switchboard{calls: make(map[tollgate.CallID]*liveCall), overMax: overMax}
	s.forget()
	return s
}

// forget forgets the older calls that are over. Whoever calls it has the lock.
func (s *switchboard) forget() {
	s.older, s.over, s.age = s.over, make(map[tollgate.CallID]unique.Handle[decision]), 0
}

func (s *switchboard) find(id tollgate.CallID) *liveCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known(id)
}

// known is find for whoever has the lock. A call that is over is made anew, of
// what is remembered.
func (s *switchboard) known(id tollgate.CallID) *liveCall {
	if c := s.calls[id]; c != nil {
		return c
	}
	for _, some := range [...]map[tollgate.CallID]unique.Handle[decision]{s.over, s.older} {
		if made, ok := some[id]; ok {
			return ended(id, made.Value())
		}
	}
	return nil
}

// ended is a call that is over.
func ended(id tollgate.CallID, made decision) *liveCall {
	return &liveCall{over: true, state: keptCall{
		Attempt: tollgate.Attempt{Call: id}, Number: tollgate.Number{Private: made.Private},
		Payer: made.Payer, PaidBy: made.PaidBy, Purse: made.Purse, Quota: made.Quota, Tariff: made.Tariff,
		Verdict: made.Verdict,
	}}
}

// take finds a call or begins it, and takes its turn.
func (s *switchboard) take(id tollgate.CallID) *liveCall {
	for {
		c := s.open(id)
		c.turn.Lock()
		if now := s.find(id); now == c || now != nil && c.isOver() {
			return c
		}
		c.turn.Unlock() // while we waited it was forgotten: refused, or never answered
	}
}

func (s *switchboard) open(id tollgate.CallID) *liveCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.known(id)
	if c == nil {
		c = &liveCall{slice: sliceMin}
		s.calls[id] = c
	}
	return c
}

// retire remembers of a call that is over no more than what was decided, and that
// from now on: another line of the same authorisation may come late.
func (s *switchboard) retire(id tollgate.CallID, c *liveCall) {
	made := c.decision()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.calls[id]; now != nil && now != c {
		return // it was begun again
	}
	delete(s.calls, id)
	s.over[id] = unique.Make(made)
	if len(s.over) >= s.overMax/2 {
		s.forget()
	}
}

func (s *switchboard) put(id tollgate.CallID, c *liveCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[id] = c
}

// adopt puts a call that nobody knows of here.
func (s *switchboard) adopt(id tollgate.CallID, c *liveCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known(id) == nil {
		s.calls[id] = c
	}
}

func (s *switchboard) drop(id tollgate.CallID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, id)
}

// all lists the calls in no order.
func (s *switchboard) all() []*liveCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]*liveCall, 0, len(s.calls))
	for _, c := range s.calls {
		calls = append(calls, c)
	}
	return calls
}

// due lets time pass for every call and lists those of which nothing was heard
// for too long, oldest first.
func (s *switchboard) due(passed time.Duration) []*liveCall {
	s.mu.Lock()
	if s.age += passed; s.age >= overKept {
		s.forget()
	}
	s.mu.Unlock()
	var due []*liveCall
	for _, c := range s.all() {
		c.mu.Lock()
		if c.patience -= passed; c.patience <= 0 {
			due = append(due, c)
		}
		c.mu.Unlock()
	}
	slices.SortFunc(due, func(a, b *liveCall) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.state.Attempt.Call.UniqueID, b.state.Attempt.Call.UniqueID))
	})
	return due
}
