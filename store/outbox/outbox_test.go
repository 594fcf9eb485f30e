package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/outbox"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
)

var (
	noon  = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	clerk = store.Actor{Name: "clerk"}
)

// call is an answered call to the outside of 64.2 seconds.
func call(db *store.DB, enterprise tollgate.ID, unique int, change func(*store.Entry)) store.Entry {
	c := &tollgate.CDR{
		Enterprise: enterprise, ID: db.NewID(),
		Call:   tollgate.CallID{Device: 7, UniqueID: fmt.Sprintf("1772625600.%d", unique)},
		Source: tollgate.SourceAMI, Direction: tollgate.Outbound, Extension: "101", Originator: "102",
		Number: tollgate.Number{
			Raw: "*7*0049301112222", Dialed: "0049301112222", E164: "49301112222", Class: tollgate.ClassDomestic,
		},
		Start:    noon.Add(time.Duration(unique) * time.Second).Add(900 * time.Millisecond),
		Answer:   noon.Add(time.Duration(unique+2) * time.Second),
		End:      noon.Add(time.Duration(unique+66) * time.Second).Add(200 * time.Millisecond),
		Customer: tollgate.Charge{Status: tollgate.ChargeNone}, Cost: tollgate.Charge{Status: tollgate.ChargeNone},
	}
	e := store.Entry{CDR: c}
	if change != nil {
		change(&e)
	}
	return e
}

func insert(t testing.TB, db *store.DB, entries ...store.Entry) {
	t.Helper()
	err := db.Post(context.Background(), func(p *store.Posting) error { return p.InsertEntries(entries) })
	if err != nil {
		t.Fatal(err)
	}
}

func unpaid(t *testing.T, db *store.DB, s store.Scope) []outbox.Row {
	t.Helper()
	rows, err := outbox.Unpaid(t.Context(), db, s, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestWhichCallsAreListed(t *testing.T) {
	cases := []struct {
		name   string
		change func(*store.Entry)
		want   *outbox.Row
	}{
		{"external and answered", nil, &outbox.Row{
			UniqueID: "1772625600.0", Extension: "101", Originator: "102", DialedNumber: "0049301112222",
			Timestamp: noon.Unix(), Duration: 64,
		}},
		{"private", func(e *store.Entry) { e.CDR.Number.Private = true }, &outbox.Row{
			UniqueID: "1772625600.1", Extension: "101", Originator: "102", DialedNumber: "0049301112222",
			Timestamp: noon.Unix() + 1, Duration: 64, Private: true,
		}},
		{"seconds as billed", func(e *store.Entry) { e.CDR.Customer.Seconds = 64 }, &outbox.Row{
			UniqueID: "1772625600.2", Extension: "101", Originator: "102", DialedNumber: "0049301112222",
			Timestamp: noon.Unix() + 2, Duration: 64,
		}},
		{"a leg with a number", func(e *store.Entry) { e.CDR.Call.Leg = 4 }, &outbox.Row{
			UniqueID: "1772625600.3#4", Extension: "101", Originator: "102", DialedNumber: "0049301112222",
			Timestamp: noon.Unix() + 3, Duration: 64,
		}},
		{"without originator and prefixes", func(e *store.Entry) {
			e.CDR.Originator, e.CDR.Number.Dialed = "", ""
		}, &outbox.Row{
			UniqueID: "1772625600.4", Extension: "101", Originator: "101", DialedNumber: "*7*0049301112222",
			Timestamp: noon.Unix() + 4, Duration: 64,
		}},
		{"emergency", func(e *store.Entry) { e.CDR.Number.Class = tollgate.ClassEmergency }, &outbox.Row{
			UniqueID: "1772625600.5", Extension: "101", Originator: "102", DialedNumber: "0049301112222",
			Timestamp: noon.Unix() + 5, Duration: 64,
		}},
		{"internal", func(e *store.Entry) { e.CDR.Number.Class = tollgate.ClassInternal }, nil},
		{"inbound", func(e *store.Entry) { e.CDR.Direction = tollgate.Inbound }, nil},
		{"not answered", func(e *store.Entry) { e.CDR.Answer = time.Time{} }, nil},
		{"left out by selective billing", func(e *store.Entry) { e.Unlisted = true }, nil},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var entries []store.Entry
		var want []outbox.Row
		for i, c := range cases {
			entries = append(entries, call(db, 0, i, c.change))
			if c.want != nil {
				row := *c.want
				row.ID = int64(len(want) + 1)
				want = append(want, row)
			}
		}
		insert(t, db, entries...)
		if d := cmp.Diff(want, unpaid(t, db, store.Everything)); d != "" {
			t.Error(d)
		}
	})
}

func TestFetchMarkPrunePurge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const acme, umbra = 1, 2
		insert(t, db, call(db, acme, 1, nil), call(db, umbra, 2, nil), call(db, acme, 3, nil), call(db, 0, 4, nil))
		all := unpaid(t, db, store.Everything)
		mark := func(s store.Scope, want int64, ids []int64, names ...string) {
			t.Helper()
			n, err := outbox.Mark(t.Context(), db, s, clerk, noon, ids, names)
			if err != nil || n != want {
				t.Errorf("marked %d, %v, want %d", n, err, want)
			}
		}
		left := func(s store.Scope, want int) {
			t.Helper()
			if got := unpaid(t, db, s); len(got) != want {
				t.Errorf("%d unpaid calls, want %d", len(got), want)
			}
		}
		left(store.Everything, 4)
		left(acme, 2)
		left(umbra, 1)

		// One unknown call, or another's, and nothing is marked.
		_, err := outbox.Mark(t.Context(), db, acme, clerk, noon, []int64{all[0].ID, all[1].ID, 99}, []string{"no"})
		unknown, ok := errors.AsType[*outbox.Unknown](err)
		if want := (&outbox.Unknown{IDs: []int64{all[1].ID, 99}, UniqueIDs: []string{"no"}}); !ok {
			t.Errorf("marking what is not there: %v", err)
		} else if d := cmp.Diff(want, unknown); d != "" {
			t.Error(d)
		}
		left(store.Everything, 4)

		mark(acme, 2, []int64{all[0].ID, all[0].ID}, all[0].UniqueID, all[2].UniqueID)
		mark(acme, 0, []int64{all[0].ID}) // again
		mark(store.Everything, 0, nil)
		left(acme, 0)
		left(store.Everything, 2)

		if n, err := outbox.Prune(t.Context(), db, umbra, clerk); n != 0 || err != nil {
			t.Errorf("another's prune deleted %d, %v", n, err)
		}
		if n, err := outbox.Prune(t.Context(), db, store.Everything, clerk); n != 2 || err != nil {
			t.Errorf("prune deleted %d, %v, want 2", n, err)
		}
		left(store.Everything, 2)
		if n, err := outbox.Purge(t.Context(), db, umbra, clerk); n != 1 || err != nil {
			t.Errorf("purge deleted %d, %v, want 1", n, err)
		}
		if n, err := outbox.Purge(t.Context(), db, store.Everything, clerk); n != 1 || err != nil {
			t.Errorf("purge deleted %d, %v, want 1", n, err)
		}
		left(store.Everything, 0)

		// An id is not given again, although the table is empty.
		insert(t, db, call(db, acme, 5, nil))
		if got := unpaid(t, db, acme); len(got) != 1 || got[0].ID <= all[3].ID {
			t.Errorf("after a purge: %+v", got)
		}
		logged(t, db, `purge calls {"deleted":1}`, `purge calls {"deleted":1}`, `prune calls {"deleted":2}`,
			`mark calls retrieved {"marked":2}`)
	})
}

