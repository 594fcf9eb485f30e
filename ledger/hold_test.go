package ledger_test

import (
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// held is a hold of a new call on an account and its enterprise, if that has a limit.
func (s *shop) held(unique string, micro int64, by ...tollgate.Account) ledger.Hold {
	h := ledger.Hold{
		Enterprise: s.enterprise.ID, ID: s.db.NewID(), To: micro, Until: noon, Detail: []byte(`{"call":"` + unique + `"}`),
		Call: tollgate.CallID{Device: s.device.ID, UniqueID: unique, Leg: 1},
	}
	for _, a := range by {
		h.Accounts = append(h.Accounts, a.ID)
	}
	return h
}

func (s *shop) hold(h ledger.Hold) ledger.Held {
	s.Helper()
	held, err := s.book.Hold(s.Context(), h)
	if err != nil {
		s.Fatal(err)
	}
	return held
}

func (s *shop) recharge(a tollgate.Account, micro int64) {
	s.Helper()
	_, err := s.book.Recharge(s.Context(), clerk, a.ID, tollgate.Money{Micro: micro, Currency: a.Currency}, "", "")
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) account(a tollgate.Account) tollgate.Account {
	s.Helper()
	a, err := s.db.Account(s.Context(), store.Everything, a.ID)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// allow gives the quota account so much to use.
func (s *shop) allow(micro int64) {
	s.Helper()
	s.quota.Allowance = micro
	s.change(func(c *store.Change) error { return c.PutAccount(&s.quota) })
}

// holdSome leaves a reservation on the quota account, which was corrected and reset.
func (s *shop) holdSome() {
	s.Helper()
	s.allow(1000)
	used := tollgate.Money{Micro: 7, Currency: "EUR"}
	if err := s.book.CorrectUsed(s.Context(), clerk, s.quota.ID, used, "", ""); err != nil {
		s.Fatal(err)
	}
	if done, err := s.book.ResetQuota(s.Context(), s.enterprise.ID, s.quota.ID, noon); err != nil || !done {
		s.Fatal(done, err)
	}
	if held := s.hold(s.held("open", 100, s.quota)); held.Refused {
		s.Fatalf("%+v", held)
	}
}

func (s *shop) checkReserved(a tollgate.Account, want int64) {
	s.Helper()
	if got := s.account(a).Reserved; got != want {
		s.Errorf("%s: reserved %d, want %d", a.Name, got, want)
	}
}

func TestHoldGrowsShrinksAndIsSettled(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.recharge(s.prepaid, 1000)
		h := s.held("a", 600, s.prepaid)
		if got := s.hold(h); got != (ledger.Held{Room: 400}) {
			s.Errorf("new: %+v", got)
		}
		if got := s.hold(h); got != (ledger.Held{Room: 400}) { // as after an answer that was lost
			s.Errorf("the same again: %+v", got)
		}
		h.From, h.To = 600, 1001
		if got := s.hold(h); got != (ledger.Held{Refused: true, Short: s.prepaid.ID, Room: 400}) {
			s.Errorf("more than there is: %+v", got)
		}
		s.checkReserved(s.prepaid, 600)
		h.To, h.Until, h.Detail = 1000, noon.Add(time.Minute), []byte("later")
		if got := s.hold(h); got != (ledger.Held{}) {
			s.Errorf("all there is: %+v", got)
		}
		rows, err := s.db.Reservations(s.Context(), store.Everything, store.ReservationFilter{}, store.Paging{})
		if err != nil || len(rows.Items) != 1 || rows.Items[0].Amount != 1000 || string(rows.Items[0].Detail) != "later" ||
			rows.Items[0].Call != h.Call || !rows.Items[0].Until.Equal(h.Until) || rows.Items[0].Accounts[0] != s.prepaid.ID {
			s.Errorf("stored: %+v, %v", rows, err)
		}
		h.From, h.To = 1000, 300
		if got := s.hold(h); got != (ledger.Held{Room: 700}) {
			s.Errorf("less: %+v", got)
		}
		s.audit()
		call := s.paid(1, s.prepaid, 250)
		call.Reservation = h.ID
		for range 2 { // the second is a duplicate
			s.settle(call)
			a := s.account(s.prepaid)
			if a.Reserved != 0 || a.Balance != 750 {
				s.Errorf("settled: reserved %d, balance %d, want 0 and 750", a.Reserved, a.Balance)
			}
		}
		h.From = 300
		if _, err := s.book.Hold(s.Context(), h); tollgate.CodeOf(err) != tollgate.CodeConflict {
			s.Errorf("holding for a settled call: %v, want a conflict", err)
		}
		s.audit()
	})
}
