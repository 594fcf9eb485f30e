package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/live"
)

// Limits of a reservation.
const (
	holdAccountsMax = 16       // accounts whose money is held
	holdDetailMax   = 64 << 10 // bytes
)

// Hold asks to hold money for a call in progress, or to hold more or less of it.
type Hold struct {
	Enterprise tollgate.ID
	ID         tollgate.ID     // of the reservation; the caller makes it
	Call       tollgate.CallID // has one reservation at most; looked at when it is new
	// Accounts are those whose money is held, each the whole amount: the one that
	// pays, and those above it that have a limit. Without any the amount is only shown.
	Accounts []tollgate.ID
	From, To int64 // micro-units: held before, 0 for a new reservation, and wanted
	Until    time.Time
	Detail   []byte // text to find after a restart; replaces what was there
}

// Held answers a Hold.
type Held struct {
	Refused bool
	Short   tollgate.ID // the account with the least room; 0 when none is named
	// Room is what the account with the least room can still spend beyond all that
	// is held on it; 0 when no account is named.
	Room int64
}

// Hold holds money. It is refused, and then changes nothing, when an account has
// less room than it would take; what takes no more than before is never refused.
// A reservation that holds To already is as asked: asking again does no harm.
// CodeConflict says that it is not there with the amount From, because the call
// was settled, it was released, or another node renewed it; or that the call has
// another reservation. CodeNotFound says that an account does not exist.
func (b *Book) Hold(ctx context.Context, h Hold) (Held, error) {
	if why := h.problem(); why != "" {
		return Held{}, tollgate.Errorf(tollgate.CodeInvalid, "holding money for call %s: %s", h.Call, why)
	}
	o := &operation{hold: &h}
	err := b.do(ctx, o)
	return o.answer.held, err
}

// ErrSettled says that a call is in the books already.
var ErrSettled = errors.New("it is in the books already")

// Release gives back what a reservation holds. It reports whether it was there.
// Enterprise 0 stands for any.
func (b *Book) Release(ctx context.Context, enterprise, id tollgate.ID) (released bool, err error) {
	o := &operation{release: &store.Reservation{Enterprise: enterprise, ID: id}}
	err = b.do(ctx, o)
	return o.answer.done, err
}

func (h *Hold) problem() string {
	switch {
	case h.ID == 0:
		return "it has no id"
	case h.Call.Device == 0 || h.Call.UniqueID == "" || len(h.Call.UniqueID) > textMax:
		return fmt.Sprintf("want a device and a unique id of at most %d bytes", textMax)
	case h.From < 0 || h.To < 0 || h.From > amountMax || h.To > amountMax:
		return fmt.Sprintf("from %d to %d micro-units: want 0 to %d", h.From, h.To, int64(amountMax))
	case len(h.Accounts) > holdAccountsMax:
		return fmt.Sprintf("%d accounts: at most %d", len(h.Accounts), holdAccountsMax)
	case len(h.Detail) > holdDetailMax:
		return fmt.Sprintf("detail of %d bytes: at most %d", len(h.Detail), holdDetailMax)
	}
	for i, id := range h.Accounts {
		if slices.Contains(h.Accounts[:i], id) {
			return fmt.Sprintf("account %d twice", id)
		}
	}
	return ""
}

