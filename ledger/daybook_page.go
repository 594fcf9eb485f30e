package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tollgate"
	"tollgate/store"
)

// page is what commits come to that are in the daybook and not in the tables yet.
type page struct {
	parts   []part
	frozen  bool  // it is being posted: what comes goes into another
	last    int64 // the daybook's newest entry that is in it
	entries []store.Entry
	keys    map[tollgate.CallID]tollgate.ID // of the entries
	deltas  map[tollgate.ID]*store.Delta
	// transfers are charges, of the entries.
	transfers []tollgate.Transfer
	held      map[tollgate.ID]*heldChange
	calls     map[tollgate.CallID]tollgate.ID // their reservations
}

// part is one commit of a page.
type part struct {
	seq   int64
	draft *draft
}

// heldChange is a reservation as commits leave it.
type heldChange struct {
	store.Reservation
	gone   bool // it is released
	stored bool // the tables have it, once all that comes before is posted
}

func newPage() *page {
	return &page{
		keys: map[tollgate.CallID]tollgate.ID{}, deltas: map[tollgate.ID]*store.Delta{},
		held: map[tollgate.ID]*heldChange{}, calls: map[tollgate.CallID]tollgate.ID{},
	}
}

// rows is about how much there is to post.
func (g *page) rows() int { return len(g.entries) + len(g.held) }

// add takes in what the commit of an entry came to.
func (g *page) add(seq int64, d *draft) {
	g.last = seq
	g.parts = append(g.parts, part{seq, d})
	g.entries = append(g.entries, d.entries...)
	g.transfers = append(g.transfers, d.transfers...)
	for i := range d.entries {
		g.keys[d.entries[i].CDR.Call] = d.entries[i].CDR.ID
	}
	for i := range d.deltas {
		addDelta(g.deltas, &d.deltas[i])
	}
	for _, h := range d.held {
		g.hold(*h)
	}
}

func addDelta(to map[tollgate.ID]*store.Delta, d *store.Delta) {
	sum := to[d.Account]
	if sum == nil {
		sum = &store.Delta{Enterprise: d.Enterprise, Account: d.Account}
		to[d.Account] = sum
	}
	sum.Balance += d.Balance
	sum.Used += d.Used
	sum.Reserved += d.Reserved
	sum.Cause = cmp.Or(sum.Cause, d.Cause)
}

// hold takes in a reservation as it is now. One that began and ended here leaves
// nothing behind.
func (g *page) hold(h heldChange) {
	if before := g.held[h.ID]; before != nil {
		h.stored = before.stored
	}
	switch {
	case !h.gone:
		g.held[h.ID] = &h
		if h.Call != (tollgate.CallID{}) { // what the tables have keeps its call there
			g.calls[h.Call] = h.ID
		}
		return
	case h.stored:
		g.held[h.ID] = &h
	default:
		delete(g.held, h.ID)
	}
	if g.calls[h.Call] == h.ID {
		delete(g.calls, h.Call)
	}
}

// post writes the page into the tables.
func (g *page) post(p Posting) error {
	entries, transfers, deltas, err := g.charged(p)
	if err != nil {
		return err
	}
	if err := p.InsertEntries(entries); err != nil {
		return err
	}
	if err := p.InsertTransfers(transfers); err != nil {
		return err
	}
	if err := g.postHeld(p); err != nil {
		return err
	}
	if err := p.AddBalances(changes(deltas)); err != nil {
		return err
	}
	usage := make(map[store.UsageKey]*store.UsageCount)
	for i := range entries {
		counterOf(usage, store.UsageKeyOf(entries[i].CDR)).Add(entries[i].CDR, 1)
	}
	return p.AddUsage(sortedUsage(usage))
}

// charged claims the calls of the page and returns what there is to write for
// them. A call that is in the books already was settled by another process in the
// meantime: it is charged once, and that was there.
func (g *page) charged(p Posting) (
	entries []store.Entry, transfers []tollgate.Transfer, deltas map[tollgate.ID]*store.Delta, err error,
) {
	holders, err := p.Claim(g.entries)
	if err != nil || holders == nil {
		return g.entries, g.transfers, g.deltas, err
	}
	fresh := g.without(func(i int) bool { return holders[i] != g.entries[i].CDR.ID })
	return fresh.entries, fresh.transfers, fresh.deltas, nil
}

// without is the page as if some of its calls had not been.
func (g *page) without(left func(entry int) bool) *page {
	rest := *g
	rest.entries, rest.transfers = nil, nil
	rest.deltas = make(map[tollgate.ID]*store.Delta, len(g.deltas))
	for id, d := range g.deltas {
		sum := *d
		sum.Cause = 0
		rest.deltas[id] = &sum
	}
	gone := make(map[tollgate.ID]bool)
	for i := range g.entries {
		e := &g.entries[i]
		switch gone[e.CDR.ID] = left(i); {
		case !gone[e.CDR.ID]:
			rest.entries = append(rest.entries, *e)
		case e.Quota != 0 && e.Unposted == "" && e.CDR.Customer.Micro > 0:
			rest.deltas[e.Quota].Used -= e.CDR.Customer.Micro
		}
	}
	for _, t := range g.transfers {
		if !gone[t.CDR] {
			rest.transfers = append(rest.transfers, t)
			rest.deltas[t.Debit].Cause = cmp.Or(rest.deltas[t.Debit].Cause, t.ID)
			continue
		}
		rest.deltas[t.Debit].Balance += t.Amount
		rest.deltas[t.Credit].Balance -= t.Amount
	}
	return &rest
}

