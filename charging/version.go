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

// versionKept is how long an answer is good for others, unless this process changes
// something itself: a change that another one made is in force that much later.
const versionKept = 10 * time.Millisecond

// config is a configuration that changes.
type config interface {
	ConfigVersion(ctx context.Context) (int64, error)
	Changes() int64
}

// versions asks which version of the configuration is in force, for all who want
// to know. Who asks while a question is under way waits for the next one, because
// the answer to that one may be older than he is; all who wait share its answer,
// and so do those who come soon after it.
type versions struct {
	mu      sync.Mutex
	running bool
	next    *versionAnswer // that somebody waits for and that is not asked for yet; nil: nobody
	kept    *versionAnswer // that is good for others; nil: none
}

type versionAnswer struct {
	done    chan struct{} // closed when the rest is set
	version int64
	err     error
	changes int64 // that this process had made when it was asked for
	old     bool
}

// get returns the version, as it is read after get was called, or was a moment
// before. The context ends the waiting.
func (v *versions) get(ctx context.Context, of config) (int64, error) {
	v.mu.Lock()
	if v.kept != nil && v.kept.changes == of.Changes() {
		defer v.mu.Unlock()
		return v.kept.version, nil
	}
	if v.next == nil {
		v.next = &versionAnswer{done: make(chan struct{})}
	}
	a := v.next
	if !v.running {
		v.running = true
		go v.run(context.WithoutCancel(ctx), of)
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
func (v *versions) run(ctx context.Context, of config) {
	for {
		runtime.Gosched() // who is about to ask joins
		v.mu.Lock()
		a := v.next
		v.next, v.running = nil, a != nil
		v.mu.Unlock()
		if a == nil {
			return
		}
		v.ask(ctx, of, a)
	}
}

func (v *versions) ask(ctx context.Context, of config, a *versionAnswer) {
	a.changes = of.Changes()
	time.AfterFunc(versionKept, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if a.old = true; v.kept == a {
			v.kept = nil
		}
	})
	limited, cancel := context.WithTimeout(ctx, versionWait)
	defer cancel()
	a.version, a.err = of.ConfigVersion(limited)
	close(a.done)
	v.mu.Lock()
	defer v.mu.Unlock()
	if a.err == nil && !a.old {
		v.kept = a
	}
}
