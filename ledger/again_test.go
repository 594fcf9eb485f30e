package ledger_test

import (
	"testing"

	"tollgate"
)

// Settlements that are sent again with the ids they were given, as after a
// commit whose answer was lost, are known for what they are: no error, no
// second charge.
func TestSettledSettlementsSentAgain(t *testing.T) {
	eachShop(t, func(s *shop) {
		first := s.settle(s.paid(1, s.prepaid, 700), s.paid(2, s.prepaid, 300))
		again := s.paid(1, s.prepaid, 700)
		again.CDR.ID = first[0].CDR
		got := s.settle(again, s.paid(2, s.prepaid, 300), s.paid(3, s.prepaid, 50))
		want := []tollgate.Outcome{tollgate.OutcomeStored, tollgate.OutcomeDuplicate, tollgate.OutcomeStored}
		for i := range want {
			if got[i].Outcome != want[i] || i < 2 && got[i].CDR != first[i].CDR {
				t.Errorf("call %d: got %+v, want %s", i+1, got[i], want[i])
			}
		}
		if b := s.balance(s.prepaid); b != -1050 {
			t.Errorf("balance %d, want -1050", b)
		}
	})
}

// A hold that is asked for again, because its answer was lost, is as asked even
// when it took all there was, and takes nothing a second time.
func TestHoldSentAgain(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.recharge(s.prepaid, 1000)
		h := s.held("a", 700, s.prepaid)
		for range 3 {
			if got := s.hold(h); got.Refused || got.Room != 300 {
				t.Errorf("700 of 1000: %+v, want room for 300", got)
			}
		}
		if got := s.hold(s.held("b", 301, s.prepaid)); !got.Refused {
			t.Errorf("301 of 300: %+v, want refused", got)
		}
		if got := s.hold(s.held("c", 300, s.prepaid)); got.Refused {
			t.Errorf("300 of 300: %+v, want held", got)
		}
		other := h
		other.To = 600
		if _, err := s.book.Hold(s.Context(), other); tollgate.CodeOf(err) != tollgate.CodeConflict {
			t.Errorf("the same reservation with another amount: %v, want a conflict", err)
		}
		s.checkReserved(s.prepaid, 1000)
	})
}