// logged compares the operation log, newest first.
func logged(t *testing.T, db *store.DB, want ...string) {
	t.Helper()
	log, err := db.OperationLog(t.Context(), store.Everything, store.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, o := range log.Items {
		actions = append(actions, o.Action+" "+o.After)
	}
	if d := cmp.Diff(want, actions); d != "" {
		t.Error(d)
	}
}

func TestTwoCallsOfOneNameAreMarkedByID(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		insert(t, db, call(db, 1, 1, nil), call(db, 2, 1, nil)) // from two switches
		all := unpaid(t, db, store.Everything)
		_, err := outbox.Mark(t.Context(), db, store.Everything, clerk, noon, nil, []string{all[0].UniqueID})
		if u, ok := errors.AsType[*outbox.Unknown](err); !ok || len(u.Ambiguous) != 1 {
			t.Errorf("a name of two calls: %v", err)
		}
		if n, err := outbox.Mark(t.Context(), db, 2, clerk, noon, nil, []string{all[0].UniqueID}); n != 1 || err != nil {
			t.Errorf("the tenant's own: %d, %v", n, err)
		}
		if got := unpaid(t, db, store.Everything); len(got) != 1 || got[0].ID != all[0].ID {
			t.Errorf("left: %+v", got)
		}
	})
}

// More rows than a piece, in every step.
func TestManyRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const calls = 4_500
		entries := make([]store.Entry, calls)
		for i := range entries {
			entries[i] = call(db, 1, i, nil)
		}
		insert(t, db, entries...)
		var ids []int64
		var names []string
		for after := int64(0); ; {
			page, err := outbox.Unpaid(t.Context(), db, 1, after, 1_000)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				if after = r.ID; r.ID%2 == 0 {
					ids = append(ids, r.ID)
				} else {
					names = append(names, r.UniqueID)
				}
			}
		}
		n, err := outbox.Mark(t.Context(), db, 1, clerk, noon, ids, names)
		if err != nil || n != calls {
			t.Errorf("marked %d, %v, want %d", n, err, calls)
		}
		if n, err := outbox.Prune(t.Context(), db, 1, clerk); err != nil || n != calls {
			t.Errorf("pruned %d, %v, want %d", n, err, calls)
		}
	})
}
