package ledger_test

import (
	"testing"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store/storetest"
)

func TestStats(t *testing.T) {
	s := openShop(t, storetest.Open(t, storetest.SQLite(t)))
	call := func(name string) ledger.Settlement {
		return ledger.Settlement{CDR: tollgate.CDR{
			Enterprise: s.enterprise.ID, Call: tollgate.CallID{Device: s.device.ID, UniqueID: name},
			Start: noon, End: noon,
		}}
	}
	broken := ledger.Settlement{
		Reason: "no such device", Record: tollgate.Record{Call: tollgate.CallID{Device: 9, UniqueID: "c"}},
	}
	for _, batch := range [][]ledger.Settlement{{call("a"), call("b")}, {call("a")}, {broken}} {
		results, err := s.book.Settle(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		if name := results[0].Call.UniqueID; name != "a" && name != "c" {
			t.Errorf("the answer names the call %q", name)
		}
	}
	got := s.book.Stats()
	if got.Stored != 2 || got.Duplicate != 1 || got.Quarantined != 1 {
		t.Errorf("%d stored, %d duplicate, %d quarantined; want 2, 1, 1",
			got.Stored, got.Duplicate, got.Quarantined)
	}
	if got.Rows.Sum != 4 || got.Rows.Counts[0] != 2 || got.Rows.Counts[1] != 1 {
		t.Errorf("rows %+v: want two commits of 1 and one of 2", got.Rows)
	}
	commits := int64(0)
	for _, n := range got.Time.Counts {
		commits += n
	}
	if commits != 3 {
		t.Errorf("the time of %d commits, want 3", commits)
	}
}
