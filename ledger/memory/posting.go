package memory

import (
	"slices"

	"tollgate"
	"tollgate/store"
	"tollgate/store/live"
)

// posting is one transaction on the books: see ledger.Posting.
type posting struct{ *Store }

func notFound(id tollgate.ID) error {
	return tollgate.Errorf(tollgate.CodeNotFound, "account %d does not exist", id)
}

func (p posting) Claim(entries []store.Entry) (holders []tollgate.ID, err error) {
	all := true
	for i := range entries {
		c := entries[i].CDR
		if p.keys[c.Call] == 0 {
			put(p.Store, p.keys, c.Call, c.ID)
		} else {
			all = false
		}
	}
	if all {
		return nil, nil
	}
	holders = make([]tollgate.ID, len(entries))
	for i := range entries {
		holders[i] = p.keys[entries[i].CDR.Call]
	}
	return holders, nil
}

func (p posting) Holders(calls []tollgate.CallID) ([]tollgate.ID, error) {
	holders := make([]tollgate.ID, len(calls))
	for i, call := range calls {
		holders[i] = p.keys[call]
	}
	return holders, nil
}

func (p posting) InsertEntries(entries []store.Entry) error {
	for i := range entries {
		e := entries[i]
		c := *e.CDR
		e.CDR = &c
		if p.calls[c.ID] != nil {
			return tollgate.Errorf(tollgate.CodeConflict, "call %d exists already", c.ID)
		}
		put(p.Store, p.calls, c.ID, &e)
	}
	return nil
}

func (p posting) AddUsage(counters []store.Usage) error {
	for i := range counters {
		u := &counters[i]
		n := p.usage[u.UsageKey]
		if n == nil {
			n = &store.UsageCount{}
			put(p.Store, p.usage, u.UsageKey, n)
		}
		keep(p.Store, n)
		n.Calls += u.Calls
		n.Answered += u.Answered
		n.Talked += u.Talked
		n.Billed += u.Billed
		n.Micro += u.Micro
		n.CostMicro += u.CostMicro
	}
	return nil
}

func (p posting) Quarantine(rows []store.Quarantined) error {
	for _, q := range rows {
		key := q.Record
		if key.Raw != "" {
			key = tollgate.Record{Call: key.Call, Raw: key.Raw}
		}
		if old, was := p.quarantine[key]; was {
			old.Reason, old.Enterprise = q.Reason, q.Enterprise
			q = old
		}
		if q.ID == 0 {
			q.ID, q.Received = p.NewID(), p.now()
		}
		put(p.Store, p.quarantine, key, q)
	}
	return nil
}

func (p posting) Release(ids []tollgate.ID) error {
	if len(ids) == 0 {
		return nil
	}
	for key, q := range p.quarantine {
		if slices.Contains(ids, q.ID) {
			remove(p.Store, p.quarantine, key)
		}
	}
	return nil
}

func (p posting) StoredEntry(enterprise, id tollgate.ID) (store.Entry, error) {
	e := p.calls[id]
	if e == nil || e.CDR.Enterprise != enterprise && e.CDR.Enterprise != 0 {
		return store.Entry{}, tollgate.Errorf(tollgate.CodeNotFound, "call %d does not exist", id)
	}
	stored, c := *e, *e.CDR
	stored.CDR = &c
	return stored, nil
}

func (p posting) UpdateCharges(old *tollgate.CDR, e *store.Entry) (changed bool, err error) {
	stored := p.calls[old.ID]
	if stored == nil || stored.CDR.Customer.Status != old.Customer.Status || stored.CDR.Cost.Status != old.Cost.Status ||
		stored.CDR.Payer != old.Payer || stored.CDR.PaidBy != old.PaidBy {
		return false, nil
	}
	c := *e.CDR
	priced := *e
	priced.CDR = &c
	put(p.Store, p.calls, c.ID, &priced)
	return true, nil
}

func (p posting) Purse(id tollgate.ID) (store.Purse, error) {
	a := p.accounts[id]
	if a == nil {
		return store.Purse{ID: id}, notFound(id)
	}
	return store.Purse{Enterprise: a.Enterprise, ID: id, Kind: a.Kind, Currency: a.Currency}, nil
}

func (p posting) House(enterprise tollgate.ID, currency tollgate.Currency, name string) (tollgate.ID, error) {
	key := house{enterprise, currency, name}
	if id := p.houses[key]; id != 0 {
		return id, nil
	}
	if head := p.accounts[enterprise]; head == nil || head.Kind != tollgate.KindEnterprise {
		return 0, notFound(enterprise)
	}
	a := &account{Account: tollgate.Account{
		Enterprise: enterprise, ID: p.NewID(), Kind: tollgate.KindHouse, Mode: tollgate.ModePostpaid,
		Name: name, Currency: currency, Created: p.now(),
	}}
	put(p.Store, p.accounts, a.ID, a)
	put(p.Store, p.houses, key, a.ID)
	return a.ID, nil
}