// postSound is post for a page some of whose accounts were deleted by another
// process. Their calls are quarantined, as if they had come now.
func (g *page) postSound(p Posting) error {
	deleted := make(map[tollgate.ID]bool)
	for id := range g.deltas {
		if _, err := p.Purse(id); tollgate.CodeOf(err) == tollgate.CodeNotFound {
			deleted[id] = true
		} else if err != nil {
			return err
		}
	}
	var rows []store.Quarantined
	sound := g.without(func(i int) bool {
		e := &g.entries[i]
		if !deleted[e.Purse] && !deleted[e.Quota] {
			return false
		}
		rows = append(rows, store.Quarantined{
			Enterprise: e.CDR.Enterprise, Record: (&Settlement{CDR: *e.CDR}).record(),
			Reason: "the account that pays was deleted before the call was in the tables",
		})
		return true
	})
	for id := range deleted {
		delete(sound.deltas, id)
	}
	sound.held = make(map[tollgate.ID]*heldChange, len(g.held))
	for id, h := range g.held {
		rest := *h
		rest.Accounts = slices.DeleteFunc(slices.Clone(h.Accounts), func(id tollgate.ID) bool { return deleted[id] })
		sound.held[id] = &rest
	}
	if err := p.Quarantine(rows); err != nil {
		return err
	}
	return sound.post(p)
}

// postParts is post commit by commit. It returns why commits were set aside.
func (g *page) postParts(p tables) (aside []error, err error) {
	for _, part := range g.parts {
		alone := newPage()
		alone.add(part.seq, part.draft)
		failed, err := p.Try(func() error { return alone.post(p) })
		if err == nil && tollgate.CodeOf(failed) == tollgate.CodeNotFound {
			failed, err = p.Try(func() error { return alone.postSound(p) })
		}
		if err == nil && failed != nil && !refused(failed) {
			err = failed
		}
		if err == nil && failed != nil {
			aside = append(aside, fmt.Errorf("entry %d: %w", part.seq, failed))
			err = alone.setAside(p)
		}
		if err != nil {
			return nil, err
		}
	}
	return aside, nil
}

// setAside keeps the calls of a page that the tables refuse in quarantine, from
// where they can be settled once it is known what is wrong. What was held for them
// is given back; what was to be held is not.
func (g *page) setAside(p Posting) error {
	var rows []store.Quarantined
	for i := range g.entries {
		c := g.entries[i].CDR
		rows = append(rows, store.Quarantined{
			Enterprise: c.Enterprise, Record: (&Settlement{CDR: *c}).record(),
			Reason: "the call was settled, but the tables did not take it: see the log",
		})
	}
	if err := p.Quarantine(rows); err != nil {
		return err
	}
	var gone []tollgate.ID
	for id, h := range g.held {
		if h.gone {
			gone = append(gone, id)
		}
	}
	dropped, err := p.Drop(gone)
	if err != nil {
		return err
	}
	deltas := make(map[tollgate.ID]*store.Delta)
	for _, r := range dropped {
		for _, id := range r.Accounts {
			addDelta(deltas, &store.Delta{Enterprise: r.Enterprise, Account: id, Reserved: -r.Amount})
		}
	}
	return p.AddBalances(changes(deltas))
}

// errThere is a reservation that the tables have, though it was thought to be new.
var errThere = errors.New("reservations are there already")

// changes are the changes of accounts, without those that cancelled out.
func changes(deltas map[tollgate.ID]*store.Delta) []store.Delta {
	return slices.DeleteFunc(sortedDeltas(deltas), func(d store.Delta) bool {
		return d.Balance == 0 && d.Used == 0 && d.Reserved == 0
	})
}

// postHeld writes the reservations as they are now.
func (g *page) postHeld(p Posting) error {
	var gone []tollgate.ID
	var changed, fresh []store.Reservation
	for _, id := range slices.Sorted(maps.Keys(g.held)) {
		switch h := g.held[id]; {
		case h.gone:
			gone = append(gone, id)
		case h.stored:
			changed = append(changed, h.Reservation)
		default:
			fresh = append(fresh, h.Reservation)
		}
	}
	if _, err := p.Drop(gone); err != nil {
		return err
	}
	if err := p.Rewrite(changed); err != nil {
		return err
	}
	inserted, err := p.Reserve(fresh)
	if err == nil && inserted != len(fresh) {
		return fmt.Errorf("%d of %d: %w", len(fresh)-inserted, len(fresh), errThere)
	}
	return err
}