// drop deletes the reservations of what was settled and released, and gives
// back what they held.
func (c *commit) drop(batch []*operation) error {
	var ids []tollgate.ID
	for _, o := range batch {
		for i := range o.settle {
			if id := o.settle[i].Reservation; id != 0 {
				ids = append(ids, id)
			}
		}
	}
	ids, err := c.released(batch, ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	dropped, err := c.Drop(ids)
	for i := range dropped {
		c.reserve(&dropped[i], -1)
	}
	return err
}

// released adds the reservations that are to be released and are there to those
// of settled calls, which come first: those are not there any more.
func (c *commit) released(batch []*operation, settled []tollgate.ID) ([]tollgate.ID, error) {
	var places map[tollgate.ID]int // of who asks first
	for i, o := range batch {
		if o.release == nil || slices.Contains(settled, o.release.ID) {
			continue
		}
		if places == nil {
			places = map[tollgate.ID]int{}
		}
		if _, again := places[o.release.ID]; !again {
			places[o.release.ID] = i
		}
	}
	if places == nil {
		return settled, nil
	}
	found, err := c.Held(slices.Sorted(maps.Keys(places)))
	for i := range found {
		place := places[found[i].ID]
		if of := batch[place].release.Enterprise; of == 0 || of == found[i].Enterprise {
			c.answers[place].done = true
			settled = append(settled, found[i].ID)
		}
	}
	return settled, err
}

// reserve adds what a reservation holds to its accounts, or takes it off when
// sign is -1.
func (c *commit) reserve(r *store.Reservation, sign int64) {
	if r.Amount == 0 {
		return
	}
	for _, account := range r.Accounts {
		c.delta(r.Enterprise, account).Reserved += sign * r.Amount
	}
}

// holds is the holds of one commit in the making.
type holds struct {
	*commit
	rows  map[tollgate.ID]*heldRow
	order []*heldRow // those that were granted something
	rooms map[tollgate.ID]*live.Room
	over  map[tollgate.CallID]bool // in the books, of those that want a new reservation
}

// heldRow is a reservation as it is after what was decided so far.
type heldRow struct {
	store.Reservation
	fresh   bool      // not stored yet
	granted []*answer // by this commit
}

// hold decides about the holds of the commit, in their order: each sees what
// those before it took. It comes after all else, so that money which this very
// commit brings or frees can be held. What accounts can spend is read once, and
// stays so until the commit; so it can be counted down here.
func (c *commit) hold(batch []*operation) error {
	h := &holds{commit: c}
	if err := h.read(batch); err != nil || h.rows == nil {
		return err
	}
	for i, o := range batch {
		if o.hold != nil {
			var err error
			if c.answers[i].err, err = h.decide(o.hold, &c.answers[i]); err != nil {
				return err
			}
		}
	}
	return h.write()
}

// read fetches the reservations that are there, and what the accounts can spend
// after what else the commit does.
func (h *holds) read(batch []*operation) error {
	var known []tollgate.ID
	var fresh []tollgate.CallID
	holds := 0
	for _, o := range batch {
		if o.hold == nil {
			continue
		}
		holds++
		if o.hold.From == 0 {
			fresh = append(fresh, o.hold.Call)
		}
		if o.hold.From != 0 || h.look {
			known = append(known, o.hold.ID)
		}
	}
	if holds == 0 {
		return nil
	}
	if err := h.readOver(fresh); err != nil {
		return err
	}
	found, err := h.Held(known)
	if err != nil {
		return err
	}
	h.rows = make(map[tollgate.ID]*heldRow, holds)
	for i := range found {
		h.rows[found[i].ID] = &heldRow{Reservation: found[i]}
	}
	rooms, err := h.Rooms(heldOn(batch), slices.Sorted(maps.Keys(h.deltas)))
	h.rooms = make(map[tollgate.ID]*live.Room, len(rooms))
	for i := range rooms {
		r := &rooms[i]
		h.rooms[r.Account] = r
		if d := h.deltas[r.Account]; d != nil && r.Quota {
			r.Micro -= d.Used + d.Reserved
		} else if d != nil {
			r.Micro += d.Balance - d.Reserved
		}
	}
	return err
}

// readOver looks which calls are in the books, with those that this commit settles.
func (h *holds) readOver(calls []tollgate.CallID) error {
	if len(calls) == 0 {
		return nil
	}
	holders, err := h.Holders(calls)
	for i, id := range holders {
		if id == 0 {
			continue
		}
		if h.over == nil {
			h.over = make(map[tollgate.CallID]bool)
		}
		h.over[calls[i]] = true
	}
	return err
}

// heldOn is the accounts on which operations want to hold money, each once.
func heldOn(batch []*operation) (accounts []tollgate.ID) {
	for _, o := range batch {
		if o.hold != nil {
			accounts = append(accounts, o.hold.Accounts...)
		}
	}
	slices.Sort(accounts)
	return slices.Compact(accounts)
}

// decide answers one hold. Wrong is what is wrong with the hold itself, err what
// is with the store.
func (h *holds) decide(o *Hold, a *answer) (wrong, err error) {
	unseen := o.From == 0 && h.rows[o.ID] == nil && !h.look
	row, wrong := h.judge(o, a)
	if unseen && (wrong != nil || a.held.Refused) {
		// Before it is told no: perhaps it is there already and takes nothing more.
		if found, err := h.find(o.ID); err != nil {
			return nil, err
		} else if found {
			row, wrong = h.judge(o, a)
		}
	}
	if wrong != nil || a.held.Refused {
		return wrong, nil
	}
	h.take(&row.Reservation, -1)
	row.Accounts, row.Amount, row.Until, row.Detail = o.Accounts, o.To, o.Until, o.Detail
	h.take(&row.Reservation, 1)
	if row.granted == nil {
		h.order = append(h.order, row)
	}
	row.granted = append(row.granted, a)
	h.rows[o.ID] = row
	return nil, nil
}

// judge says whether a hold can be granted, and which row it changes.
func (h *holds) judge(o *Hold, a *answer) (row *heldRow, wrong error) {
	a.held = Held{}
	row = h.rows[o.ID]
	switch {
	case row == nil && o.From == 0 && h.over[o.Call]:
		return nil, tollgate.Errorf(tollgate.CodeConflict, "call %s: %w", o.Call, ErrSettled)
	case row == nil && o.From == 0:
		row = &heldRow{fresh: true, Reservation: store.Reservation{Enterprise: o.Enterprise, ID: o.ID, Call: o.Call}}
	case row == nil || row.Enterprise != o.Enterprise || row.Amount != o.From && row.Amount != o.To:
		return nil, tollgate.Errorf(tollgate.CodeConflict, "call %s: its reservation %d does not hold %s any more",
			o.Call, o.ID, tollgate.FormatMicro(o.From))
	}
	for _, id := range o.Accounts {
		if room := h.rooms[id]; room == nil || room.Enterprise != o.Enterprise {
			return nil, tollgate.Errorf(tollgate.CodeNotFound, "account %d does not exist in enterprise %d", id, o.Enterprise)
		}
	}
	a.held = h.room(o, &row.Reservation)
	return row, nil
}

// find looks for a reservation that was taken to be new.
func (h *holds) find(id tollgate.ID) (bool, error) {
	found, err := h.Held([]tollgate.ID{id})
	if err != nil || len(found) == 0 {
		return false, err
	}
	h.rows[id] = &heldRow{Reservation: found[0]}
	return true, nil
}

// room looks whether all accounts have room for what a hold takes beyond what
// its reservation holds.
func (h *holds) room(o *Hold, r *store.Reservation) Held {
	least, short := Held{Room: math.MaxInt64}, Held{Refused: true, Room: math.MaxInt64}
	for _, id := range o.Accounts {
		room, more := h.rooms[id].Micro, o.To
		if slices.Contains(r.Accounts, id) {
			more -= r.Amount
		}
		if more > 0 && more > room && room < short.Room {
			short.Short, short.Room = id, room
		}
		if room-more < least.Room {
			least.Short, least.Room = id, room-more
		}
	}
	switch {
	case short.Refused && short.Short != 0:
		return short
	case len(o.Accounts) == 0:
		return Held{}
	}
	return least
}

// take counts down what accounts can spend.
func (h *holds) take(r *store.Reservation, sign int64) {
	h.reserve(r, sign)
	for _, account := range r.Accounts {
		if room := h.rooms[account]; room != nil {
			room.Micro -= sign * r.Amount
		}
	}
}

// errLook undoes a commit that took reservations to be new, which nearly all are
// that hold nothing yet: at least one is there. It is done again, and then they
// are looked for.
var errLook = errors.New("a reservation is there already")

// write stores the reservations as they are now. One whose call turns out to
// have another is taken back.
func (h *holds) write() error {
	var fresh, others []store.Reservation
	for _, row := range h.order {
		if row.fresh {
			fresh = append(fresh, row.Reservation)
		} else {
			others = append(others, row.Reservation)
		}
	}
	if err := h.Rewrite(others); err != nil {
		return err
	}
	inserted, err := h.Reserve(fresh)
	switch {
	case err != nil || inserted == len(fresh):
		return err
	case !h.look:
		return errLook
	}
	ids := make([]tollgate.ID, len(fresh))
	for i := range fresh {
		ids[i] = fresh[i].ID
	}
	found, err := h.Held(ids)
	for _, row := range h.order {
		if !row.fresh || slices.ContainsFunc(found, func(r store.Reservation) bool { return r.ID == row.ID }) {
			continue
		}
		h.take(&row.Reservation, -1)
		for _, a := range row.granted {
			a.held, a.err = Held{}, tollgate.Errorf(tollgate.CodeConflict, "call %s has another reservation", row.Call)
		}
	}
	return err
}
