package charging

import (
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// reused is a house with Anna on 101, who has ten euros, Bert on 102, who has none,
// and a number that is a hundred times as dear as the others.
type reused struct {
	*clocked
	bert tollgate.Account
}

const dearNumber = "00881612345678"

func newReused(t *testing.T) *reused {
	t.Helper()
	c := newClocked(t, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	c.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"},
		tollgate.Rate{Prefix: "881", Price: "30", First: "1", Next: "1"})
	bert := c.anna
	bert.ID, bert.Name = 0, "Bert"
	c.change(t, func(change *store.Change) error {
		if err := change.PutAccount(&bert); err != nil {
			return err
		}
		return change.PutExtension(tollgate.Extension{Device: c.device.ID, Number: "102", Account: bert.ID})
	})
	return &reused{c, bert}
}

func (r *reused) ask(t *testing.T, extension, dialed string) tollgate.Grant {
	t.Helper()
	a := r.attempt("id", extension)
	a.Dialed = dialed
	g, err := r.office.Authorize(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (r *reused) answer(t *testing.T) {
	t.Helper()
	if err := r.office.Answer(t.Context(), r.attempt("id", "").Call, r.at); err != nil {
		t.Fatal(err)
	}
}

// ends finishes the call as a switch does over HTTP: by the name it was authorised under.
func (r *reused) ends(t *testing.T, extension, dialed string, talk time.Duration) tollgate.Outcome {
	t.Helper()
	record := tollgate.Record{
		Call: r.attempt("id", "").Call, Attempt: "id", Source: tollgate.SourceHTTP, Direction: tollgate.Outbound,
		Extension: extension, Dialed: dialed, Start: r.at.Add(-talk), End: r.at,
	}
	if talk > 0 {
		record.Answer = record.Start
	}
	return r.finish(t, record).Outcome
}

func (r *reused) held(t *testing.T, a *tollgate.Account, want int64) {
	t.Helper()
	if got := r.standing(t, a.ID).Reserved; got != want {
		t.Errorf("%s has %s held, want %s", a.Name, tollgate.FormatMicro(got), tollgate.FormatMicro(want))
	}
}

func (r *reused) refused(t *testing.T, g tollgate.Grant) {
	t.Helper()
	if g.Allowed || g.Code != tollgate.CodeConflict {
		t.Errorf("%+v, want it refused: the id is another call's", g)
	}
}

// An id that is in the books is nobody's any more, however long ago that was.
func TestIDOfSettledCall(t *testing.T) {
	for _, talk := range []time.Duration{30 * time.Second, 0} { // carrier 1 may have failed
		r := newReused(t)
		if !r.ask(t, "101", "0301234567").Allowed || r.ends(t, "101", "0301234567", talk) != tollgate.OutcomeStored {
			t.Fatal("the first call did not come about")
		}
		r.refused(t, r.ask(t, "101", "0301234567"))
		r.office = newOffice(t, r.db, r.now) // which remembers nothing
		r.refused(t, r.ask(t, "101", "0301234567"))
		r.refused(t, r.ask(t, "102", dearNumber))
		r.held(t, &r.anna, 0)
		if n := r.office.LiveCount(); n != 0 {
			t.Errorf("%d calls are in progress", n)
		}
	}
}

// One that nothing limits is asked for in the books as well.
func TestIDOfSettledCallWithoutLimit(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
		h.finish(t, h.record("1", "0301234567", h.device.ID))
		if g, err := h.office.Authorize(t.Context(), h.attempt("1", "")); err != nil || g.Code != tollgate.CodeConflict {
			t.Errorf("%+v and %v, want it refused", g, err)
		}
		a := h.attempt("1", "")
		a.Call.Leg = 1
		if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
			t.Errorf("another leg: %+v and %v", g, err)
		}
	})
}

