package ledger

import (
	"context"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"
	"tollgate/store/live"
	"tollgate/store/outbox"
)

// Store is what keeps the books: a store.DB, or a stand-in for it that says
// the same, such as package memory.
type Store interface {
	// Post runs fn in one transaction and returns after the commit. An error of fn
	// undoes everything; fn may run again. When Post fails otherwise it is not known
	// whether the commit happened.
	Post(ctx context.Context, fn func(Posting) error) error
	// NewID returns an id that nothing has.
	NewID() tollgate.ID
}

// Posting is one transaction on the books. Its methods write many rows at once
// and decide nothing; package store says what each does.
type Posting interface {
	Calls
	Money
	Holding
	Quotas
}

// Calls is what is done with calls.
type Calls interface {
	Claim(entries []store.Entry) (holders []tollgate.ID, err error)
	Holders(calls []tollgate.CallID) ([]tollgate.ID, error)
	InsertEntries(entries []store.Entry) error
	AddUsage(counters []store.Usage) error
	Quarantine(rows []store.Quarantined) error
	Release(quarantined []tollgate.ID) error
	StoredEntry(enterprise, id tollgate.ID) (store.Entry, error)
	UpdateCharges(old *tollgate.CDR, e *store.Entry) (changed bool, err error)
}

// Money is what is done with accounts and transfers.
type Money interface {
	Purse(id tollgate.ID) (store.Purse, error)
	House(enterprise tollgate.ID, currency tollgate.Currency, name string) (tollgate.ID, error)
	InsertTransfers(transfers []tollgate.Transfer) error
	AddBalances(deltas []store.Delta) error
	ClaimRequest(enterprise tollgate.ID, key string, transfer tollgate.ID) (*tollgate.Transfer, error)
	Log(a store.Actor, action, object string, after any) error
}

// Holding is what is done with reservations.
type Holding interface {
	Rooms(accounts, touched []tollgate.ID) ([]live.Room, error)
	Held(ids []tollgate.ID) ([]store.Reservation, error)
	Drop(ids []tollgate.ID) ([]store.Reservation, error)
	Reserve(rows []store.Reservation) (inserted int, err error)
	Rewrite(rows []store.Reservation) error
}

// Quotas is what is done with what quota accounts have used.
type Quotas interface {
	Quota(account tollgate.ID) (tollgate.Account, error)
	ChangeQuota(entry store.QuotaEntry) error
	QuotaRequest(enterprise, id tollgate.ID, key string) (*store.QuotaEntry, error)
}

// shelf is a store.DB as a Store.
type shelf struct {
	*store.DB
	beside bool // another process may keep the daybook
}

func (s shelf) Post(ctx context.Context, fn func(Posting) error) error {
	return s.DB.Post(ctx, func(p *store.Posting) error {
		if s.beside {
			if err := daybook.Beside(p); err != nil {
				return err
			}
		}
		return fn(tables{p, live.On(p)})
	})
}

// tables is a transaction of a shelf.
type tables struct {
	*store.Posting
	live.Rows
}

// UpdateCharges is the posting's; what the accounting gets follows who pays.
func (t tables) UpdateCharges(old *tollgate.CDR, e *store.Entry) (changed bool, err error) {
	changed, err = t.Posting.UpdateCharges(old, e)
	if err == nil && changed && old.Unpaid() && !e.CDR.Unpaid() {
		err = outbox.Follow(t.Posting, e)
	}
	return changed, err
}

// Try runs fn. What it did is undone if it failed, and the transaction goes on,
// unless there is an error.
func (t tables) Try(fn func() error) (failed, err error) { return t.Tx().Try(fn) }
