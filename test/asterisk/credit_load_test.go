//go:build linux

package asterisk_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/test/asterisk/lab"
)

// The loads: what an Asterisk does alone, and the same with credit control.
const (
	loadRate  = 25 // calls a second, on each Asterisk
	loadAlone = 8 * loadRate
	loadAsked = 20 * loadRate
)

// loaders are the extensions that call under load.
func loaders() (all []string) {
	for n := 24; n < 40; n++ {
		if n != 30 { // it has something else to do
			all = append(all, fmt.Sprintf("10%d", n))
		}
	}
	return all
}

// loads puts a load on every Asterisk, without a word to Tollgate.
func loads(t *testing.T, labs []*lab.Lab, calls int) []lab.Loaded {
	t.Helper()
	return loaded(t, labs, lab.Load{
		Users: loaders(), Number: away(500), Rate: loadRate, Calls: calls, Talk: 2 * time.Second,
	})
}

func loaded(t *testing.T, labs []*lab.Lab, l lab.Load) []lab.Loaded {
	t.Helper()
	did := make([]lab.Loaded, len(labs))
	var all sync.WaitGroup
	for i, one := range labs {
		all.Go(func() {
			var err error
			if did[i], err = l.Run(t.Context(), one.PBX); err != nil {
				t.Error(err)
			}
			t.Logf("%s: %d calls to %s: %d failed, ringing after %s", one.Name, l.Calls, l.Number, did[i].Failed, did[i].Setup)
		})
	}
	all.Wait()
	return did
}

// underLoad asks Tollgate about each of many calls. Every third caller's money
// runs out. None fails that would not without being asked, each is charged, and
// nobody gets more than was paid for.
func underLoad(t *testing.T, g *gate, all []*followed, company tollgate.ID, alone []lab.Loaded) {
	t.Helper()
	purses := make([][]purse, len(all))
	labs := make([]*lab.Lab, len(all))
	for i, f := range all {
		labs[i] = f.Lab
		for n, extension := range loaders() {
			credit := 10_000
			if n%3 == 0 {
				credit = 20
			}
			purses[i] = append(purses[i], g.user(f, company, "load "+extension, credit, nil, extension))
		}
	}
	did := loaded(t, labs, lab.Load{
		Users: loaders(), Number: "*8*" + away(600), Rate: loadRate, Calls: loadAsked, Talk: 2 * time.Second,
	})
	for i, f := range all {
		if did[i].Failed > alone[i].Failed || did[i].Served+did[i].Failed != loadAsked {
			t.Errorf("%s: %d of %d calls failed, %d of %d without control\n%s",
				f.Name, did[i].Failed, loadAsked, alone[i].Failed, loadAlone, did[i].Said)
		}
		g.paidFor(t, f, purses[i])
	}
}

// paidFor holds what was charged for a load against the wire.
func (g *gate) paidFor(t *testing.T, f *followed, purses []purse) {
	t.Helper()
	var spent, least float64
	for n, p := range purses {
		left, err := p.settles()
		credit := 10_000.0
		if n%3 == 0 {
			credit = 20
		}
		if err != nil || left < 0 || credit == 20 && left > 3 {
			t.Errorf("%s, loader %d: %v seconds left: %v", f.Name, n, left, err)
		}
		spent += credit - left
	}
	legs, settled := 0, 0
	for _, l := range f.Carrier.Legs() {
		if l.Number == away(600) && !l.Answer.IsZero() {
			legs++
			least += l.End.Sub(l.Answer).Seconds()
		}
	}
	for _, c := range g.cdrs(f.Name) {
		if c.Dialed == away(600) && !c.Answer.IsZero() {
			settled++
		}
	}
	t.Logf("%s: %d of %d calls answered, %.0f s talked, %.0f s charged", f.Name, legs, loadAsked, least, spent)
	if settled != legs || spent < least-float64(legs)*exact.Seconds() || spent > least+float64(legs)*1.1 {
		t.Errorf("%s: %d calls, %.1f s talked, %d charged with %.1f s", f.Name, legs, least, settled, spent)
	}
}
