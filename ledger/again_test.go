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
