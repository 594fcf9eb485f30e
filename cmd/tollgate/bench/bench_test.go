package bench

import (
	"slices"
	"testing"
	"time"

	"tollgate"
	"tollgate/store/storetest"
)

// TestRun measures everything once, with hardly any work: what must be true of
// the numbers is true of slow machines too.
func TestRun(t *testing.T) {
	o := Options{Calls: 500, Rounds: 1, Dir: t.TempDir(), Now: time.Now}
	for _, name := range Names() {
		if name == "price_100k" || name == "price_1m" {
			continue // what price_1k does, on more
		}
		t.Run(name, func(t *testing.T) {
			o := o
			if NeedsPostgres(name) {
				o.Postgres = storetest.Postgres(t)
			}
			m, err := Run(t.Context(), name, o)
			if err != nil {
				t.Fatal(err)
			}
			if m.Name != name || m.Value <= 0 || m.Limit <= 0 || m.Ratio <= 0 || m.Unit == "" || m.LimitOf == "" {
				t.Errorf("got %+v", m)
			}
			if m.Allocations != nil && *m.Allocations != 0 {
				t.Errorf("%v allocations per call, want none", *m.Allocations)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	whole := Options{Calls: 1, Rounds: 1, Dir: t.TempDir(), Now: time.Now}
	for name, o := range map[string]Options{"price_2": whole, "ingest_postgres": whole, "price_1k": {Rounds: 1}} {
		if _, err := Run(t.Context(), name, o); tollgate.CodeOf(err) != tollgate.CodeInvalid {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}

func TestNamesAreMeasured(t *testing.T) {
	for name := range works() {
		if !slices.Contains(Names(), name) {
			t.Errorf("%s is not among the names", name)
		}
	}
	if len(works()) != len(Names()) {
		t.Errorf("%d works, %d names", len(works()), len(Names()))
	}
}