func (p posting) InsertTransfers(transfers []tollgate.Transfer) error {
	for _, t := range transfers {
		if _, was := p.transfers[t.ID]; was {
			return tollgate.Errorf(tollgate.CodeConflict, "transfer %d exists already", t.ID)
		}
		put(p.Store, p.transfers, t.ID, t)
	}
	return nil
}

func (p posting) AddBalances(deltas []store.Delta) error {
	for i := range deltas {
		d := &deltas[i]
		a := p.accounts[d.Account]
		if a == nil || a.Enterprise != d.Enterprise {
			return notFound(d.Account)
		}
		old, overdraft, worst := a.Account, a.overdraft, a.worst
		p.undo = append(p.undo, func() {
			a.Balance, a.Used, a.Reserved = old.Balance, old.Used, old.Reserved
			a.overdraft, a.worst = overdraft, worst
		})
		a.Balance += d.Balance
		a.Used += d.Used
		a.Reserved += d.Reserved
		if a.Used < 0 || a.Reserved < 0 {
			return tollgate.Errorf(tollgate.CodeInvalid, "account %d: used %d, reserved %d", a.ID, a.Used, a.Reserved)
		}
		a.limit(store.OverdraftByTransfer + d.Cause.String())
	}
	return nil
}

func (p posting) ClaimRequest(enterprise tollgate.ID, key string, transfer tollgate.ID) (*tollgate.Transfer, error) {
	k := request{enterprise, key}
	earlier, was := p.requests[k]
	if !was {
		put(p.Store, p.requests, k, transfer)
		return nil, nil
	}
	t, ok := p.transfers[earlier]
	if !ok {
		return nil, tollgate.Errorf(tollgate.CodeNotFound, "the transfer of request %q does not exist", key)
	}
	return &t, nil
}

func (p posting) Log(store.Actor, string, string, any) error { return nil }

func (p posting) Rooms(accounts, _ []tollgate.ID) ([]live.Room, error) {
	rooms := make([]live.Room, 0, len(accounts))
	for _, id := range accounts {
		if a := p.accounts[id]; a != nil {
			rooms = append(rooms, live.Room{
				Enterprise: a.Enterprise, Account: id, Quota: a.Mode == tollgate.ModeQuota, Micro: a.Available(),
			})
		}
	}
	return rooms, nil
}

func (p posting) Held(ids []tollgate.ID) ([]store.Reservation, error) {
	var held []store.Reservation
	for _, id := range ids {
		if r := p.reservations[id]; r != nil {
			held = append(held, *r)
		}
	}
	return held, nil
}

func (p posting) Drop(ids []tollgate.ID) ([]store.Reservation, error) {
	var dropped []store.Reservation
	for _, id := range ids {
		if r := p.reservations[id]; r != nil {
			dropped = append(dropped, *r)
			remove(p.Store, p.reservations, id)
			remove(p.Store, p.callHolds, r.Call)
		}
	}
	return dropped, nil
}

func (p posting) Reserve(rows []store.Reservation) (inserted int, err error) {
	for i := range rows {
		r := rows[i]
		if p.reservations[r.ID] != nil || p.callHolds[r.Call] != 0 {
			continue
		}
		put(p.Store, p.reservations, r.ID, &r)
		put(p.Store, p.callHolds, r.Call, r.ID)
		inserted++
	}
	return inserted, nil
}

func (p posting) Rewrite(rows []store.Reservation) error {
	for i := range rows {
		r := p.reservations[rows[i].ID]
		keep(p.Store, r)
		r.Accounts, r.Amount, r.Detail, r.Until = rows[i].Accounts, rows[i].Amount, rows[i].Detail, rows[i].Until
	}
	return nil
}

func (p posting) Quota(id tollgate.ID) (tollgate.Account, error) {
	a := p.accounts[id]
	if a == nil {
		return tollgate.Account{}, notFound(id)
	}
	return a.Account, nil
}

func (p posting) ChangeQuota(q store.QuotaEntry) error {
	a := p.accounts[q.Account]
	for i := range p.quota {
		o := &p.quota[i]
		if o.ID == q.ID || o.Key != "" && o.Key == q.Key && o.Enterprise == q.Enterprise ||
			o.Kind == store.QuotaReset && q.Kind == o.Kind && o.Account == q.Account && o.Period.Equal(q.Period) {
			return tollgate.Errorf(tollgate.CodeConflict, "a change of the use of account %d exists already", q.Account)
		}
	}
	old, n := *a, len(p.quota)
	p.undo = append(p.undo, func() { *a, p.quota = old, p.quota[:n] })
	a.Used += q.Amount
	a.PeriodStart = q.Period
	if a.Used < 0 {
		return tollgate.Errorf(tollgate.CodeInvalid, "account %d: used %d", a.ID, a.Used)
	}
	p.quota = append(p.quota, q)
	return nil
}

func (p posting) QuotaRequest(enterprise, id tollgate.ID, key string) (*store.QuotaEntry, error) {
	for i := range p.quota {
		if q := &p.quota[i]; q.Enterprise == enterprise && (q.ID == id || key != "" && q.Key == key) {
			found := *q
			return &found, nil
		}
	}
	return nil, nil
}
