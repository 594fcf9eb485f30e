package charging

import (
	"encoding/json"
	"sync"
	"time"

	"tollgate"
	"tollgate/store"
)

// How long a reservation waits for word of its call before it is released.
const (
	silenceMax = time.Hour       // after the talk time held has ended: answer and record may come late
	unheardMax = 5 * time.Minute // the same for one of which nobody said that it is dialled: most were given up
	freeMax    = 26 * time.Hour  // for calls that nothing limits: nobody renews them
	lateKept   = 24 * time.Hour  // a call that was given up is remembered: its record may yet come
)

// liveCall is a call in progress. What is kept of it with its reservation is
// everything that a restart must not lose.
type liveCall struct {
	turn sync.Mutex // held by whoever asks the ledger about the call

	mu    sync.Mutex // guards what follows; never held while the ledger works
	state keptCall
	// enterprise and id name its reservation, 0: it has none, or none any more.
	enterprise, id tollgate.ID
	patience       time.Duration // for how long yet nothing need be heard of it
	slice          time.Duration
	left           int64         // room beyond what is held, when last asked
	affords        time.Duration // of talk, all in all, that the money lasts for; 0: without end
	warned         bool          // the caller was told that the credit is nearly used
	over           bool          // it does not go on
	advice         *tollgate.AOC
	cancellable    bool
}

// keptCall is what is kept of a call with its reservation.
type keptCall struct {
	Attempt   tollgate.Attempt   `json:"attempt"`
	Number    tollgate.Number    `json:"number"`
	Payer     tollgate.ID        `json:"payer"`
	PaidBy    tollgate.PayerRule `json:"paid_by"`
	Purse     tollgate.ID        `json:"purse"` // whose money pays; 0: nobody's, or it was kept before this was
	Quota     tollgate.ID        `json:"quota"` // whose use grows; 0: nobody's
	Verdict   verdict            `json:"verdict"`
	Tariff    tollgate.ID        `json:"tariff"` // that prices the customer's side; 0: none
	Currency  tollgate.Currency  `json:"currency"`
	Chain     []tollgate.ID      `json:"chain"`            // accounts that hold money for it
	Watched   bool               `json:"watched,omitzero"` // somebody asks for it once it is dialled
	Heard     bool               `json:"heard,omitzero"`   // somebody did
	Answered  time.Time          `json:"answered,omitzero"`
	Granted   time.Duration      `json:"granted"`
	Held      int64              `json:"held"`
	Unlimited bool               `json:"unlimited"`
	Final     bool               `json:"final"`
}

// reload makes the call of a reservation that was found in the store, with
// what can be read of it.
func reload(r *store.Reservation) (*liveCall, error) {
	c := &liveCall{enterprise: r.Enterprise, id: r.ID, slice: sliceMin}
	err := json.Unmarshal(r.Detail, &c.state)
	c.state.Held = r.Amount
	c.patience, c.affords = c.state.lasts(0), c.state.Granted
	return c, err
}

// decision is what was decided when the call was authorised.
func (c *liveCall) decision() decision {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.state
	return decision{
		Payer: s.Payer, PaidBy: s.PaidBy, Purse: s.Purse, Quota: s.Quota, Tariff: s.Tariff,
		Private: s.Number.Private, Verdict: s.Verdict,
	}
}

// reservation is the id of the money held for it, 0 if there is none.
func (c *liveCall) reservation() tollgate.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// hear notes that somebody asked for the call after it was authorised, and
// reports whether that is to be kept yet.
func (c *liveCall) hear(used time.Duration) (news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	news = !c.state.Heard
	c.state.Heard = true
	c.patience = c.state.lasts(used)
	return news
}

// talks notes that a call was answered by then, if it has talked and nobody said
// when it was answered, or that was forgotten in a restart. Otherwise each renewal
// would price it as if it were answered now, in a cheaper hour than it was.
func (c *liveCall) talks(since time.Time, used time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if used > 0 && c.state.Answered.IsZero() {
		c.state.Answered = micros(since)
	}
}

// remember keeps a call that was given up, so that its record is settled as was
// decided.
func (c *liveCall) remember() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.patience = lateKept
}

// waits is for how long yet nothing need be heard of the call.
func (c *liveCall) waits() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.patience
}

// snapshot returns what is kept of the call, to work on.
func (c *liveCall) snapshot() keptCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *liveCall) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// holds notes what is held for the call now. It reports false if the call has
// ended meanwhile, which wants nothing held.
func (c *liveCall) holds(id tollgate.ID, next keptCall, patience time.Duration, left int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false
	}
	next.Answered = c.state.Answered // it may have come meanwhile
	c.state, c.id, c.patience, c.left = next, id, patience, left
	return true
}

// isOf reports whether the call goes on and is of an enterprise, 0 for any.
func (c *liveCall) isOf(owner tollgate.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.over && c.id != 0 && (owner == 0 || c.enterprise == owner)
}

// end notes that the call is over, or that its money was given back and it may
// yet go on. It returns the reservation that it had.
func (c *liveCall) end(over bool) (had tollgate.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	had = c.id
	c.id, c.state.Held, c.state.Granted, c.state.Final = 0, 0, 0, false
	c.over = c.over || over
	return had
}

// lasts is for how long nothing need be heard of a call after so much talk:
// its end and even its answer may be told late.
func (c *keptCall) lasts(used time.Duration) time.Duration {
	switch {
	case !c.Heard && c.Answered.IsZero() && (c.Watched || !c.Unlimited):
		return c.Granted + unheardMax
	case c.Unlimited:
		return freeMax
	default:
		return max(0, c.Granted-used) + silenceMax
	}
}

// show is the call as people see it.
func (c *liveCall) show(d *directory, now time.Time) tollgate.LiveCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.state
	l := tollgate.LiveCall{
		Enterprise: c.enterprise, ID: c.id, Call: s.Attempt.Call, Extension: s.Attempt.Extension,
		Originator: s.Attempt.Originator, Caller: s.Attempt.Caller, Number: s.Number, Trunk: s.Attempt.Trunk,
		Payer: s.Payer, PaidBy: s.PaidBy, Tariff: s.Tariff, Rule: s.Verdict.Rule,
		Started: s.Attempt.At, Answered: s.Answered, Granted: s.Granted, Affords: c.affords,
		Unlimited: s.Unlimited, Final: s.Final,
		Currency: s.Currency, Reserved: s.Held, Left: c.left, Advice: c.advice, Cancellable: c.cancellable,
	}
	if s.Tariff != 0 && !s.Answered.IsZero() && now.After(s.Answered) {
		if micro, reason := d.meter(s.Tariff, s.Number, s.Answered).cost(now.Sub(s.Answered)); reason == "" {
			l.Price = micro
			l.Left += max(0, s.Held-micro) // held, and not talked yet
		}
	}
	return l
}
