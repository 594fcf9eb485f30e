package access

import (
	"strconv"
	"sync"

	"tollgate"
)

// Turnstile lets few at once do what takes much memory, and fewer of them for one and the
// same, so that nobody is kept out by one who takes his time.
type Turnstile struct {
	most, each int

	mu     sync.Mutex
	inside map[string]int
	count  int
}

// NewTurnstile lets so many in at once, and so many of each.
func NewTurnstile(most, each int) *Turnstile {
	return &Turnstile{most: most, each: each, inside: make(map[string]int)}
}

// Key names a principal to a turnstile: a person or a program, and of whom.
func (p Principal) Key() string { return strconv.Quote(p.Name) + " of " + p.Enterprise.String() }

// Enter lets somebody in, until leave is called. The error has CodeUnavailable: too many
// are inside.
func (t *Turnstile) Enter(who string) (leave func(), err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count >= t.most || t.inside[who] >= t.each {
		return nil, tollgate.Errorf(tollgate.CodeUnavailable,
			"%d large bodies are being taken, %d of them from %.80s: try again", t.count, t.inside[who], who)
	}
	t.count++
	t.inside[who]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.count--
		if t.inside[who]--; t.inside[who] == 0 {
			delete(t.inside, who)
		}
	}, nil
}
