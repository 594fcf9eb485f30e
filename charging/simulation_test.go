package charging

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/ledger/memory"
	"tollgate/store"
)

// The simulation: a seed makes calls on a PBX that duplicates, reorders and
// loses what it says, with a store that fails before and after its commits, a
// program that is restarted, and a clock that jumps. When everything has come
// to rest the books must be right, and no account may have spent more than it
// had, but for what calls cost while they could not be hung up at once.
//
//	go test ./charging -run TestSimulation -args -seeds 10000 -calls 2000
//	go test ./charging -run TestSimulation -args -seed 4711 -calls 2000
var (
	simSeeds = flag.Int("seeds", 30, "how many seeds TestSimulation runs")
	simCalls = flag.Int("calls", 1000, "calls of each seed")
	simSeed  = flag.Int64("seed", -1, "run only this seed")
)

func TestSimulation(t *testing.T) {
	world := newSimWorld(t)
	first, last := int64(1), int64(*simSeeds)
	if *simSeed >= 0 {
		first, last = *simSeed, *simSeed
	}
	var sum simCounts
	for seed := first; seed <= last; seed++ {
		s := newSimulation(world, seed, *simCalls, nil)
		if err := s.run(); err != nil {
			t.Fatalf("seed %d: %v\nagain: go test ./charging -run TestSimulation -args -seed %d -calls %d",
				seed, err, seed, *simCalls)
		}
		sum.add(&s.counts)
	}
	t.Logf("%+v", sum)
	if sum.Talked == 0 || sum.Cut == 0 || sum.Refused == 0 || sum.Restarts == 0 || sum.Failures == 0 {
		t.Error("the simulation did not do what it is for")
	}
}

// simCounts is what happened.
type simCounts struct {
	Calls, Talked, Refused, Cut, Late, Undecided, Restarts, Failures, Duplicates, Lost, Orphans int
}

func (c *simCounts) add(o *simCounts) {
	c.Calls += o.Calls
	c.Talked += o.Talked
	c.Refused += o.Refused
	c.Cut += o.Cut
	c.Late += o.Late
	c.Undecided += o.Undecided
	c.Restarts += o.Restarts
	c.Failures += o.Failures
	c.Duplicates += o.Duplicates
	c.Lost += o.Lost
	c.Orphans += o.Orphans
}

// simulation is one seed: a PBX, its clock, and Tollgate over books in memory.
type simulation struct {
	world  *simWorld
	random *rand.Rand
	books  *memory.Store
	book   *ledger.Book
	office *Office
	counts simCounts

	clock   time.Time     // the PBX's, which is true
	skew    time.Duration // by which Tollgate's is wrong
	queue   simQueue
	failing bool
	calls   int
	made    int
	plant   func(ledger.Posting) ledger.Posting // a bug; nil: none
	// overrun is what calls may have cost beyond what was held, because hanging up
	// took its time.
	overrun map[tollgate.ID]int64
}

// simCall is a call on the PBX.
type simCall struct {
	attempt  tollgate.Attempt
	rings    time.Duration
	talks    time.Duration // that the people want
	answered time.Time
	limit    time.Duration // at which the PBX's own timer ends it; less than 0: none
	ended    bool
	heard    bool // somebody asked for it while it rang
	then     tollgate.Action
}

// simEvent is something that happens at an instant.
type simEvent struct {
	at   time.Time
	rank int64 // events of one instant happen in the order they were made
	do   func() error
}

type simQueue []simEvent

func (q simQueue) Len() int { return len(q) }
func (q simQueue) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].rank, q[j].rank)) < 0
}
func (q simQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *simQueue) Push(x any)   { *q = append(*q, x.(simEvent)) }
func (q *simQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

func (s *simulation) after(d time.Duration, do func() error) {
	s.made++
	heap.Push(&s.queue, simEvent{s.clock.Add(d), int64(s.made), do})
}

// once in n.
func (s *simulation) once(n int) bool { return s.random.IntN(n) == 0 }

func (s *simulation) upTo(d time.Duration) time.Duration {
	return time.Duration(s.random.Int64N(int64(d)))
}

func newSimulation(w *simWorld, seed int64, calls int, plant func(ledger.Posting) ledger.Posting) *simulation {
	s := &simulation{
		plant: plant, world: w, random: rand.New(rand.NewPCG(uint64(seed), 7)), calls: calls,
		clock: time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC), overrun: map[tollgate.ID]int64{},
	}
	s.books = memory.New(s.now)
	s.books.FailBefore = func() bool { return s.fails() }
	s.books.FailAfter = func() bool { return s.fails() }
	for _, a := range w.accounts {
		s.books.PutAccount(&a)
	}
	s.start()
	for _, a := range w.accounts {
		if credit := w.credit[a.ID]; credit > 0 {
			if _, err := s.book.Recharge(context.Background(), w.actor, a.ID,
				tollgate.Money{Micro: credit, Currency: "EUR"}, "", ""); err != nil {
				panic(err)
			}
		}
	}
	return s
}

