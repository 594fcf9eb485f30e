package ledger_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"

	"pgregory.net/rapid"
)

// oracle is what the books ought to say, kept in plain maps.
type oracle struct {
	*shop
	balance  map[tollgate.ID]int64
	used     map[tollgate.ID]int64
	settled  map[string]tollgate.ID    // call → CDR
	unpriced map[string]tollgate.CDR   // calls without a price yet
	held     map[string]bool           // calls in quarantine
	requests map[string]tollgate.Money // key → what was asked first
	first    map[string]tollgate.Transfer
	calls    int64
	charged  int64
}

func newOracle(s *shop) *oracle {
	return &oracle{
		shop: s, balance: map[tollgate.ID]int64{}, used: map[tollgate.ID]int64{},
		settled: map[string]tollgate.ID{}, unpriced: map[string]tollgate.CDR{}, held: map[string]bool{},
		requests: map[string]tollgate.Money{}, first: map[string]tollgate.Transfer{},
	}
}

func (o *oracle) accounts() []tollgate.Account {
	return []tollgate.Account{o.enterprise, o.prepaid, o.quota}
}

// anyCall is a call that is new or was sent before, good or not.
func (o *oracle) anyCall(t *rapid.T) (s ledger.Settlement, want tollgate.Outcome) {
	unique := rapid.IntRange(1, 25).Draw(t, "unique")
	micro := rapid.SampledFrom([]int64{0, 1, 99_999, 1e12}).Draw(t, "micro")
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		s = o.call(unique, micro)
		s.Reason = "no such trunk"
		return s, tollgate.OutcomeQuarantined
	case 1:
		s = o.call(unique, micro)
		s.Purse = 5 // nobody's
		return s, tollgate.OutcomeQuarantined
	case 2:
		s = o.paid(unique, o.usd, micro)
	case 3:
		s = o.paid(unique, o.quota, micro)
		s.Purse, s.Quota = o.enterprise.ID, o.quota.ID
	case 4:
		s = o.call(unique, micro)
	case 5:
		s = o.paid(unique, o.prepaid, 0)
		s.CDR.Customer = tollgate.Charge{Status: tollgate.ChargeUnpriced, Currency: "EUR"}
	default:
		s = o.paid(unique, rapid.SampledFrom(o.accounts()).Draw(t, "payer"), micro)
	}
	return s, tollgate.OutcomeStored
}

// note enters into the oracle what a settlement ought to do, and returns its outcome.
func (o *oracle) note(s *ledger.Settlement, want tollgate.Outcome) tollgate.Outcome {
	key := s.CDR.Call.UniqueID
	if _, again := o.settled[key]; again {
		return tollgate.OutcomeDuplicate
	}
	if want == tollgate.OutcomeQuarantined {
		o.held[key] = true
		return want
	}
	o.settled[key] = 0
	o.calls++
	if s.CDR.Customer.Status == tollgate.ChargeUnpriced {
		o.unpriced[key] = s.CDR
	}
	o.charge(s)
	return want
}

func (o *oracle) charge(s *ledger.Settlement) {
	if s.Purse == o.usd.ID {
		return // priced in another currency
	}
	if s.Quota != 0 {
		o.used[s.Quota] += s.CDR.Customer.Micro
	}
	if s.Purse != 0 {
		o.charged += s.CDR.Customer.Micro
		o.balance[s.Purse] -= s.CDR.Customer.Micro
	}
}

func (o *oracle) settleSome(t *rapid.T) {
	var batch []ledger.Settlement
	var want []tollgate.Outcome
	for range rapid.IntRange(1, 8).Draw(t, "batch") {
		s, outcome := o.anyCall(t)
		batch, want = append(batch, s), append(want, outcome)
	}
	// What is quarantined is decided after what is settled, whatever the order.
	for _, pass := range []bool{false, true} {
		for i := range batch {
			if held := want[i] == tollgate.OutcomeQuarantined; held == pass {
				want[i] = o.note(&batch[i], want[i])
			}
		}
	}
	results, err := o.book.Settle(o.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Outcome != want[i] {
			t.Fatalf("call %s: %+v, want %s", batch[i].CDR.Call.UniqueID, r, want[i])
		}
		if r.Outcome == tollgate.OutcomeQuarantined {
			continue
		}
		if id := o.settled[r.Call.UniqueID]; id != 0 && id != r.CDR {
			t.Fatalf("call %s is CDR %d and was %d", r.Call.UniqueID, r.CDR, id)
		}
		o.settled[r.Call.UniqueID] = r.CDR
	}
}

