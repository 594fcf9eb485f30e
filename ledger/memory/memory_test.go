package memory_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/ledger/memory"
	"tollgate/store"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// open opens books with an enterprise and an account that has 1,000 to spend.
func open(t testing.TB) (m *memory.Store, b *ledger.Book, user tollgate.Account) {
	t.Helper()
	m = memory.New(atNoon)
	b = ledger.NewOn(m, ledger.Options{Now: atNoon, Inline: true})
	head := tollgate.Account{Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: "acme", Currency: "EUR"}
	m.PutAccount(&head)
	user = tollgate.Account{
		Enterprise: head.ID, Parent: head.ID, Kind: tollgate.KindUser, Mode: tollgate.ModePrepaid,
		Name: "Erika", Currency: "EUR",
	}
	m.PutAccount(&user)
	euro := tollgate.Money{Micro: 1000, Currency: "EUR"}
	if _, err := b.Recharge(t.Context(), store.Actor{}, user.ID, euro, "", ""); err != nil {
		t.Fatal(err)
	}
	return m, b, user
}

func hold(m *memory.Store, user *tollgate.Account, unique string, micro int64) ledger.Hold {
	return ledger.Hold{
		Enterprise: user.Enterprise, ID: m.NewID(), Accounts: []tollgate.ID{user.ID}, To: micro,
		Call: tollgate.CallID{Device: 7, UniqueID: unique}, Until: noon,
	}
}

func settlement(user *tollgate.Account, h *ledger.Hold, micro int64) []ledger.Settlement {
	return []ledger.Settlement{{
		CDR: tollgate.CDR{
			Enterprise: user.Enterprise, Call: h.Call, Start: noon, Answer: noon, End: noon.Add(time.Minute),
			Payer: user.ID, Customer: tollgate.Charge{Status: tollgate.ChargePriced, Micro: micro, Currency: "EUR"},
		},
		Purse: user.ID, Reservation: h.ID,
	}}
}

// Whatever fails before or after its commit, and is done again until it is
// answered, is done once; and what can be spent is never spent twice.
func TestFailuresBeforeAndAfterTheCommit(t *testing.T) {
	for seed := range uint64(200) {
		m, b, user := open(t)
		dice := rand.New(rand.NewPCG(seed, 1))
		m.FailBefore = func() bool { return dice.IntN(3) == 0 }
		m.FailAfter = func() bool { return dice.IntN(3) == 0 }
		failed := 0
		again := func(do func() error) {
			for do() != nil {
				failed++
			}
		}
		ctx, spent := t.Context(), int64(0)
		for call := range 40 {
			h := hold(m, &user, strconv.Itoa(call), 1+dice.Int64N(200))
			var held ledger.Held
			again(func() (err error) { held, err = b.Hold(ctx, h); return err })
			if held.Refused {
				continue
			}
			if dice.IntN(4) == 0 {
				again(func() error { _, err := b.Release(ctx, user.Enterprise, h.ID); return err })
				continue
			}
			calls := settlement(&user, &h, h.To)
			again(func() error { _, err := b.Settle(ctx, calls); return err })
			spent += h.To
		}
		m.FailBefore, m.FailAfter = nil, nil
		if err := m.Check(); err != nil || failed == 0 {
			t.Fatalf("seed %d: %d failed, %v", seed, failed, err)
		}
		a, err := m.Account(ctx, store.Everything, user.ID)
		if err != nil || a.Balance != 1000-spent || a.Reserved != 0 || spent > 1000 || len(m.Overspent()) != 0 {
			t.Fatalf("seed %d: spent %d, %+v, %v", seed, spent, a, err)
		}
	}
}

// What is spent beyond the limit is remembered, also when it is paid later.
func TestOverspentIsRemembered(t *testing.T) {
	m, b, user := open(t)
	h := hold(m, &user, "1", 1000)
	if held, err := b.Hold(t.Context(), h); err != nil || held.Refused {
		t.Fatal(held, err)
	}
	if _, err := b.Settle(t.Context(), settlement(&user, &h, 1007)); err != nil {
		t.Fatal(err)
	}
	euro := tollgate.Money{Micro: 500, Currency: "EUR"}
	if _, err := b.Recharge(t.Context(), store.Actor{}, user.ID, euro, "", ""); err != nil {
		t.Fatal(err)
	}
	if got := m.Overspent(); len(got) != 1 || got[user.ID] != 7 {
		t.Errorf("overspent %v, want 7 by %d", got, user.ID)
	}
	if err := m.Check(); err != nil {
		t.Error(err)
	}
}

// BenchmarkPair holds money for a call and settles it, one after the other, in
// books of 2,000 calls.
func BenchmarkPair(b *testing.B) {
	const calls = 2000
	var m *memory.Store
	var book *ledger.Book
	var user tollgate.Account
	ctx := context.Background()
	for i := 0; b.Loop(); i++ {
		if i%calls == 0 {
			m, book, user = open(b)
		}
		h := hold(m, &user, strconv.Itoa(i), 100)
		if held, err := book.Hold(ctx, h); err != nil || held.Refused {
			b.Fatal(held, err)
		}
		s := settlement(&user, &h, 60)
		if i%2 == 0 {
			s[0].CDR.Customer.Micro = 0
		}
		if i%20 == 1 {
			euro := tollgate.Money{Micro: 600, Currency: "EUR"}
			if _, err := book.Recharge(ctx, store.Actor{}, user.ID, euro, "", ""); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := book.Settle(ctx, s); err != nil {
			b.Fatal(err)
		}
	}
}
