package ledger

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"tollgate"
	"tollgate/store"
	"tollgate/store/live"
)

// errTables says that a commit does what only the tables can do.
var errTables = errors.New("this is done in the tables")

// looking is what a commit reads of the tables without being in them.
type looking interface {
	Holders(calls []tollgate.CallID) ([]tollgate.ID, error)
	Purse(id tollgate.ID) (store.Purse, error)
	FindHouse(enterprise tollgate.ID, currency tollgate.Currency, name string) (tollgate.ID, error)
	Peek(accounts []tollgate.ID) (rooms []live.Room, posted int64, err error)
	Seen(ids []tollgate.ID) ([]store.Reservation, error)
	Taken(rows []store.Reservation) ([]tollgate.ID, error)
}

// draft is a commit in the making that will be in the daybook: to the ledger it
// is a Posting, which reads the tables as they will be once all that comes
// before is posted, and keeps what is written. What is rare it leaves to the tables.
//
// Of what is in a page and in the tables, the page is asked first: what is not in
// it any more was in the tables before.
type draft struct {
	looking looking
	pages   []*page // not posted when the commit began, oldest first

	again     bool // one of the calls may be there already, as itself
	entries   []store.Entry
	keys      map[tollgate.CallID]tollgate.ID
	transfers []tollgate.Transfer
	deltas    []store.Delta
	held      map[tollgate.ID]*heldChange
	calls     map[tollgate.CallID]tollgate.ID
}

func newDraft(pages []*page) *draft {
	return &draft{
		pages: pages, keys: map[tollgate.CallID]tollgate.ID{}, held: map[tollgate.ID]*heldChange{},
		calls: map[tollgate.CallID]tollgate.ID{},
	}
}

// code writes what an entry of the daybook says, or reads it.
func (d *draft) code(c *code) {
	list(c, &d.entries, codeEntry)
	list(c, &d.transfers, codeTransfer)
	list(c, &d.deltas, codeDelta)
	held := slices.AppendSeq(make([]*heldChange, 0, len(d.held)), maps.Values(d.held))
	list(c, &held, codeHeld)
	if c.reads {
		d.held = make(map[tollgate.ID]*heldChange, len(held))
		for _, h := range held {
			d.held[h.ID] = h
		}
	}
}

func (d *draft) empty() bool { return len(d.entries) == 0 && len(d.deltas) == 0 && len(d.held) == 0 }

func (d *draft) Holders(calls []tollgate.CallID) ([]tollgate.ID, error) {
	holders := make([]tollgate.ID, len(calls))
	var others []tollgate.CallID
	var places []int
	for i, call := range calls {
		if holders[i] = d.holder(call); holders[i] == 0 {
			others, places = append(others, call), append(places, i)
		}
	}
	if len(others) == 0 {
		return holders, nil
	}
	found, err := d.looking.Holders(others)
	if err != nil {
		return nil, err
	}
	for i, id := range found {
		holders[places[i]] = id
	}
	return holders, nil
}

// holder is who has a call that is not posted, 0: nobody.
func (d *draft) holder(call tollgate.CallID) tollgate.ID {
	if id := d.keys[call]; id != 0 {
		return id
	}
	for _, g := range d.pages {
		if id := g.keys[call]; id != 0 {
			return id
		}
	}
	return 0
}

func (d *draft) Claim(entries []store.Entry) ([]tollgate.ID, error) {
	calls := make([]tollgate.CallID, len(entries))
	for i := range entries {
		calls[i] = entries[i].CDR.Call
	}
	holders, err := d.Holders(calls)
	if err != nil {
		return nil, err
	}
	fresh := true
	for i, call := range calls {
		if holders[i] == 0 {
			holders[i] = d.keys[call] // by another of these entries
		}
		d.again = d.again || holders[i] == entries[i].CDR.ID || !clean(call)
		if holders[i] == 0 {
			holders[i] = entries[i].CDR.ID
			d.keys[call] = holders[i]
		} else {
			fresh = false
		}
	}
	if fresh {
		return nil, nil
	}
	return holders, nil
}

func (d *draft) InsertEntries(entries []store.Entry) error {
	if d.again && len(entries) > 0 {
		return errTables // which find out which of them they have
	}
	for _, e := range entries {
		c := *e.CDR // it is the caller's, who may go on with it
		e.CDR = &c
		d.entries = append(d.entries, e)
	}
	return nil
}

// AddUsage leaves it to the page to count its calls.
func (d *draft) AddUsage([]store.Usage) error { return nil }

func (d *draft) Purse(id tollgate.ID) (store.Purse, error) { return d.looking.Purse(id) }

func (d *draft) House(enterprise tollgate.ID, currency tollgate.Currency, name string) (tollgate.ID, error) {
	id, err := d.looking.FindHouse(enterprise, currency, name)
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return 0, errTables // to make it
	}
	return id, err
}