func (o *oracle) moveMoney(t *rapid.T) {
	a := rapid.SampledFrom(o.accounts()).Draw(t, "account")
	key := a.ID.String() + rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
	amount := tollgate.Money{Currency: "EUR", Micro: rapid.Int64Range(1, 1e9).Draw(t, "amount")}
	do := o.book.Recharge
	if rapid.Bool().Draw(t, "correct") {
		do = o.book.Correct
		amount.Micro = -amount.Micro
	}
	got, err := do(o.Context(), clerk, a.ID, amount, "note", key)
	asked, again := o.requests[key]
	switch {
	case !again:
		if err != nil || got.Amount != max(amount.Micro, -amount.Micro) {
			t.Fatalf("%+v, %v", got, err)
		}
		o.requests[key], o.first[key] = amount, got
		o.balance[a.ID] += amount.Micro
	case asked == amount:
		if err != nil || got != o.first[key] {
			t.Fatalf("the same request again: %+v, %v, want %+v", got, err, o.first[key])
		}
	case tollgate.CodeOf(err) != tollgate.CodeConflict:
		t.Fatalf("another request under the key: %+v, %v", got, err)
	}
}

// priceSome prices calls that had no price, some of them twice.
func (o *oracle) priceSome(t *rapid.T) {
	if len(o.unpriced) == 0 {
		return
	}
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(o.unpriced))).Draw(t, "call")
	s := ledger.Settlement{CDR: o.unpriced[key], Purse: o.prepaid.ID}
	s.CDR.ID = o.settled[key]
	s.CDR.Customer = o.call(1, 777).CDR.Customer
	for i := range 2 {
		n, err := o.book.Price(o.Context(), clerk, "price", []ledger.Settlement{s})
		if err != nil || n != 1-i {
			t.Fatalf("time %d: %d priced, %v", i, n, err)
		}
	}
	delete(o.unpriced, key)
	o.charge(&s)
}

// compare holds the books against the oracle.
func (o *oracle) compare(t *rapid.T) {
	for _, a := range append(o.accounts(), o.usd) {
		got, err := o.db.Account(o.Context(), store.Everything, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Balance != o.balance[a.ID] || got.Used != o.used[a.ID] {
			t.Fatalf("%s: balance %d, used %d, want %d and %d", a.Name, got.Balance, got.Used,
				o.balance[a.ID], o.used[a.ID])
		}
	}
	totals, err := o.db.Totals(o.Context(), store.Scope(o.enterprise.ID), store.CDRFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if sum := amount(totals.Charged); totals.Calls != o.calls || sum != o.charged {
		t.Fatalf("%d calls of %d micro, want %d of %d", totals.Calls, sum, o.calls, o.charged)
	}
	held, err := o.db.QuarantineCount(o.Context(), store.Scope(o.enterprise.ID))
	if err != nil || held != int64(len(o.held)) {
		t.Fatalf("%d in quarantine, %v, want %d", held, err, len(o.held))
	}
}

func amount(sums []store.Amount) int64 {
	total := int64(0)
	for _, s := range sums {
		total += s.Micro
	}
	return total
}

func TestBooksAgreeWithTheOracle(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		book := openBook(t, db)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			s := &shop{T: t, db: db, book: book}
			s.furnish(fmt.Sprint("company ", n))
			o := newOracle(s)
			for range rapid.IntRange(1, 10).Draw(rt, "steps") {
				rapid.SampledFrom([]func(*rapid.T){
					o.settleSome, o.settleSome, o.moveMoney, o.priceSome,
				}).Draw(rt, "step")(rt)
			}
			o.compare(rt)
		})
		s := &shop{T: t, db: db, book: book}
		s.audit()
	})
}
