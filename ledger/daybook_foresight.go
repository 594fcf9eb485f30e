package ledger

import (
	"slices"

	"tollgate"
	"tollgate/store"
	"tollgate/store/live"
)

// foresight is looking that asked beforehand, all at once: what operations will
// want to know is seen from what they are. What was not foreseen is asked then.
type foresight struct {
	looking
	wanted live.Wanted
	known  live.Known

	holders map[tollgate.CallID]tollgate.ID
	seen    map[tollgate.ID]*store.Reservation // nil: it is not there
	fresh   map[tollgate.ID]bool
}

// foresee looks for what the operations of a draft will want to know.
func foresee(d *draft, t tables, batch []*operation) (*foresight, error) {
	f := &foresight{
		looking: t, wanted: d.wanted(batch), holders: map[tollgate.CallID]tollgate.ID{},
		seen: map[tollgate.ID]*store.Reservation{}, fresh: map[tollgate.ID]bool{},
	}
	var err error
	if f.known, err = t.Know(f.wanted); err != nil {
		return nil, err
	}
	for i, call := range f.wanted.Calls {
		f.holders[call] = f.known.Holders[i]
	}
	for _, id := range f.wanted.Reservations {
		f.seen[id] = nil
	}
	for i := range f.known.Seen {
		f.seen[f.known.Seen[i].ID] = &f.known.Seen[i]
	}
	for i := range f.wanted.Fresh {
		f.fresh[f.wanted.Fresh[i].ID] = true
	}
	return f, nil
}

// wanted is what the tables will be asked.
func (d *draft) wanted(batch []*operation) (w live.Wanted) {
	reservation := func(id tollgate.ID) {
		if id != 0 && d.change(id) == nil {
			w.Reservations = append(w.Reservations, id)
		}
	}
	call := func(call tollgate.CallID) {
		if d.holder(call) == 0 {
			w.Calls = append(w.Calls, call)
		}
	}
	for _, o := range batch {
		for i := range o.settle {
			call(o.settle[i].CDR.Call)
			reservation(o.settle[i].Reservation)
		}
		switch {
		case o.release != nil:
			reservation(o.release.ID)
		case o.hold == nil:
		case o.hold.From != 0:
			reservation(o.hold.ID)
		default:
			call(o.hold.Call)
			w.Fresh = append(w.Fresh, store.Reservation{ID: o.hold.ID, Call: o.hold.Call})
		}
	}
	w.Accounts = heldOn(batch)
	return w
}

func (f *foresight) Holders(calls []tollgate.CallID) ([]tollgate.ID, error) {
	holders := make([]tollgate.ID, len(calls))
	for i, call := range calls {
		id, foreseen := f.holders[call]
		if !foreseen {
			return f.looking.Holders(calls)
		}
		holders[i] = id
	}
	return holders, nil
}

func (f *foresight) Peek(accounts []tollgate.ID) ([]live.Room, int64, error) {
	if !slices.Equal(accounts, f.wanted.Accounts) {
		return f.looking.Peek(accounts)
	}
	return slices.Clone(f.known.Rooms), f.known.Posted, nil
}

func (f *foresight) Seen(ids []tollgate.ID) (found []store.Reservation, err error) {
	for _, id := range ids {
		r, foreseen := f.seen[id]
		if !foreseen {
			return f.looking.Seen(ids)
		}
		if r != nil {
			found = append(found, *r)
		}
	}
	return found, nil
}

// Taken is foreseen for all that may be new: if one of them has been taken, it is
// asked again, of those alone that turned out to be.
func (f *foresight) Taken(rows []store.Reservation) ([]tollgate.ID, error) {
	anew := len(f.known.Taken) > 0
	for i := range rows {
		anew = anew || !f.fresh[rows[i].ID]
	}
	if anew {
		return f.looking.Taken(rows)
	}
	return nil, nil
}