func (d *draft) InsertTransfers(transfers []tollgate.Transfer) error {
	d.transfers = append(d.transfers, transfers...)
	return nil
}

func (d *draft) AddBalances(deltas []store.Delta) error {
	d.deltas = append(d.deltas, deltas...)
	return nil
}

func (d *draft) Rooms(accounts, _ []tollgate.ID) ([]live.Room, error) {
	rooms, posted, err := d.looking.Peek(accounts)
	if err != nil {
		return nil, err
	}
	for i := range rooms {
		r := &rooms[i]
		for _, g := range d.pages {
			if g.last <= posted {
				continue // was posted while we looked
			}
			switch sum := g.deltas[r.Account]; {
			case sum == nil:
			case r.Quota:
				r.Micro -= sum.Used + sum.Reserved
			default:
				r.Micro += sum.Balance - sum.Reserved
			}
		}
	}
	return rooms, nil
}

// change finds a reservation among what is not posted; nil: it is as the tables say.
func (d *draft) change(id tollgate.ID) *heldChange {
	if h := d.held[id]; h != nil {
		return h
	}
	for _, g := range slices.Backward(d.pages) {
		if h := g.held[id]; h != nil {
			return h
		}
	}
	return nil
}

func (d *draft) Held(ids []tollgate.ID) ([]store.Reservation, error) {
	var found []store.Reservation
	var others []tollgate.ID
	for _, id := range ids {
		switch h := d.change(id); {
		case h == nil:
			others = append(others, id)
		case !h.gone:
			found = append(found, h.Reservation)
		}
	}
	if len(others) == 0 {
		return found, nil
	}
	stored, err := d.looking.Seen(others)
	return append(found, stored...), err
}

func (d *draft) Drop(ids []tollgate.ID) ([]store.Reservation, error) {
	found, err := d.Held(slices.Compact(slices.Sorted(slices.Values(ids)))) // one may be named twice
	if err != nil {
		return nil, err
	}
	for i := range found {
		h := heldChange{Reservation: found[i], gone: true, stored: true}
		if before := d.held[h.ID]; before != nil {
			h.stored = before.stored
			delete(d.calls, h.Call)
		}
		d.held[h.ID] = &h
	}
	return found, nil
}

func (d *draft) Rewrite(rows []store.Reservation) error {
	for _, r := range rows {
		h := heldChange{Reservation: r, stored: true}
		if before := d.held[r.ID]; before != nil {
			h.stored = before.stored
		}
		d.held[r.ID] = &h
	}
	return nil
}

// Reserve takes reservations that are new. What is not is for the tables, which
// say whose it is.
func (d *draft) Reserve(rows []store.Reservation) (inserted int, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	taken, err := d.looking.Taken(rows)
	if err != nil {
		return 0, err
	}
	for _, id := range taken {
		if h := d.change(id); h == nil || !h.gone {
			return 0, errTables
		}
	}
	for _, r := range rows {
		if d.change(r.ID) != nil || d.holds(r.Call) || !clean(r.Call) {
			return 0, errTables
		}
		d.held[r.ID] = &heldChange{Reservation: r}
		d.calls[r.Call] = r.ID
	}
	return len(rows), nil
}

// clean reports whether all engines keep the name of a call as it is: two that
// differ in what is not text may be one to the tables.
func clean(call tollgate.CallID) bool {
	return utf8.ValidString(call.UniqueID) && strings.IndexByte(call.UniqueID, 0) < 0 &&
		!strings.ContainsRune(call.UniqueID, utf8.RuneError)
}

// holds reports whether a call has a reservation that is not posted.
func (d *draft) holds(call tollgate.CallID) bool {
	if d.calls[call] != 0 {
		return true
	}
	for _, g := range d.pages {
		if id := g.calls[call]; id != 0 && !d.change(id).gone {
			return true
		}
	}
	return false
}

func (d *draft) Quarantine(rows []store.Quarantined) error { return leave(len(rows)) }
func (d *draft) Release(ids []tollgate.ID) error           { return leave(len(ids)) }

// leave leaves something to the tables, unless it is nothing.
func leave(n int) error {
	if n > 0 {
		return errTables
	}
	return nil
}

func (d *draft) StoredEntry(tollgate.ID, tollgate.ID) (store.Entry, error) {
	return store.Entry{}, errTables
}

func (d *draft) UpdateCharges(*tollgate.CDR, *store.Entry) (bool, error) { return false, errTables }

func (d *draft) ClaimRequest(tollgate.ID, string, tollgate.ID) (*tollgate.Transfer, error) {
	return nil, errTables
}

func (d *draft) Log(store.Actor, string, string, any) error  { return errTables }
func (d *draft) Quota(tollgate.ID) (tollgate.Account, error) { return tollgate.Account{}, errTables }
func (d *draft) ChangeQuota(store.QuotaEntry) error          { return errTables }
func (d *draft) QuotaRequest(tollgate.ID, tollgate.ID, string) (*store.QuotaEntry, error) {
	return nil, errTables
}