// Nobody talks on the answered call of somebody else, and it goes on as it was.
func TestIDOfAnsweredCall(t *testing.T) {
	r := newReused(t)
	r.ask(t, "101", "0301234567")
	r.answer(t)
	other := newOffice(t, r.db, r.now) // hears of the call when it wants to hold money for it
	for range 2 {
		r.refused(t, r.ask(t, "102", "0301234567"))
		r.office, other = other, r.office
	}
	r.refused(t, r.ask(t, "101", dearNumber))
	r.held(t, &r.anna, 100_000)
	if g := r.ask(t, "101", "0301234567"); !g.Allowed { // asked again
		t.Errorf("%+v", g)
	}
	if got := r.ends(t, "101", "0301234567", 20*time.Second); got != tollgate.OutcomeStored {
		t.Error(got)
	}
	if got := r.standing(t, r.anna.ID).Balance; got != 9_800_000 {
		t.Errorf("Anna has %s", tollgate.FormatMicro(got))
	}
}

// While a call rings, who asks under its id takes nothing from it: nobody else
// may, and the same caller must be allowed first.
func TestIDOfRingingCall(t *testing.T) {
	r := newReused(t)
	first := r.ask(t, "101", "0301234567")
	r.refused(t, r.ask(t, "102", "0301234567"))
	r.held(t, &r.anna, 100_000)
	if g := r.ask(t, "101", dearNumber); !g.Allowed || g.For != sliceMin {
		t.Errorf("another number of his own: %+v", g)
	}
	r.held(t, &r.anna, 5_000_000)
	if g := r.ask(t, "101", "0301234567"); !g.Allowed || g.For != first.For {
		t.Errorf("and the first again: %+v", g)
	}
	r.held(t, &r.anna, 100_000)
	r.ask(t, "101", "0301234567")
	r.tariff.Default = tollgate.Rate{Price: "6000", First: "1", Next: "1"}
	r.change(t, func(change *store.Change) error { return change.PutTariff(&r.tariff) })
	if g := r.ask(t, "101", "0044201234567"); g.Code != tollgate.CodeNoCredit {
		t.Errorf("what he cannot pay for: %+v", g)
	}
	r.held(t, &r.anna, 100_000)
	if g, err := r.office.Renew(t.Context(), r.attempt("id", "").Call, 0); err != nil || g.For != first.For {
		t.Errorf("the first goes on: %+v and %v", g, err)
	}
}

// A call that is finished without an answer holds nothing, whatever was said of it before.
func TestFinishWithoutAnswer(t *testing.T) {
	r := newReused(t)
	r.ask(t, "101", "0301234567")
	r.answer(t)
	r.ends(t, "101", "0301234567", 0)
	r.held(t, &r.anna, 0)
	if n := r.office.LiveCount(); n != 0 {
		t.Errorf("%d calls are in progress", n)
	}
}

// Another call under an id that was charged is told of once; the same one again is not.
func TestDuplicateOfAnotherCall(t *testing.T) {
	for name, again := range map[string]func(r *reused){
		"":                  func(r *reused) { r.ends(t, "101", "0301234567", 20*time.Second) },
		"another extension": func(r *reused) { r.ends(t, "102", "0301234567", 20*time.Second) },
		"another number":    func(r *reused) { r.ends(t, "101", dearNumber, 20*time.Second) },
		"another answer":    func(r *reused) { r.ends(t, "101", "0301234567", 30*time.Second) },
		"another duration": func(r *reused) {
			r.at = r.at.Add(15 * time.Second)
			r.ends(t, "101", "0301234567", 35*time.Second)
		},
	} {
		r := newReused(t)
		r.ends(t, "101", "0301234567", 20*time.Second)
		r.office = newOffice(t, r.db, r.now)
		again(r)
		again(r)
		switch n := len(r.office.bell.raised); {
		case name == "" && n > 0, name != "" && n != 1:
			t.Errorf("%q: %d alerts", name, n)
		case n == 1:
			a := <-r.office.bell.raised
			if a.Kind != tollgate.AlertDuplicate || a.Account != r.anna.ID || !strings.Contains(a.Text, name) {
				t.Errorf("%q: %+v", name, a)
			}
		}
	}
}
