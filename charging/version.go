package charging

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// versionWait bounds one question to the store: who joins one that hangs must not
// hang with it.
const versionWait = 10 * time.Second

// versions asks which version of the configuration is in force, for all who want
// to know. Who asks while a question is under way waits for the next one, because
// the answer to that one may be older than he is; all who wait share its answer.
type versions struct {
	mu      sync.Mutex
	running bool
	next    *versionAnswer // that somebody waits for and that is not asked for yet; nil: nobody
}

type versionAnswer struct {
	done    chan struct{} // closed when the rest is set
	version int64
	err     error
}

// get returns the version, as ask reads it after get was called. The context ends
// the waiting.
func (v *versions) get(ctx context.Context, ask func(context.Context) (int64, error)) (int64, error) {
	v.mu.Lock()
	if v.next == nil {
		v.next = &versionAnswer{done: make(chan struct{})}
	}
	a := v.next
	if !v.running {
		v.running = true
		go v.run(context.WithoutCancel(ctx), ask)
	}
	v.mu.Unlock()
	select {
	case <-a.done:
		return a.version, a.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// run asks as long as somebody waits.
func (v *versions) run(ctx context.Context, ask func(context.Context) (int64, error)) {
	for {
		runtime.Gosched() // who is about to ask joins
		v.mu.Lock()
		a := v.next
		v.next, v.running = nil, a != nil
		v.mu.Unlock()
		if a == nil {
			return
		}
		limited, cancel := context.WithTimeout(ctx, versionWait)
		a.version, a.err = ask(limited)
		cancel()
		close(a.done)
	}
}
