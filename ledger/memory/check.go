package memory

import (
	"errors"
	"fmt"
	"strings"

	"tollgate"
	"tollgate/store"
)

// Check says what is wrong with the books, by the rules of package audit; nil
// when they are right.
func (s *Store) Check() error {
	return errors.Join(s.checkMoney(), s.checkReserved(), s.checkCalls(), s.checkQuotas())
}

func (s *Store) checkMoney() (err error) {
	balances, sums := map[tollgate.ID]int64{}, map[house]int64{}
	for _, t := range s.transfers {
		balances[t.Debit] -= t.Amount
		balances[t.Credit] += t.Amount
		debit, credit := s.accounts[t.Debit], s.accounts[t.Credit]
		if debit == nil || credit == nil || debit == credit || t.Amount <= 0 ||
			debit.Enterprise != t.Enterprise || credit.Enterprise != t.Enterprise ||
			debit.Currency != t.Currency || credit.Currency != t.Currency {
			err = errors.Join(err, fmt.Errorf("transfer %d does not join two accounts of its enterprise and currency", t.ID))
		}
	}
	for id, a := range s.accounts {
		sums[house{enterprise: a.Enterprise, currency: a.Currency}] += a.Balance
		if a.Balance != balances[id] {
			err = errors.Join(err, fmt.Errorf("account %d: balance %d, transfers %d", id, a.Balance, balances[id]))
		}
		if a.Mode == tollgate.ModePrepaid && a.Balance-a.Reserved < -a.CreditLimit && !s.excused(a) {
			err = errors.Join(err, fmt.Errorf("account %d: below its limit for the reason %q", id, a.overdraft))
		}
	}
	for of, sum := range sums {
		if sum != 0 {
			err = errors.Join(err, fmt.Errorf("balances of enterprise %d in %s sum to %d", of.enterprise, of.currency, sum))
		}
	}
	return err
}

// excused reports whether the reason of an overdraft is a sound one.
func (s *Store) excused(a *account) bool {
	text, by := strings.CutPrefix(a.overdraft, store.OverdraftByTransfer)
	if !by {
		return a.overdraft != ""
	}
	var id tollgate.ID
	return id.UnmarshalText([]byte(text)) == nil && s.transfers[id].Debit == a.ID
}

func (s *Store) checkReserved() (err error) {
	sums := map[tollgate.ID]int64{}
	for id, r := range s.reservations {
		for _, account := range r.Accounts {
			sums[account] += r.Amount
			if a := s.accounts[account]; a == nil || a.Enterprise != r.Enterprise {
				err = errors.Join(err, fmt.Errorf("reservation %d names account %d of another enterprise", id, account))
			}
		}
		if s.callHolds[r.Call] != id || r.Amount < 0 {
			err = errors.Join(err, fmt.Errorf("reservation %d of %d: call %s has reservation %d",
				id, r.Amount, r.Call, s.callHolds[r.Call]))
		}
	}
	for id, a := range s.accounts {
		if a.Reserved != sums[id] {
			err = errors.Join(err, fmt.Errorf("account %d: reserved %d, reservations %d", id, a.Reserved, sums[id]))
		}
	}
	return err
}

func (s *Store) checkCalls() (err error) {
	charges := 0
	usage := map[store.UsageKey]store.UsageCount{}
	for id, e := range s.calls {
		c := e.CDR
		if s.keys[c.Call] != id {
			err = errors.Join(err, fmt.Errorf("call %d: its key leads to %d", id, s.keys[c.Call]))
		}
		n := usage[store.UsageKeyOf(c)]
		n.Add(c, 1)
		usage[store.UsageKeyOf(c)] = n
		if e.Purse == 0 || c.Customer.Micro == 0 || e.Unposted != "" {
			continue
		}
		charges++
		t := s.transfers[id]
		if t.Kind != tollgate.TransferCharge || t.CDR != id || t.Amount != c.Customer.Micro || t.Debit != e.Purse {
			err = errors.Join(err, fmt.Errorf("call %d of %d to account %d: transfer %+v", id, c.Customer.Micro, e.Purse, t))
		}
	}
	for _, t := range s.transfers {
		if t.Kind == tollgate.TransferCharge {
			charges--
		}
	}
	if charges != 0 || len(s.keys) != len(s.calls) {
		err = errors.Join(err, fmt.Errorf("%d calls, %d keys, %d charges missing", len(s.calls), len(s.keys), charges))
	}
	for key, n := range s.usage {
		if *n != usage[key] {
			err = errors.Join(err, fmt.Errorf("usage %+v: counted %+v, calls %+v", key, *n, usage[key]))
		}
		delete(usage, key)
	}
	if len(usage) != 0 {
		err = errors.Join(err, fmt.Errorf("usage not counted: %+v", usage))
	}
	return err
}

func (s *Store) checkQuotas() (err error) {
	used := map[tollgate.ID]int64{}
	for _, e := range s.calls {
		if e.Quota != 0 && e.Unposted == "" {
			used[e.Quota] += e.CDR.Customer.Micro
		}
	}
	for _, q := range s.quota {
		used[q.Account] += q.Amount
	}
	for id, a := range s.accounts {
		if a.Used != used[id] {
			err = errors.Join(err, fmt.Errorf("account %d: used %d, calls and changes %d", id, a.Used, used[id]))
		}
	}
	return err
}
