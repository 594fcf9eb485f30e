package ledger_test

import (
	"sync"
	"testing"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/outbox"
)

// A call that nobody was found to pay gets its payer and is charged in one commit,
// once, whoever asks how often, though it belonged to no enterprise before.
func TestPayerFoundLater(t *testing.T) {
	eachShop(t, func(s *shop) {
		orphan := s.call(1, 0)
		orphan.CDR.Enterprise, orphan.CDR.Customer = 0, tollgate.Charge{Status: tollgate.ChargeNone}
		kept := s.paid(2, s.usd, 0)
		results := s.settle(orphan, kept)
		found := s.paid(1, s.prepaid, 700)
		found.CDR.ID, found.Quota, found.CDR.Number.Private = results[0].CDR, s.quota.ID, true
		taken := s.paid(2, s.prepaid, 700) // somebody pays for this one already
		taken.CDR.ID = results[1].CDR
		var counts [3]int
		var pressed sync.WaitGroup
		for i := range counts {
			pressed.Go(func() {
				n, err := s.book.Price(s.Context(), clerk, "find who pays", []ledger.Settlement{found, taken})
				if counts[i] = n; err != nil {
					s.Error(err)
				}
			})
		}
		pressed.Wait()
		if counts[0]+counts[1]+counts[2] != 1 {
			s.Errorf("%v calls changed, want one, once", counts)
		}
		if got, used := s.balance(s.prepaid), s.account(s.quota).Used; got != -700 || used != 700 {
			s.Errorf("balance %d and used %d, want -700 and 700", got, used)
		}
		c, err := s.db.CDR(s.Context(), store.Scope(s.enterprise.ID), results[0].CDR)
		if err != nil || c.Payer != s.prepaid.ID || c.Customer.Micro != 700 || !c.Number.Private {
			s.Errorf("got %+v, %v", c, err)
		}
		found.CDR.ID = 0
		if r := s.settle(found)[0]; r.Outcome != tollgate.OutcomeDuplicate || r.CDR != results[0].CDR {
			s.Errorf("sent again: %+v", r)
		}
		rows, err := outbox.Unpaid(s.Context(), s.db, store.Scope(s.enterprise.ID), 0, 10)
		if err != nil || len(rows) != 2 || !rows[0].Private {
			s.Errorf("the accounting gets %+v, %v", rows, err)
		}
		s.audit()
	})
}
