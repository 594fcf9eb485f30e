package charging

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tollgate"
	"tollgate/ledger"
)

// Authorize asks whether a call may be placed: see tollgate.Charger.
func (f *Office) Authorize(ctx context.Context, a tollgate.Attempt) (tollgate.Grant, error) {
	if a.At.IsZero() {
		a.At = f.now()
	}
	r := Refusal{At: a.At, Call: a.Call, Extension: a.Extension, Originator: a.Originator, Caller: a.Caller}
	g, err := f.authorize(ctx, a, &r)
	if err == nil && !g.Allowed {
		r.Code, r.Reason = g.Code, g.Reason
		f.refusals.note(r)
		f.log.Info("a call is refused", "call", a.Call.String(), "extension", a.Extension, "code", g.Code, "reason", g.Reason)
	}
	return g, err
}

// authorize is Authorize; what it finds out about the call is put into r.
func (f *Office) authorize(ctx context.Context, a tollgate.Attempt, r *Refusal) (tollgate.Grant, error) {
	d, err := f.directory(ctx)
	if err != nil {
		if last := f.current.Load(); last != nil && last.dialed(&a).Class == tollgate.ClassEmergency {
			return free(a.Call), nil // whatever else fails
		}
		return tollgate.Grant{}, err
	}
	number := d.dialed(&a)
	if number.Class == tollgate.ClassEmergency {
		return free(a.Call), nil
	}
	kept, refusal := d.terms(&a, number, nil)
	r.Number, r.Account, r.Enterprise = number, kept.Payer, kept.enterprise(d)
	r.Number.Private = r.Number.Private || a.Private
	if refusal != nil {
		return refused(a.Call, kept.Verdict.NoCredit, refusal), nil
	}
	c := f.board.take(a.Call)
	defer c.turn.Unlock()
	if c.isOver() {
		return refused(a.Call, tollgate.Action{}, tollgate.Errorf(tollgate.CodeConflict, "the call is over")), nil
	}
	earlier := c.snapshot()
	fresh := earlier.Attempt.Call == (tollgate.CallID{})
	if fresh {
		f.begin(c, d, kept)
	}
	used := time.Duration(0)
	if !earlier.Answered.IsZero() {
		used = max(0, f.now().Sub(earlier.Answered))
	}
	g, err := f.extend(ctx, d, c, &kept, used)
	if tollgate.CodeOf(err) == tollgate.CodeConflict {
		if g, err = refused(a.Call, tollgate.Action{}, err), nil; !fresh {
			return g, nil // of the call that has the name nothing changes
		}
	}
	if err != nil || !g.Allowed {
		f.abandon(c)
	}
	return g, err
}

// begin puts the terms of a new call into it.
func (f *Office) begin(c *liveCall, d *directory, kept keptCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.slice = kept, sliceMin/2
	c.enterprise = kept.enterprise(d)
	c.cancellable = f.cancels(d.sites[kept.Attempt.Call.Device])
	c.state.Watched = c.cancellable
}

// cancels reports whether a device can end its calls.
func (f *Office) cancels(s *site) bool {
	return f.anyDevice || s != nil && s.device.Kind == tollgate.DeviceAsterisk && s.device.Control
}

// enterprise is whose books the call is in.
func (c *keptCall) enterprise(d *directory) tollgate.ID {
	if a := d.accounts[c.Payer]; a != nil {
		return a.Enterprise
	}
	if s := d.sites[c.Attempt.Call.Device]; s != nil {
		return s.device.Enterprise
	}
	return 0 // the device is not known
}

// abandon forgets a call that was not allowed and holds nothing.
func (f *Office) abandon(c *liveCall) {
	if c.reservation() == 0 {
		f.board.drop(c.snapshot().Attempt.Call)
	}
}

// asked is what a call goes on with when somebody asks for one of its name: its own
// terms, or those of the question while it rings and who calls tries another number
// or line. CodeConflict says that the question is about another call: who reuses a
// name would talk at the expense of whoever had it, or have what is held for him freed.
func (c *liveCall) asked(kept *keptCall) (keptCall, error) {
	s := c.snapshot()
	number := s.Attempt.Dialed == kept.Attempt.Dialed || s.Number.E164 == kept.Number.E164
	switch {
	case !sameCaller(&s, kept) || !number && !s.Answered.IsZero():
		return s, tollgate.Errorf(tollgate.CodeConflict,
			"call %s is in progress and another one: each call needs an id of its own", s.Attempt.Call)
	case !s.Answered.IsZero() || sameTerms(&s, kept):
		return s, nil
	}
	next := *kept
	next.Watched = s.Watched
	return next, nil
}

// sameCaller reports whether it is the same who calls, and who pays. A switch may
// show another number for him on each line.
func sameCaller(a, b *keptCall) bool {
	x, y := &a.Attempt, &b.Attempt
	return a.Payer == b.Payer && x.Extension == y.Extension && (x.Extension != "" || x.Caller == y.Caller)
}

func sameTerms(a, b *keptCall) bool {
	return a.Attempt.Dialed == b.Attempt.Dialed && a.Payer == b.Payer && a.Tariff == b.Tariff &&
		a.Purse == b.Purse && a.Quota == b.Quota && a.Verdict == b.Verdict && slices.Equal(a.Chain, b.Chain)
}

