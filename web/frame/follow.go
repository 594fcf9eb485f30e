package frame

import (
	"context"
	"net/http"
	"sync"
	"time"

	"tollgate"
	"tollgate/access"
)

// followMax is how many pages that move one person may have open: each looks at
// the calls every second for as long as it is.
const followMax = 32

// followLook is how often it is looked whether somebody may still see a page.
const followLook = 3 * time.Second

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
		ctx, stop := context.WithCancel(r.Context())
		defer stop()
		go s.watch(ctx, stop, r, who)
		return next(w, r.WithContext(ctx), who)
	})
}

// watch ends an answer that goes on when whom it is for has logged out, or may no
// longer see it.
func (s *Site) watch(ctx context.Context, stop func(), r *http.Request, who access.Principal) {
	look := time.NewTicker(followLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		fresh, cancel := context.WithTimeout(context.Background(), followLook) // without the session as it was
		still, err := s.Access.Still(fresh, r, who)
		cancel()
		switch {
		case err != nil:
			s.Log.Warn("nobody knows whether a live page is still allowed", "who", who.Name, "error", err)
		case !still:
			stop()
		}
	}
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
