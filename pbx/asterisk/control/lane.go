package control

import (
	"context"
	"sync"
)

// lanePlaces is how many jobs may wait. Each leg has but a few, so that more are
// a sign that nothing moves any more; then calls are not extended, which ends them.
const lanePlaces = 100_000

// lane is a queue of jobs that several workers do at once: one that takes long
// does not hold up the others.
type lane struct {
	mu   sync.Mutex
	jobs []func(context.Context)
	more chan struct{} // holds one if jobs may be there
}

func newLane() *lane { return &lane{more: make(chan struct{}, 1)} }

// put adds a job, without waiting. It returns false if there are too many.
func (l *lane) put(job func(context.Context)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.jobs) >= lanePlaces {
		return false
	}
	l.jobs = append(l.jobs, job)
	l.signal()
	return true
}

func (l *lane) signal() {
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// take returns the oldest job, nil if there is none.
func (l *lane) take() func(context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.jobs) == 0 {
		return nil
	}
	job := l.jobs[0]
	l.jobs[0] = nil
	l.jobs = l.jobs[1:]
	if len(l.jobs) > 0 {
		l.signal()
	}
	return job
}

// work does jobs until ctx ends.
func (l *lane) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.more:
		}
		for job := l.take(); job != nil && ctx.Err() == nil; job = l.take() {
			job(ctx)
		}
	}
}
