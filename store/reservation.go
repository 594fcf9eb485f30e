package store

import (
	"context"
	"strings"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Reservation is money held for a call in progress.
type Reservation struct {
	Enterprise tollgate.ID     `json:"enterprise"`
	ID         tollgate.ID     `json:"id"`
	Call       tollgate.CallID `json:"call"`
	Accounts   []tollgate.ID   `json:"accounts"` // whose reserved includes the amount; none: nobody's money is held
	Amount     int64           `json:"amount"`   // micro-units, 0 or more
	Detail     []byte          `json:"-"`        // what charging must know after a restart; text
	Until      time.Time       `json:"until"`    // when it is an orphan, unless renewed
}

const reservationColumns = `enterprise_id, id, device_id, unique_id, leg, accounts, amount, detail, expires_at`

func scanReservation(row engine.Scanner, r *Reservation) error {
	var accounts string
	var until int64
	err := row.Scan(&r.Enterprise, &r.ID, &r.Call.Device, &r.Call.UniqueID, &r.Call.Leg, &accounts,
		&r.Amount, &r.Detail, &until)
	if err != nil {
		return err
	}
	r.Until = engine.Instant(until)
	r.Accounts, err = engine.IDs(accounts)
	return err
}

// ReservationFilter narrows a list of reservations; zero fields do not.
type ReservationFilter struct {
	Account tollgate.ID // one of Accounts
	Device  tollgate.ID // of the call
	Call    tollgate.CallID
	Names   []string  // those whose call has one of these unique ids, at most 500
	Expired time.Time // those whose Until is before
}

// Reservations lists the money held for calls in progress, oldest first.
func (db *DB) Reservations(ctx context.Context, s Scope, f ReservationFilter, p Paging) (
	Page[Reservation], error,
) {
	after, err := p.unmark(1)
	if err != nil {
		return Page[Reservation]{}, err
	}
	var c conditions
	c.scope("enterprise_id", s)
	if f.Account != 0 {
		c.and("' ' || accounts || ' ' LIKE ?", "% "+f.Account.String()+" %")
	}
	if f.Call != (tollgate.CallID{}) {
		c.and("device_id = ? AND unique_id = ? AND leg = ?",
			int64(f.Call.Device), engine.CleanText(f.Call.UniqueID), f.Call.Leg)
	}
	if f.Device != 0 {
		c.and("device_id = ?", int64(f.Device))
	}
	if len(f.Names) > 0 {
		names := make([]any, len(f.Names))
		for i, name := range f.Names {
			names[i] = engine.CleanText(name)
		}
		c.and("unique_id IN (?"+strings.Repeat(", ?", len(names)-1)+")", names...)
	}
	if !f.Expired.IsZero() {
		c.and("expires_at < ?", engine.Micros(f.Expired))
	}
	if after != nil {
		c.and("id > ?", after.int(0))
	}
	found, err := engine.List(ctx, db.sql.Read(), scanReservation, "SELECT "+reservationColumns+
		" FROM reservation"+c.clause()+" ORDER BY id"+p.limit(), c.args...)
	return paged(p, found, func(r *Reservation) string { return mark(r.ID) }),
		engine.Failed(err, "reading reservations")
}
