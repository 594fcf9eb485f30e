package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"tollgate"
	"tollgate/store"
)

// Reservations lists the money held for calls in progress: see store.DB. All of
// them are one page.
func (s *Store) Reservations(_ context.Context, scope store.Scope, f store.ReservationFilter, _ store.Paging) (
	store.Page[store.Reservation], error,
) {
	page := store.Page[store.Reservation]{Items: []store.Reservation{}}
	for _, id := range slices.Sorted(maps.Keys(s.reservations)) {
		r := s.reservations[id]
		if (scope == store.Everything || scope == store.Scope(r.Enterprise)) &&
			(f.Account == 0 || slices.Contains(r.Accounts, f.Account)) &&
			(f.Device == 0 || f.Device == r.Call.Device) &&
			(f.Call == tollgate.CallID{} || f.Call == r.Call) &&
			(len(f.Names) == 0 || slices.Contains(f.Names, r.Call.UniqueID)) &&
			(f.Expired.IsZero() || r.Until.Before(f.Expired)) {
			page.Items = append(page.Items, *r)
		}
	}
	return page, nil
}

// Calls returns how many calls are in the books.
func (s *Store) Calls() int { return len(s.calls) }

// Call returns the call with that key, nil when it is not in the books.
func (s *Store) Call(key tollgate.CallID) *tollgate.CDR {
	if e := s.calls[s.keys[key]]; e != nil {
		return e.CDR
	}
	return nil
}

// Quarantine lists what could not be understood, newest first: see store.DB. All
// of it is one page.
func (s *Store) Quarantine(_ context.Context, scope store.Scope, _ store.Paging) (
	store.Page[store.Quarantined], error,
) {
	page := store.Page[store.Quarantined]{Items: []store.Quarantined{}}
	for _, q := range s.quarantine {
		if scope == store.Everything || scope == store.Scope(q.Enterprise) {
			page.Items = append(page.Items, q)
		}
	}
	slices.SortFunc(page.Items, func(a, b store.Quarantined) int { return cmp.Compare(b.ID, a.ID) })
	return page, nil
}

// Overspent returns by account the most that was ever spent beyond its limit,
// in micro-units, of those where it was more than 0.
func (s *Store) Overspent() map[tollgate.ID]int64 {
	worst := map[tollgate.ID]int64{}
	for id, a := range s.accounts {
		if a.worst > 0 {
			worst[id] = a.worst
		}
	}
	return worst
}
