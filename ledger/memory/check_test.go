package memory

import (
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// books are sound: a call that was paid, one that a quota counts, one for which
// money is held.
func books(t *testing.T) (m *Store, user, quota *account, paid *store.Entry, held *store.Reservation) {
	t.Helper()
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	m = New(func() time.Time { return at })
	b := ledger.NewOn(m, ledger.Options{Now: m.now, Inline: true})
	head := tollgate.Account{Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Currency: "EUR"}
	m.PutAccount(&head)
	one := tollgate.Account{Enterprise: head.ID, Kind: tollgate.KindUser, Mode: tollgate.ModePrepaid, Currency: "EUR"}
	two := one
	two.Mode, two.Allowance = tollgate.ModeQuota, 100
	m.PutAccount(&one)
	m.PutAccount(&two)
	call := func(unique string) ledger.Settlement {
		return ledger.Settlement{Purse: one.ID, CDR: tollgate.CDR{
			Enterprise: head.ID, Call: tollgate.CallID{Device: 7, UniqueID: unique}, Start: at, Payer: one.ID,
			Customer: tollgate.Charge{Status: tollgate.ChargePriced, Micro: 60, Currency: "EUR"},
		}}
	}
	counted := call("counted")
	counted.Purse, counted.Quota = 0, two.ID
	_, err := b.Settle(t.Context(), []ledger.Settlement{call("paid"), counted})
	if err != nil {
		t.Fatal(err)
	}
	h := ledger.Hold{
		Enterprise: head.ID, ID: m.NewID(), Call: tollgate.CallID{Device: 7, UniqueID: "open"},
		Accounts: []tollgate.ID{two.ID}, To: 30,
	}
	if got, err := b.Hold(t.Context(), h); err != nil || got.Refused {
		t.Fatal(got, err)
	}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	return m, m.accounts[one.ID], m.accounts[two.ID], m.calls[m.keys[call("paid").CDR.Call]], m.reservations[h.ID]
}

// Whatever is wrong in the books is found.
func TestCheckFindsWhatIsPlanted(t *testing.T) {
	m, user, quota, paid, held := books(t)
	transfer := m.transfers[paid.CDR.ID]
	change := func(edit func(*tollgate.Transfer)) func() {
		return func() {
			t := transfer
			edit(&t)
			m.transfers[t.ID] = t
		}
	}
	for name, damage := range map[string][2]func(){
		"a balance": {func() { user.Balance++ }, func() { user.Balance-- }},
		"an amount": {
			change(func(t *tollgate.Transfer) { t.Amount++ }), change(func(*tollgate.Transfer) {}),
		},
		"an account of a transfer": {
			change(func(t *tollgate.Transfer) { t.Debit = t.Credit }), change(func(*tollgate.Transfer) {}),
		},
		"a transfer that is lost": {func() { delete(m.transfers, transfer.ID) }, change(func(*tollgate.Transfer) {})},
		"an overdraft":            {func() { user.overdraft = "" }, func() { user.overdraft = "terms changed" }},
		"an overdraft's reason":   {func() { user.overdraft = "transfer 5" }, func() { user.overdraft = "terms changed" }},
		"reserved":                {func() { quota.Reserved = 0 }, func() { quota.Reserved = 30 }},
		"a reservation's accounts": {
			func() { held.Accounts[0] = paid.CDR.Enterprise }, func() { held.Accounts[0] = quota.ID },
		},
		"a reservation's enterprise": {func() { held.Enterprise++ }, func() { held.Enterprise-- }},
		"a reservation's call":       {func() { held.Call.Leg++ }, func() { held.Call.Leg-- }},
		"a call's key":               {func() { m.keys[paid.CDR.Call]++ }, func() { m.keys[paid.CDR.Call]-- }},
		"a call's price":             {func() { paid.CDR.Customer.Micro++ }, func() { paid.CDR.Customer.Micro-- }},
		"a call's purse":             {func() { paid.Purse = 0 }, func() { paid.Purse = user.ID }},
		"a call that is lost":        {func() { delete(m.calls, paid.CDR.ID) }, func() { m.calls[paid.CDR.ID] = paid }},
		"used":                       {func() { quota.Used++ }, func() { quota.Used-- }},
		"a change of a quota": {
			func() { m.quota = append(m.quota, store.QuotaEntry{Account: quota.ID, Amount: 1}) }, func() { m.quota = nil },
		},
	} {
		damage[0]()
		if m.Check() == nil {
			t.Errorf("nobody noticed that there was damage to %s", name)
		}
		damage[1]()
		if err := m.Check(); err != nil {
			t.Fatalf("%s: after the mending: %v", name, err)
		}
	}
}
