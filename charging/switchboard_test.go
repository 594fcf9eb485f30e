package charging

import (
	"strconv"
	"testing"
	"time"

	"tollgate"
	"tollgate/store/storetest"
)

// Under load a hundred calls have just ended for each in progress: no more is
// remembered of them than what was decided, and of no more than overMax.
func TestCallsThatAreOver(t *testing.T) {
	s := newSwitchboard()
	s.overMax = 1000
	id := func(n int) tollgate.CallID { return tollgate.CallID{Device: 1, UniqueID: strconv.Itoa(n)} }
	end := func(n int) *liveCall {
		c := s.take(id(n))
		c.state = keptCall{
			Attempt: tollgate.Attempt{Call: id(n)}, Payer: 7, PaidBy: tollgate.PaidByAccountCode, Tariff: 3,
			Number:  tollgate.Number{Private: true},
			Verdict: verdict{Rule: "abroad", Tariff: 4, Exhausted: tollgate.Action{Kind: tollgate.ActionAlert}},
		}
		c.turn.Unlock()
		c.end(true)
		s.retire(id(n), c)
		return c
	}
	first := end(0)
	over := s.find(id(0))
	if over == nil || !over.isOver() || over.decision() != first.decision() || len(s.all()) != 0 {
		t.Fatalf("%+v, %d in progress", over, len(s.all()))
	}
	s.adopt(id(0), &liveCall{})
	if c := s.take(id(0)); !c.isOver() {
		t.Error("a call that is over was begun again")
	}
	s.due(overKept)
	if s.find(id(0)) == nil {
		t.Error("forgotten at once")
	}
	s.retire(id(0), over) // another line of it
	s.due(overKept)
	if s.find(id(0)) == nil {
		t.Error("forgotten though another line of it came")
	}
	s.due(overKept)
	if s.find(id(0)) != nil {
		t.Error("remembered for ever")
	}
	for n := range s.overMax + 1 {
		end(n)
	}
	if n := len(s.over) + len(s.older); n > s.overMax || s.find(id(s.overMax)) == nil {
		t.Errorf("%d remembered", n)
	}
}

// A call whose record came is not authorised again under its name, and its record
// is a duplicate.
func TestCallIsOver(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	a := h.attempt("1", "101")
	if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	r := h.record("1", a.Dialed, h.device.ID)
	if got := h.finish(t, r); got.Outcome != tollgate.OutcomeStored || len(h.office.board.all()) != 0 {
		t.Fatal(got, len(h.office.board.all()))
	}
	if g, err := h.office.Authorize(t.Context(), a); err != nil || g.Code != tollgate.CodeConflict {
		t.Error(g, err)
	}
	if _, err := h.office.Renew(t.Context(), a.Call, time.Second); tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Error(err)
	}
	if got := h.finish(t, r); got.Outcome != tollgate.OutcomeDuplicate {
		t.Error(got)
	}
}

// Who waits while a call is given up of which nothing was heard begins it anew, as
// if he had come a moment later.
func TestCallIsGivenUpMeanwhile(t *testing.T) {
	s := newSwitchboard()
	id := tollgate.CallID{Device: 1, UniqueID: "1"}
	silent := s.take(id)
	taken := make(chan *liveCall)
	go func() { taken <- s.take(id) }()
	time.Sleep(20 * time.Millisecond) // for that to wait
	silent.end(true)
	s.drop(id)
	silent.turn.Unlock()
	if c := <-taken; c == silent || c.isOver() {
		t.Error("it was not begun anew")
	}
}