// now is the time as Tollgate sees it.
func (s *simulation) now() time.Time { return s.clock.Add(s.skew) }

func (s *simulation) fails() bool {
	failed := s.failing && s.once(40)
	if failed {
		s.counts.Failures++
	}
	return failed
}

// start begins Tollgate on the books as they are.
func (s *simulation) start() {
	s.book = ledger.NewOn(s.planted(), ledger.Options{Now: s.now, Inline: true})
	s.office = emptyOffice(s.books, s.book, Options{Now: s.now, Log: slog.New(slog.DiscardHandler)})
	s.office.current.Store(s.world.directory)
	if err := s.office.reloadCalls(context.Background()); err != nil {
		panic(err)
	}
}

func (s *simulation) run() error {
	s.failing = true
	for n := range s.calls {
		s.after(s.upTo(4*time.Hour), func() error { return s.place(n) })
	}
	for range 30 {
		s.after(s.upTo(4*time.Hour), s.recharge)
	}
	for range 3 {
		s.after(s.upTo(4*time.Hour), s.restart)
	}
	for range 2 {
		s.after(s.upTo(4*time.Hour), func() error {
			s.skew = s.upTo(2*time.Hour) - time.Hour
			return nil
		})
	}
	for minute := range 300 {
		s.after(time.Duration(minute)*time.Minute, func() error { return s.sweep(time.Minute) })
	}
	for steps := 0; len(s.queue) > 0; steps++ {
		if steps > restlessSteps*s.calls {
			return errors.New("it does not come to rest: something is asked again for ever")
		}
		e := heap.Pop(&s.queue).(simEvent)
		s.clock = e.at
		if err := e.do(); err != nil {
			return err
		}
	}
	return s.rest()
}

// restlessSteps is more events than any call makes.
const restlessSteps = 100

// rest lets what is left expire, and checks the books.
func (s *simulation) rest() error {
	s.failing, s.skew = false, 0
	s.clock = s.clock.Add(30 * time.Hour)
	for range 2 { // calls that are over are forgotten the second time
		if err := s.sweep(30 * time.Hour); err != nil {
			return err
		}
		s.clock = s.clock.Add(time.Hour)
	}
	if err := s.books.Check(); err != nil {
		return err
	}
	left, err := s.books.Reservations(context.Background(), store.Everything, store.ReservationFilter{}, store.Paging{})
	if err != nil || len(left.Items) > 0 {
		return fmt.Errorf("%d reservations are left, %w", len(left.Items), err)
	}
	if n := len(s.office.board.all()); n > 0 {
		return fmt.Errorf("%d calls are still in progress", n)
	}
	for id, below := range s.books.Overspent() {
		if below > s.overrun[id] {
			return fmt.Errorf("account %d went %s below its limit; hanging up late explains only %s",
				id, tollgate.FormatMicro(below), tollgate.FormatMicro(s.overrun[id]))
		}
	}
	return nil
}

// recharge pays something into one of the accounts, also while calls are up.
func (s *simulation) recharge() error {
	a := s.world.accounts[s.random.IntN(len(s.world.accounts))]
	if a.Mode == tollgate.ModePrepaid {
		_, err := s.book.Recharge(context.Background(), s.world.actor, a.ID,
			tollgate.Money{Micro: 5 * tollgate.MicroPerUnit, Currency: "EUR"}, "", "")
		if err != nil && !s.failing {
			return err
		}
	}
	return nil
}

func (s *simulation) restart() error {
	s.counts.Restarts++
	s.start()
	return nil
}

func (s *simulation) sweep(passed time.Duration) error {
	err := s.office.sweep(context.Background(), passed)
	if err != nil && !s.failing {
		return err
	}
	return nil
}

// place has somebody dial.
func (s *simulation) place(n int) error {
	s.counts.Calls++
	extension := strconv.Itoa(100 + s.random.IntN(s.world.extensions))
	c := &simCall{
		rings: time.Second + s.upTo(20*time.Second), talks: s.upTo(6 * time.Minute), limit: -1,
		attempt: tollgate.Attempt{
			Call:      tollgate.CallID{Device: s.world.device, UniqueID: "c" + strconv.Itoa(n) + "#1"},
			Extension: extension, Originator: extension, Dialed: s.world.dial(s.random), Trunk: "provider", At: s.clock,
		},
	}
	if s.once(20) {
		c.talks *= 20
	}
	grant, err := s.office.Authorize(context.Background(), c.attempt)
	if err == nil && s.once(30) { // asked twice
		grant, err = s.office.Authorize(context.Background(), c.attempt)
	}
	if err != nil {
		s.counts.Undecided++ // closed: nobody could decide
		return nil           //nolint:nilerr // the PBX does not dial
	}
	if !grant.Allowed {
		s.counts.Refused++
		return nil
	}
	if s.once(15) {
		s.counts.Lost++ // the caller gave up before anybody rang
		return nil
	}
	s.obey(c, grant)
	if !s.once(20) {
		grant, err := s.office.Renew(context.Background(), c.attempt.Call, 0)
		if c.heard = err == nil && grant.Allowed; c.heard {
			s.obey(c, grant)
		}
	}
	if s.once(8) {
		s.after(c.rings, func() error { return s.finish(c) })
		return nil
	}
	s.after(c.rings, func() error { return s.answer(c) })
	return nil
}

