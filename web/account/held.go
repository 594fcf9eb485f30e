package account

import (
	"context"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// heldRows is how many calls in progress an account's page lists.
const heldRows = 50

// heldRow is money held for a call in progress, or a call that needs none.
type heldRow struct {
	Call   string // caller and number; empty: known only by its reservation
	Since  string
	Left   string       // for how long the money lasts; empty: not known
	Until  string       // when the money comes free unless the call is renewed
	Amount *view.Amount // nil: nothing is held
	ID     string       // as the telephone system calls it
}

// held lists what is held of the money of an account, and the calls in progress
// that it pays without.
func (s Pages) held(
	ctx context.Context, v *frame.Reader, who access.Principal, a *tollgate.Account,
) ([]heldRow, error) {
	found, err := s.Store.Reservations(ctx, v.Scope, store.ReservationFilter{Account: a.ID},
		store.Paging{Rows: heldRows})
	if err != nil {
		return nil, err
	}
	up := map[tollgate.CallID]*tollgate.LiveCall{}
	var rows []heldRow
	calls := s.Calls(who.Enterprise)
	for i := range calls {
		up[calls[i].Call] = &calls[i]
	}
	for i := range found.Items {
		r := &found.Items[i]
		row := heldRow{
			ID: r.Call.UniqueID, Until: view.ShortInstant(r.Until, v.Told.Now, v.Told.Zone),
			Amount: view.NewAmount(tollgate.Money{Micro: r.Amount, Currency: a.Currency}),
		}
		if c := up[r.Call]; c != nil {
			row.describe(c, v)
			delete(up, r.Call)
		}
		rows = append(rows, row)
	}
	for i := range calls {
		if c := &calls[i]; len(rows) < heldRows && up[c.Call] != nil && c.Payer == a.ID {
			row := heldRow{ID: c.Call.UniqueID}
			row.describe(c, v)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (r *heldRow) describe(c *tollgate.LiveCall, v *frame.Reader) {
	caller := c.Extension
	if caller == "" {
		caller = c.Originator
	}
	r.Call = strings.TrimSpace(caller + " → " + view.NumberText(&c.Number) + " " + c.Number.Destination)
	if r.Left, _ = view.TalkLeft(c, v.Told.Now); r.Left == "" {
		r.Left = "no limit"
	}
	r.Since = view.Clock(max(v.Told.Now.Sub(c.Started), 0).Truncate(time.Second))
}