// dialed is the number that an attempt dials. A device that is not known has
// none that could be looked at.
func (d *directory) dialed(a *tollgate.Attempt) tollgate.Number {
	s := d.sites[a.Call.Device]
	if s == nil || s.plan == nil {
		return tollgate.Number{}
	}
	return s.number(a.Dialed, a.Trunk, a.Sent)
}

// free lets a call go on without limit.
func free(call tollgate.CallID) tollgate.Grant {
	return tollgate.Grant{Call: call, Allowed: true, Unlimited: true, Affords: affordsMax}
}

// refused answers that a call may not be placed.
func refused(call tollgate.CallID, then tollgate.Action, why error) tollgate.Grant {
	code := tollgate.CodeOf(why)
	return tollgate.Grant{
		Call: call, Code: code, Reason: why.Error(), Then: orHangup(unlessAlert(then, code), causeRejected),
	}
}

// unlessAlert is an action where a call must not go on. That one may go on without
// credit does not say that a frozen account calls, or that somebody calls who may not.
func unlessAlert(then tollgate.Action, why tollgate.ErrorCode) tollgate.Action {
	if then.Kind == tollgate.ActionAlert && why != tollgate.CodeNoCredit {
		return tollgate.Action{}
	}
	return then
}

// The causes that a call ends with unless a rule says otherwise (ITU-T Q.850).
const (
	causeRejected tollgate.Cause = 21 // call rejected
	causeCleared  tollgate.Cause = 16 // normal clearing
)

// orHangup is an action with what it does not say.
func orHangup(a tollgate.Action, usual tollgate.Cause) tollgate.Action {
	a.Kind = cmp.Or(a.Kind, tollgate.ActionHangup)
	if a.Kind != tollgate.ActionTransfer && a.Kind != tollgate.ActionAlert {
		a.Cause = cmp.Or(a.Cause, usual)
	}
	return a
}

// terms decides who would pay for a call to a number and by what, or refuses it.
// say is told each step, nil: nobody reads.
func (d *directory) terms(
	a *tollgate.Attempt, number tollgate.Number, say func(string, ...any),
) (keptCall, error) {
	c := tollgate.CDR{Number: number}
	kept := keptCall{Attempt: *a}
	site, err := d.placed(a, &c)
	if err != nil {
		return kept, err
	}
	kept.Number = c.Number
	q := question{CDR: &c, site: site, card: a.Card, extra: a.Variables, live: true, say: say}
	kept.Verdict, err = d.decide(&q)
	kept.Payer, kept.PaidBy, kept.Attempt.Variables = c.Payer, c.PaidBy, nil // rules have read them
	if err != nil {
		return kept, err
	}
	if payer := d.accounts[kept.Payer]; payer != nil {
		kept.Quota, kept.Purse = d.purse(payer)
	}
	return kept, d.limits(&q, &kept)
}

// limits finds what limits a call: the tariff, and the accounts that need room.
func (d *directory) limits(q *question, kept *keptCall) error {
	payer := d.accounts[kept.Payer]
	device := &q.site.device
	switch frozen := d.frozen(payer); {
	case frozen != "":
		return tollgate.Errorf(tollgate.CodeFrozen, "account %q is frozen", frozen)
	case device.Kind == tollgate.DeviceAsterisk && !device.Control && q.card != 0:
		return tollgate.Errorf(tollgate.CodeForbidden,
			"device %q has no control switched on: calling cards need it", device.Name)
	case device.Kind == tollgate.DeviceAsterisk && !device.Control:
		q.tell("Device %q has no control switched on: calls are charged when they are over.", device.Name)
		kept.Unlimited = true
		return nil
	case kept.Verdict.Rated || kept.Verdict.Unbilled:
		kept.Unlimited = true
		return nil
	case payer == nil:
		return tollgate.Errorf(tollgate.CodeForbidden,
			"no account pays for calls of extension %q on device %q: map the extension to an account",
			q.site.liable(q.CDR), device.Name)
	}
	kept.Tariff = cmp.Or(kept.Verdict.Tariff, d.customerTariff(payer, payer.Enterprise))
	if err := d.needs(payer, kept); err != nil {
		return err
	}
	if kept.Unlimited {
		q.tell("%s has no limit.", payer.Name)
	}
	return nil
}

// needs finds the accounts that need room for a call which an account pays for.
func (d *directory) needs(payer *tollgate.Account, kept *keptCall) (err error) {
	if kept.Unlimited = !d.limited(payer); kept.Unlimited {
		return nil
	}
	t := d.tariffs[kept.Tariff]
	if t == nil {
		return tollgate.Errorf(tollgate.CodeForbidden,
			"account %q has no tariff, so nobody knows what the call costs: give it one", payer.Name)
	}
	kept.Currency = t.words.Currency
	kept.Chain, err = d.chain(payer, kept.Currency)
	kept.Unlimited = err == nil && len(kept.Chain) == 0 // the limits are of accounts with other money
	return err
}