// obey takes a grant to the PBX: its own timer is set.
func (s *simulation) obey(c *simCall, g tollgate.Grant) {
	c.limit, c.then = g.For, g.Then
	if g.Unlimited {
		c.limit = -1
	}
}

// answer connects the call and makes the controller's plans for it.
func (s *simulation) answer(c *simCall) error {
	s.counts.Talked++
	c.answered = s.clock
	if !s.once(20) { // it may be lost
		if !s.once(20) { // or only that it was answered
			_ = s.office.Answer(context.Background(), c.attempt.Call, c.answered)
		}
		s.renew(c)
	}
	s.watch(c)
	s.after(c.talks, func() error { return s.finish(c) })
	return nil
}

// renew asks for the next slice, and plans the one after it.
func (s *simulation) renew(c *simCall) {
	if c.ended {
		return
	}
	used := s.clock.Sub(c.answered)
	if s.once(20) {
		s.counts.Lost++ // the timer ends the call unless a later one comes through
		s.after(time.Second, func() error { s.renew(c); return nil })
		return
	}
	g, err := s.office.Renew(context.Background(), c.attempt.Call, used)
	switch {
	case tollgate.CodeOf(err) == tollgate.CodeNotFound:
		return // an emergency call: nobody limits it
	case err != nil:
		s.after(time.Second, func() error { s.renew(c); return nil })
		return
	case !g.Allowed:
		c.limit = used
	default:
		s.obey(c, g)
	}
	if g.Unlimited {
		return
	}
	s.watch(c)
	if next := g.RenewAt - used; next > 0 && g.RenewAt < g.For {
		s.after(next, func() error { s.renew(c); return nil })
	}
}

// cutEarly is how long before its limit the PBX ends a call.
const cutEarly = 100 * time.Millisecond

// watch has the PBX's timer look whether the call is at its limit.
func (s *simulation) watch(c *simCall) {
	if c.limit < 0 || c.ended {
		return
	}
	limit := c.limit
	s.after(max(0, c.answered.Add(limit-cutEarly).Sub(s.clock)), func() error {
		if c.ended || c.limit != limit {
			return nil
		}
		s.counts.Cut++
		if !s.once(25) {
			return s.finish(c)
		}
		s.counts.Late++ // the first method did not end it
		return s.cutLate(c)
	})
}

// cutLate ends a call two seconds late, unless the people do before.
func (s *simulation) cutLate(c *simCall) error {
	s.after(2*time.Second, func() error { return s.finish(c) })
	return nil
}

// overran notes what a call may cost beyond what was held for it, because
// hanging up took its time.
func (s *simulation) overran(c *simCall) {
	talk := s.clock.Sub(c.answered)
	if c.answered.IsZero() || c.limit < 0 || talk <= c.limit {
		return
	}
	m := s.world.directory.meter(
		s.world.tariffOf(c.attempt.Extension), s.world.number(c.attempt.Dialed), c.answered)
	late, _ := m.cost(talk)
	kept, _ := m.cost(c.limit)
	for _, id := range s.world.limitedOf(c.attempt.Extension) {
		s.overrun[id] += late - kept
	}
}

// finish ends a call and reports it: late, twice, in a batch with others, again
// after an error, until it is settled.
func (s *simulation) finish(c *simCall) error {
	if c.ended {
		return nil
	}
	c.ended = true
	s.overran(c)
	r := tollgate.Record{
		Call:    tollgate.CallID{Device: s.world.device, UniqueID: "leg " + c.attempt.Call.UniqueID},
		Attempt: c.attempt.Call.UniqueID, Source: tollgate.SourceAMI, Direction: tollgate.Outbound,
		Extension: c.attempt.Extension, Originator: c.attempt.Originator, Dialed: c.attempt.Dialed,
		Trunk: c.attempt.Trunk, Start: c.attempt.At, Answer: c.answered, End: s.clock, Cause: 16,
	}
	times := 1
	if s.once(10) {
		times, s.counts.Duplicates = 2, s.counts.Duplicates+1
	}
	for range times {
		late := s.upTo(2 * time.Second)
		switch {
		case !s.once(20):
		case c.heard:
			late = s.upTo(20 * time.Minute) // read from the journal
		default:
			late = s.upTo(4 * time.Minute)
		}
		s.after(late, func() error { return s.report(r) })
	}
	return nil
}

func (s *simulation) report(r tollgate.Record) error {
	results, err := s.office.Finish(context.Background(), []tollgate.Record{r})
	switch {
	case err != nil:
		s.after(time.Second, func() error { return s.report(r) })
	case results[0].Outcome == tollgate.OutcomeQuarantined:
		return errors.New("a call was quarantined: " + results[0].Reason)
	}
	return nil
}
