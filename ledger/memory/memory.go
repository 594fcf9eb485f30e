// Package memory keeps books in memory. It is a stand-in for package store that
// gives the same answers, for simulations that run millions of operations; a
// property test holds the two against each other. It keeps its books right by
// other means than SQL, so its Check is a second opinion on what ledger does.
package memory

import (
	"context"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// Store is books in memory. It is not safe for concurrent use; the operations
// of a ledger.Book that commits inline come one at a time.
type Store struct {
	// FailBefore and FailAfter are asked at each Post whether it fails before its
	// commit, with nothing done, or after it, with its answer lost; nil: never.
	FailBefore, FailAfter func() bool

	now  func() time.Time
	last tollgate.ID
	undo []func() // what the transaction under way did, to be run backwards

	accounts     map[tollgate.ID]*account
	houses       map[house]tollgate.ID
	keys         map[tollgate.CallID]tollgate.ID
	calls        map[tollgate.ID]*store.Entry
	transfers    map[tollgate.ID]tollgate.Transfer
	requests     map[request]tollgate.ID
	usage        map[store.UsageKey]*store.UsageCount
	reservations map[tollgate.ID]*store.Reservation
	callHolds    map[tollgate.CallID]tollgate.ID // reservation of the call
	quota        []store.QuotaEntry
	quarantine   map[tollgate.Record]store.Quarantined
	alerts       []tollgate.Alert
}

// account is an account and what its rows say besides.
type account struct {
	tollgate.Account
	overdraft string
	worst     int64 // the most that was ever spent beyond the limit
}

type house struct {
	enterprise tollgate.ID
	currency   tollgate.Currency
	name       string
}

type request struct {
	enterprise tollgate.ID
	key        string
}

// New makes empty books. Ids count up from 1.
func New(now func() time.Time) *Store {
	return &Store{
		now:      now,
		accounts: map[tollgate.ID]*account{}, houses: map[house]tollgate.ID{},
		keys: map[tollgate.CallID]tollgate.ID{}, calls: map[tollgate.ID]*store.Entry{},
		transfers: map[tollgate.ID]tollgate.Transfer{}, requests: map[request]tollgate.ID{},
		usage:        map[store.UsageKey]*store.UsageCount{},
		reservations: map[tollgate.ID]*store.Reservation{}, callHolds: map[tollgate.CallID]tollgate.ID{},
		quarantine: map[tollgate.Record]store.Quarantined{},
	}
}

var _ ledger.Store = (*Store)(nil)

// NewID returns an id that nothing has.
func (s *Store) NewID() tollgate.ID {
	s.last++
	return s.last
}

// Post runs fn in one transaction: see ledger.Store.
func (s *Store) Post(_ context.Context, fn func(ledger.Posting) error) error {
	s.undo = s.undo[:0]
	err := fn(posting{s})
	if err == nil && s.FailBefore != nil && s.FailBefore() {
		err = tollgate.Errorf(tollgate.CodeUnavailable, "failed before the commit")
	}
	if err != nil {
		for i := len(s.undo) - 1; i >= 0; i-- {
			s.undo[i]()
		}
		return err
	}
	if s.FailAfter != nil && s.FailAfter() {
		return tollgate.Errorf(tollgate.CodeUnavailable, "failed after the commit")
	}
	return nil
}

// put sets a key of a map, and knows how it was.
func put[K comparable, V any](s *Store, m map[K]V, k K, v V) {
	old, was := m[k]
	s.undo = append(s.undo, func() {
		if was {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
	m[k] = v
}

// remove deletes a key of a map, and knows how it was.
func remove[K comparable, V any](s *Store, m map[K]V, k K) {
	if old, was := m[k]; was {
		s.undo = append(s.undo, func() { m[k] = old })
		delete(m, k)
	}
}

// keep knows how a value was that is about to be edited.
func keep[V any](s *Store, v *V) {
	old := *v
	s.undo = append(s.undo, func() { *v = old })
}

// PutAccount stores an account as store.Change does: one without an ID gets one,
// and of one that is there the balance, what is reserved and what is used stay.
func (s *Store) PutAccount(a *tollgate.Account) {
	old := s.accounts[a.ID]
	if old == nil {
		if a.ID == 0 {
			a.ID = s.NewID()
		}
		if a.Kind == tollgate.KindEnterprise {
			a.Enterprise = a.ID
		}
		old = &account{}
		s.accounts[a.ID] = old
	}
	a.Balance, a.Reserved, a.Used, a.PeriodStart = old.Balance, old.Reserved, old.Used, old.PeriodStart
	old.Account = *a
	old.limit("terms changed")
}

// Account returns an account; CodeNotFound when it is not in the scope.
func (s *Store) Account(_ context.Context, scope store.Scope, id tollgate.ID) (tollgate.Account, error) {
	a := s.accounts[id]
	if a == nil || scope != store.Everything && scope != store.Scope(a.Enterprise) {
		return tollgate.Account{}, tollgate.Errorf(tollgate.CodeNotFound, "account %d does not exist", id)
	}
	return a.Account, nil
}

// limit records the reason when the account went below its limit, and how far.
func (a *account) limit(reason string) {
	a.worst = max(a.worst, a.over())
	switch {
	case a.Mode != tollgate.ModePrepaid || a.Balance-a.Reserved >= -a.CreditLimit:
		a.overdraft = ""
	case a.overdraft == "":
		a.overdraft = reason
	}
}

// over is how much was spent that the account did not have.
func (a *account) over() int64 {
	switch {
	case a.Kind == tollgate.KindHouse || !a.Limited():
		return 0
	case a.Mode == tollgate.ModeQuota:
		return max(0, a.Used-a.Allowance)
	}
	return max(0, -a.Balance-a.CreditLimit)
}

// PutAlert keeps an alert: see store.DB.
func (s *Store) PutAlert(_ context.Context, a *tollgate.Alert) error {
	if a.ID == 0 {
		a.ID = s.NewID()
	}
	if a.At.IsZero() {
		a.At = s.now().UTC().Truncate(time.Microsecond)
	}
	s.alerts = append(s.alerts, *a)
	return nil
}

// Alerts returns every alert, oldest first.
func (s *Store) Alerts() []tollgate.Alert { return s.alerts }
