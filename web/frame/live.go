package frame

import (
	"sync"
	"time"

	"tollgate"
)

// liveFresh is for how long one look at the calls in progress serves all pages:
// less than the second at which they look, so that each look of one page is new.
const liveFresh = 900 * time.Millisecond

// switchboard is the calls in progress as all open pages share them: a look at
// a hundred thousand takes time, and it is the same for everybody.
type switchboard struct {
	mu    sync.Mutex
	taken time.Time
	all   []tollgate.LiveCall
	of    map[tollgate.ID][]tollgate.LiveCall // by enterprise; made when first asked for
	count map[tollgate.ID]int                 // by enterprise
}

// Calls lists the calls in progress of an enterprise, 0 for all, oldest first, as
// they were at most a second ago. The list is everybody's: it must not be changed.
func (s *Site) Calls(owner tollgate.ID) []tollgate.LiveCall {
	b := &s.board
	b.mu.Lock()
	defer b.mu.Unlock()
	s.look()
	if owner == 0 {
		return b.all
	}
	own, known := b.of[owner]
	if !known {
		own = make([]tollgate.LiveCall, 0, b.count[owner])
		for i := range b.all {
			if b.all[i].Enterprise == owner {
				own = append(own, b.all[i])
			}
		}
		b.of[owner] = own
	}
	return own
}

// CallCount is how many calls Calls lists.
func (s *Site) CallCount(owner tollgate.ID) int {
	b := &s.board
	b.mu.Lock()
	defer b.mu.Unlock()
	s.look()
	if owner == 0 {
		return len(b.all)
	}
	return b.count[owner]
}

// look takes a new look if the last is no longer fresh. The first who asks does
// the work, with the lock; others wait for it.
func (s *Site) look() {
	b, now := &s.board, s.Now()
	if age := now.Sub(b.taken); !b.taken.IsZero() && age >= 0 && age < liveFresh {
		return
	}
	b.all, b.taken = s.Live(0), now
	b.of, b.count = map[tollgate.ID][]tollgate.LiveCall{}, map[tollgate.ID]int{}
	for i := range b.all {
		b.count[b.all[i].Enterprise]++
	}
}

// Overtaken says that the calls have changed by what a page did: the next look
// is a new one.
func (s *Site) Overtaken() {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	s.board.taken = time.Time{}
}