// review looks again at what limits a call that nothing limited: the terms of who
// pays may have changed. One that goes on without credit, as its rule says, has
// accounts on which money was held, and is left alone.
func (d *directory) review(kept *keptCall) error {
	s, purse := d.sites[kept.Attempt.Call.Device], d.accounts[kept.Purse]
	if !kept.Unlimited || len(kept.Chain) > 0 || kept.Verdict.Rated || kept.Verdict.Unbilled ||
		purse == nil || s == nil || s.device.Kind == tollgate.DeviceAsterisk && !s.device.Control {
		return nil
	}
	payer := d.accounts[kept.Payer]
	if _, now := d.purse(payer); now != kept.Purse {
		payer = purse // which pays, whoever stands above the payer now
	}
	if d.tariffs[kept.Tariff] == nil {
		kept.Tariff = cmp.Or(kept.Verdict.Tariff, d.customerTariff(payer, payer.Enterprise))
	}
	return d.needs(payer, kept)
}

// Answer says when the called party answered: see tollgate.Charger.
func (f *Office) Answer(ctx context.Context, call tollgate.CallID, at time.Time) error {
	c, err := f.callNamed(ctx, call)
	if err != nil || c == nil || c.isOver() {
		return err // nil: an emergency call, or one that nobody authorised
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.Answered = micros(at)
	c.patience = max(c.patience, c.state.lasts(0))
	return nil
}

// Renew asks for more talk time: see tollgate.Charger.
func (f *Office) Renew(ctx context.Context, call tollgate.CallID, used time.Duration) (tollgate.Grant, error) {
	c, err := f.callNamed(ctx, call)
	if err != nil {
		return tollgate.Grant{}, err
	}
	if c == nil || c.isOver() {
		return tollgate.Grant{}, tollgate.Errorf(tollgate.CodeNotFound, "call %s is not in progress", call)
	}
	d, err := f.directory(ctx)
	if err != nil {
		return tollgate.Grant{}, err
	}
	c.turn.Lock()
	defer c.turn.Unlock()
	if c.isOver() {
		return tollgate.Grant{}, tollgate.Errorf(tollgate.CodeNotFound, "call %s is over", call)
	}
	used = max(0, used)
	c.talks(f.now().Add(-used), used)
	if c.hear(used) && c.reservation() != 0 {
		if _, err := f.hold(ctx, c, c.snapshot(), used); err != nil && tollgate.CodeOf(err) != tollgate.CodeConflict {
			return tollgate.Grant{}, err
		}
	}
	return f.extend(ctx, d, c, nil, used)
}

// Advise keeps what the network says a call costs: see tollgate.Charger.
func (f *Office) Advise(_ context.Context, call tollgate.CallID, advice tollgate.AOC) error {
	c := f.board.find(call)
	if c == nil || c.isOver() {
		return tollgate.Errorf(tollgate.CodeNotFound, "call %s is not in progress", call)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advice = &advice
	return nil
}

// hold asks the ledger to hold what the call is to have after so much talk, and
// notes the answer.
func (f *Office) hold(
	ctx context.Context, c *liveCall, next keptCall, used time.Duration,
) (ledger.Held, error) {
	patience := next.lasts(used)
	h := ledger.Hold{
		Enterprise: c.enterprise, ID: c.reservation(), Call: next.Attempt.Call, Accounts: next.Chain,
		To: next.Held, Until: f.now().Add(patience),
	}
	if h.ID == 0 {
		h.ID = f.kept.NewID()
	} else {
		h.From = c.snapshot().Held
	}
	var err error
	if h.Detail, err = next.text(); err != nil {
		return ledger.Held{}, err
	}
	held, err := f.book.Hold(ctx, h)
	if err != nil || held.Refused {
		return held, err
	}
	if c.holds(h.ID, next, patience, held.Room) {
		return held, nil
	}
	if _, err := f.book.Release(ctx, c.enterprise, h.ID); err != nil {
		return ledger.Held{}, err
	}
	return ledger.Held{}, tollgate.Errorf(tollgate.CodeNotFound, "call %s is over", h.Call)
}

// release gives back what is held for a call. Over says that it will not go on.
func (f *Office) release(ctx context.Context, c *liveCall, over bool) error {
	if id := c.reservation(); id != 0 {
		if _, err := f.book.Release(ctx, c.enterprise, id); err != nil {
			return err
		}
	}
	c.end(over)
	return nil
}

// Live lists the calls in progress of an enterprise, 0 for all, oldest first.
func (f *Office) Live(owner tollgate.ID) []tollgate.LiveCall {
	d, now := f.current.Load(), f.now()
	calls := slices.DeleteFunc(f.board.all(), func(c *liveCall) bool { return !c.isOf(owner) })
	list := make([]tollgate.LiveCall, 0, len(calls))
	for _, c := range calls {
		if l := c.show(d, now); l.ID != 0 { // it may have ended meanwhile
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b tollgate.LiveCall) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// LiveCount is how many calls are in progress.
func (f *Office) LiveCount() int {
	count := 0
	for _, c := range f.board.all() {
		if c.isOf(0) {
			count++
		}
	}
	return count
}
