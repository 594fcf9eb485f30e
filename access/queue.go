package access

import (
	"context"
	"fmt"

	"tollgate"
)

// How many hash in each queue, and how many more wait. A password takes
// argonMemoryKiB and up to argonLanes cores while it is hashed, so that two at
// once would hardly be sooner. A PIN is cheap, but the store counts the try.
const (
	passwordsAtOnceMax  = 1
	passwordsWaitingMax = 20 // two seconds on two cores
	pinsAtOnceMax       = 4
	pinsWaitingMax      = 100
)

// queues are where hashing waits its turn. Each kind has its own, so that
// nobody's calls wait for logins.
type queues struct {
	logins  *queue // of people, from where they were never let in
	docking *queue // of devices, likewise
	trusted *queue // of whoever was let in before, and of new passwords
	pins    *queue // of cards
}

func newQueues() queues {
	return queues{
		logins:  newQueue(passwordsAtOnceMax, passwordsWaitingMax),
		docking: newQueue(passwordsAtOnceMax, passwordsWaitingMax),
		trusted: newQueue(passwordsAtOnceMax, passwordsWaitingMax),
		pins:    newQueue(pinsAtOnceMax, pinsWaitingMax),
	}
}

// queue lets a few in at once, and as few wait that none waits for long.
type queue struct {
	places  chan struct{}
	present chan struct{} // in a place or waiting for one
}

func newQueue(atOnce, waiting int) *queue {
	return &queue{places: make(chan struct{}, atOnce), present: make(chan struct{}, atOnce+waiting)}
}

// enter waits for a place to hash in. It returns CodeUnavailable at once when
// too many wait already.
func (q *queue) enter(ctx context.Context) (leave func(), err error) {
	select {
	case q.present <- struct{}{}:
	default:
		return nil, tollgate.Errorf(tollgate.CodeUnavailable, "too many passwords are being checked: try again")
	}
	select {
	case q.places <- struct{}{}:
		return func() { <-q.places; <-q.present }, nil
	case <-ctx.Done():
		<-q.present
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
}
