package store_test

import (
	"strconv"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/live"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestAlertsAreReadBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		alerts := []tollgate.Alert{
			{Kind: tollgate.AlertCutFailed, Text: "of the house"},
			{
				Enterprise: 7, Kind: tollgate.AlertLowCredit, Account: 8, Text: "less than 2.00 EUR", At: noon,
				Call: tollgate.CallID{Device: 9, UniqueID: "1.2", Leg: 3},
			},
		}
		for i := range alerts {
			if err := db.PutAlert(t.Context(), &alerts[i]); err != nil || alerts[i].ID == 0 || alerts[i].At.IsZero() {
				t.Fatalf("%+v, %v", alerts[i], err)
			}
		}
		page, err := db.Alerts(t.Context(), store.Everything, store.Paging{Rows: 1})
		if d := cmp.Diff(alerts[1:], page.Items); err != nil || d != "" {
			t.Errorf("newest: %v, -want +got\n%s", err, d)
		}
		page, err = db.Alerts(t.Context(), store.Everything, store.Paging{Rows: 1, After: page.Next})
		if d := cmp.Diff(alerts[:1], page.Items); err != nil || d != "" || page.Next != "" {
			t.Errorf("older: %v, next %q, -want +got\n%s", err, page.Next, d)
		}
	})
}

func TestReservationsAreFiltered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var rows []store.Reservation
		for i := range 40 {
			rows = append(rows, store.Reservation{
				Enterprise: 7, ID: db.NewID(), Accounts: []tollgate.ID{tollgate.ID(10 + i), tollgate.ID(100 + i)},
				Call: tollgate.CallID{Device: tollgate.ID(1 + i%2), UniqueID: strconv.Itoa(i)}, Amount: int64(i),
				Detail: []byte("{}"), Until: noon.AddDate(0, 0, i),
			})
		}
		rows[0].Accounts = nil
		err := db.Post(t.Context(), func(p *store.Posting) error {
			inserted, err := live.On(p).Reserve(rows)
			if inserted != len(rows) {
				t.Errorf("%d of %d were inserted", inserted, len(rows))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			filter store.ReservationFilter
			want   []store.Reservation
		}{
			"all":        {store.ReservationFilter{}, rows},
			"an account": {store.ReservationFilter{Account: 11}, rows[1:2]},
			"another":    {store.ReservationFilter{Account: 1}, nil},
			"expired":    {store.ReservationFilter{Expired: noon.AddDate(0, 0, 3)}, rows[:3]},
			"of these names": {
				store.ReservationFilter{Device: 1, Names: []string{"2", "3", "4", "no \x00 name"}},
				[]store.Reservation{rows[2], rows[4]},
			},
			"a device's": {
				store.ReservationFilter{Device: 1, Expired: noon.AddDate(0, 0, 3)}, []store.Reservation{rows[0], rows[2]},
			},
		} {
			var got []store.Reservation
			for paging := (store.Paging{Rows: 7}); ; {
				page, err := db.Reservations(t.Context(), store.Everything, c.filter, paging)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page.Items...)
				if paging.After = page.Next; page.Next == "" {
					break
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", name, d)
			}
		}
	})
}
