package frame

import (
	"net/http"
	"sync"

	"tollgate"
	"tollgate/access"
)

// followMax is how many pages that move one person may have open: each looks at
// the calls every second for as long as it is.
const followMax = 32

// followers counts the pages that move, by the name of who has them open.
type followers struct {
	mu sync.Mutex
	of map[string]int
}

// Follow is Allow for an answer that goes on: see Stream.
func (s *Site) Follow(needs access.Permission, next Handler) http.Handler {
	return s.Allow(needs, func(w http.ResponseWriter, r *http.Request, who access.Principal) error {
		if !s.followers.join(who.Name) {
			return tollgate.Errorf(tollgate.CodeUnavailable,
				"you have %d live pages open, more than that are not served: close some", followMax)
		}
		defer s.followers.leave(who.Name)
		return next(w, r, who)
	})
}

func (f *followers) join(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[name] == followMax {
		return false
	}
	if f.of == nil {
		f.of = make(map[string]int)
	}
	f.of[name]++
	return true
}

func (f *followers) leave(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[name]--; f.of[name] == 0 {
		delete(f.of, name)
	}
}
