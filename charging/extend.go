package charging

import (
	"context"
	"errors"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// asksMax is how often the ledger is asked for one slice: others spend what it
// said was left.
const asksMax = 5

// extend gives a call its next slice of talk time, or what is left. Whoever
// calls it has the call's turn. Asked is the call as it is authorised, nil: more is
// asked for. What is held for it changes in one commit, or not at all. CodeConflict
// says that its name is that of another call.
func (f *Office) extend(
	ctx context.Context, d *directory, c *liveCall, asked *keptCall, used time.Duration,
) (tollgate.Grant, error) {
	for range asksMax {
		next, err := c.snapshot(), error(nil)
		if asked != nil {
			if next, err = c.asked(asked); err != nil {
				return tollgate.Grant{}, err
			}
		}
		g, err := f.extendTo(ctx, d, c, next, used)
		if tollgate.CodeOf(err) != tollgate.CodeConflict || errors.Is(err, ledger.ErrSettled) {
			return g, err
		}
		if err := f.found(ctx, c); err != nil {
			return tollgate.Grant{}, err
		}
	}
	return tollgate.Grant{}, tooQuick()
}

func tooQuick() error {
	return tollgate.Errorf(tollgate.CodeUnavailable, "the credit changes too quickly: ask again")
}

// extendTo is extend for a call as it is known to be; CodeConflict says that its
// reservation is another one.
func (f *Office) extendTo(
	ctx context.Context, d *directory, c *liveCall, next keptCall, used time.Duration,
) (tollgate.Grant, error) {
	now := f.now()
	limits := d.review(&next)
	m := d.meterOf(&next, now)
	switch frozen := d.frozen(d.accounts[next.Payer]); {
	case frozen != "":
		return f.ends(ctx, c, next, m, used, tollgate.Errorf(tollgate.CodeFrozen, "account %q is frozen", frozen))
	case limits != nil:
		return f.ends(ctx, c, next, m, used, limits)
	case next.Unlimited:
		return f.extendFree(ctx, c, next)
	}
	if err := f.freshen(ctx, d, next.Chain, now); err != nil {
		return tollgate.Grant{}, err
	}
	lasts := c.lasting(m, used)
	slice := nextSlice(c.slice, lasts)
	if next.Answered.IsZero() {
		slice = sliceMin // asked twice the answer is the same
	}
	wanted, most := used+slice, used+affordsMax
	for range asksMax {
		cost, reason := m.cost(wanted)
		if reason != "" {
			return f.ends(ctx, c, next, m, used, tollgate.Errorf(tollgate.CodeForbidden,
				"tariff %s and %s: %s, so nobody knows what the call costs",
				d.tariffName(next.Tariff), next.Number.E164, reason))
		}
		ask := next
		ask.Held = max(cost, next.Held)
		ask.Granted = max(m.affordable(ask.Held, most), 0)
		ask.Final = false
		held, err := f.hold(ctx, c, ask, used)
		if err != nil {
			return tollgate.Grant{}, err
		}
		if !held.Refused {
			c.slice = slice
			return f.granted(d, c, m, used, held), nil
		}
		least := wanted
		wanted = m.affordable(next.Held+held.Room, wanted)
		if left, _ := m.cost(wanted); wanted <= used || wanted >= least || left <= next.Held {
			return f.ends(ctx, c, next, m, used, d.short(next.Payer, held.Short,
				tollgate.Money{Micro: held.Room, Currency: next.Currency}))
		}
	}
	return tollgate.Grant{}, tooQuick()
}

// lasting is for how long the money would last, as far as was known when the
// ledger was last asked.
func (c *liveCall) lasting(m *meter, used time.Duration) time.Duration {
	if c.left <= 0 {
		return 0
	}
	return max(0, m.affordable(c.snapshot().Held+c.left, used+affordsMax)-used)
}

// granted is the answer when money could be held.
func (f *Office) granted(
	d *directory, c *liveCall, m *meter, used time.Duration, held ledger.Held,
) tollgate.Grant {
	s := c.snapshot()
	g := tollgate.Grant{
		Call: s.Attempt.Call, Allowed: true, For: s.Granted, Then: orHangup(s.Verdict.Exhausted, causeCleared),
		Left: tollgate.Money{Micro: held.Room, Currency: s.Currency},
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.endless(&s) {
		g.Unlimited, g.Affords, c.affords = true, affordsMax, 0
		return g
	}
	g.Affords = m.affordable(s.Held+held.Room, used+affordsMax)
	if g.Final = g.Affords <= g.For; g.Final {
		g.RenewAt = lastAskAt(g.For, used)
	} else {
		g.RenewAt = renewAt(g.For, c.slice)
	}
	c.state.Final, c.affords = g.Final, g.Affords
	g.Warn = f.warn(d, c, &s, m, held, used)
	return g
}

// warn reports whether the caller is to be told now that the credit is nearly
// used, and tells those who watch over the account. What others of the chain have
// left is not known, only that it is no less.
func (f *Office) warn(
	d *directory, c *liveCall, s *keptCall, m *meter, held ledger.Held, used time.Duration,
) bool {
	low := false
	for _, id := range s.Chain {
		a := d.accounts[id]
		if a == nil || a.LowCredit == 0 {
			continue
		}
		talked, _ := m.cost(used)
		left := held.Room + max(0, s.Held-talked) // what is held and not talked yet with it
		if id != held.Short && left < a.LowCredit {
			continue
		}
		isLow := left < a.LowCredit
		if low = low || isLow; f.bell.lowCredit(id, isLow) {
			f.Raise(tollgate.Alert{
				Enterprise: a.Enterprise, Kind: tollgate.AlertLowCredit, Account: id, Call: s.Attempt.Call,
				Text: a.Name + " has " + tollgate.Money{Micro: left, Currency: s.Currency}.String() + " left",
			})
		}
	}
	if !low || c.warned || s.Answered.IsZero() { // while it rings nobody would hear it
		return false
	}
	c.warned = true
	return true
}

// ends is the answer when no more can be held: refused before the call, what
// was held already in it, or nothing at all where the rule only wants an alert.
func (f *Office) ends(
	ctx context.Context, c *liveCall, s keptCall, m *meter, used time.Duration, why error,
) (tollgate.Grant, error) {
	then, usual := s.Verdict.NoCredit, causeRejected
	if s.Granted > 0 || used > 0 {
		then, usual = s.Verdict.Exhausted, causeCleared
	}
	if then = unlessAlert(then, tollgate.CodeOf(why)); then.Kind == tollgate.ActionAlert {
		f.Raise(tollgate.Alert{
			Enterprise: c.enterprise, Kind: tollgate.AlertNoCredit, Account: s.Payer, Call: s.Attempt.Call,
			Text: "a call goes on without credit, as its rule says: " + why.Error(),
		})
		s.Unlimited = true
		return f.extendFree(ctx, c, s)
	}
	if s.Granted == 0 { // of a call that nothing limited before, too
		return refused(s.Attempt.Call, orHangup(then, usual), why), nil
	}
	// Less than was thought if it was answered in a dearer hour, or has rung into one.
	s.Granted = max(m.affordable(s.Held, s.Granted), used, time.Second)
	c.mu.Lock()
	c.state.Final, c.state.Granted, c.affords = true, s.Granted, s.Granted
	c.mu.Unlock()
	return tollgate.Grant{
		Call: s.Attempt.Call, Allowed: true, For: s.Granted, RenewAt: lastAskAt(s.Granted, used), Final: true,
		Then: orHangup(then, causeCleared), Affords: s.Granted, Left: tollgate.Money{Currency: s.Currency},
	}, nil
}

// extendFree lets a call go on that nothing limits. That it goes on is kept, so
// that a restart knows who pays for it.
func (f *Office) extendFree(ctx context.Context, c *liveCall, next keptCall) (tollgate.Grant, error) {
	was := c.snapshot()
	if c.reservation() == 0 || !was.Unlimited || !sameTerms(&was, &next) || c.waits() < freeMax/2 {
		next.Unlimited = true
		if _, err := f.hold(ctx, c, next, 0); err != nil {
			return tollgate.Grant{}, err
		}
	}
	return free(next.Attempt.Call), nil
}

// found makes good a reservation that is not as it was thought to be: it
// expired, or another node holds money for the same call.
func (f *Office) found(ctx context.Context, c *liveCall) error {
	s := c.snapshot()
	if c.isOver() {
		return tollgate.Errorf(tollgate.CodeNotFound, "call %s is over", s.Attempt.Call)
	}
	if err := f.book.CatchUp(ctx); err != nil {
		return err
	}
	page, err := f.kept.Reservations(ctx, store.Everything,
		store.ReservationFilter{Call: s.Attempt.Call}, store.Paging{})
	if err != nil {
		return err
	}
	if len(page.Items) == 0 {
		c.end(false) // held anew
		return nil
	}
	other, err := reload(&page.Items[0])
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if other.state.Answered.IsZero() {
		other.state.Answered = c.state.Answered // it was only told here
	}
	c.state, c.id, c.enterprise, c.patience = other.state, other.id, other.enterprise, other.patience
	return nil
}
