// Package live is what the ledger writes for calls in progress: the money held
// for them, and what a quota has used. It decides nothing.
package live

import (
	"slices"
	"strconv"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// Rows is what a transaction on the books can do for calls in progress.
type Rows struct{ tx *engine.Tx }

// On adds to what a transaction on the books can do.
func On(p *store.Posting) Rows { return Rows{tx: p.Tx()} }

// Room is what an account can still spend: Available of it.
type Room struct {
	Enterprise tollgate.ID
	Account    tollgate.ID
	Quota      bool  // it counts what is used, not the balance
	Micro      int64 // may be less than 0
}

const roomColumns = `enterprise_id, account.id, mode = 'quota',
	CASE mode WHEN 'quota' THEN allowance - used ELSE balance + credit_limit END - reserved`

const roomsSQLite = `SELECT ` + roomColumns + ` FROM json_each($1) wanted
	CROSS JOIN account ON account.id = wanted.value`

const roomsPostgres = `SELECT ` + roomColumns + ` FROM account
	WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE`

// Rooms returns what accounts can spend, and keeps it so: nobody else changes
// them before the transaction ends. What does not exist is left out. Touched are
// all accounts that the transaction goes on to change; they are locked here with
// the others, in one order on every node, and may be returned.
func (p Rows) Rooms(accounts, touched []tollgate.ID) ([]Room, error) {
	if p.tx.Engine() == store.PostgreSQL {
		accounts = append(slices.Clip(accounts), touched...)
	}
	rooms, err := list(p, roomsSQLite, roomsPostgres, func(row engine.Scanner, r *Room) error {
		return row.Scan(&r.Enterprise, &r.Account, &r.Quota, &r.Micro)
	}, accounts)
	return rooms, engine.Failed(err, "reading what %d accounts can spend", len(accounts))
}

const peekColumns = roomColumns + `, (SELECT posted FROM daybook_mark)`

const peekSQLite = `SELECT ` + peekColumns + ` FROM json_each($1) wanted
	CROSS JOIN account ON account.id = wanted.value`

const peekPostgres = `SELECT ` + peekColumns + ` FROM account WHERE id = ANY($1::bigint[])`

// Peek is Rooms for whoever only looks. It also returns up to where the daybook
// was posted at that very instant.
func (p Rows) Peek(accounts []tollgate.ID) (rooms []Room, posted int64, err error) {
	rooms, err = list(p, peekSQLite, peekPostgres, scanPeek(&posted), accounts)
	return rooms, posted, engine.Failed(err, "reading what %d accounts can spend", len(accounts))
}

func scanPeek(posted *int64) func(engine.Scanner, *Room) error {
	return func(row engine.Scanner, r *Room) error {
		return row.Scan(&r.Enterprise, &r.Account, &r.Quota, &r.Micro, posted)
	}
}

const heldColumns = `enterprise_id, reservation.id, accounts, amount`

func scanHeld(row engine.Scanner, r *store.Reservation) error {
	var accounts string
	if err := row.Scan(&r.Enterprise, &r.ID, &accounts, &r.Amount); err != nil {
		return err
	}
	var err error
	r.Accounts, err = engine.IDs(accounts)
	return err
}

const heldSQLite = `SELECT ` + heldColumns + ` FROM json_each($1) wanted
	CROSS JOIN reservation ON reservation.id = wanted.value`

const heldPostgres = `SELECT ` + heldColumns + ` FROM reservation
	WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE`

// Held returns whose money the reservations hold and how much, of those that
// are there, and keeps them so like Rooms.
func (p Rows) Held(ids []tollgate.ID) ([]store.Reservation, error) {
	found, err := list(p, heldSQLite, heldPostgres, scanHeld, ids)
	return found, engine.Failed(err, "reading %d reservations", len(ids))
}

const heldSeen = `SELECT ` + heldColumns + ` FROM reservation WHERE id = ANY($1::bigint[])`

// Seen is Held for whoever only looks.
func (p Rows) Seen(ids []tollgate.ID) ([]store.Reservation, error) {
	found, err := list(p, heldSQLite, heldSeen, scanHeld, ids)
	return found, engine.Failed(err, "reading %d reservations", len(ids))
}

const (
	takenID   = `SELECT id FROM reservation WHERE id = ?`
	takenCall = `SELECT id FROM reservation WHERE device_id = ? AND unique_id = ? AND leg = ?`
)

const takenPostgres = `SELECT r.id FROM reservation r WHERE r.id = ANY($1::bigint[])
	UNION SELECT r.id FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS c(device_id, unique_id, leg)
	JOIN reservation r ON r.device_id = c.device_id AND r.unique_id = c.unique_id AND r.leg = c.leg`

// Taken returns the reservations that have the id or the call of one of rows.
func (p Rows) Taken(rows []store.Reservation) (taken []tollgate.ID, err error) {
	if p.tx.Engine() == store.PostgreSQL {
		err = p.tx.Ask(whoTook(rows, &taken))
		return taken, engine.Failed(err, "looking for the reservations of %d calls", len(rows))
	}
	note := func(_ int, id int64) { taken = append(taken, tollgate.ID(id)) }
	err = p.tx.Probe(takenID, len(rows), func(i int) []any { return []any{int64(rows[i].ID)} }, note)
	if err == nil {
		err = p.tx.Probe(takenCall, len(rows), func(i int) []any {
			c := &rows[i].Call
			return []any{int64(c.Device), c.UniqueID, int64(c.Leg)}
		}, note)
	}
	return taken, engine.Failed(err, "looking for the reservations of %d calls", len(rows))
}

// whoTook is what Taken asks PostgreSQL.
func whoTook(rows []store.Reservation, taken *[]tollgate.ID) engine.Question {
	return question(takenPostgres, func(row engine.Scanner, id *tollgate.ID) error { return row.Scan(id) }, taken,
		columnOf(rows, func(r *store.Reservation) int64 { return int64(r.ID) }),
		columnOf(rows, func(r *store.Reservation) int64 { return int64(r.Call.Device) }),
		columnOf(rows, func(r *store.Reservation) string { return engine.CleanText(r.Call.UniqueID) }),
		columnOf(rows, func(r *store.Reservation) int64 { return int64(r.Call.Leg) }))
}

const dropSQLite = `DELETE FROM reservation WHERE id IN (SELECT value FROM json_each($1))
	RETURNING enterprise_id, id, accounts, amount`

const dropPostgres = `DELETE FROM reservation WHERE id = ANY($1::bigint[])
	RETURNING enterprise_id, id, accounts, amount`

// Drop deletes reservations and returns what they held, of those that were there.
func (p Rows) Drop(ids []tollgate.ID) ([]store.Reservation, error) {
	dropped, err := list(p, dropSQLite, dropPostgres, scanHeld, ids)
	return dropped, engine.Failed(err, "releasing %d reservations", len(ids))
}

var reservationTable = engine.Table{Name: "reservation", Columns: []string{
	"enterprise_id", "id", "device_id", "unique_id", "leg", "accounts", "amount", "detail", "expires_at",
}}

const reserveMany = `INSERT INTO reservation (enterprise_id, id, device_id, unique_id, leg, accounts,
	amount, detail, expires_at)
	SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::text[],
		$7::bigint[], $8::text[], $9::bigint[])
	ON CONFLICT DO NOTHING`

// Reserve inserts reservations. One whose id or call has one already is left
// out: it returns how many were inserted, and Held says which.
func (p Rows) Reserve(rows []store.Reservation) (inserted int, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	if p.tx.Engine() == store.SQLite {
		inserted, err = p.tx.InsertMany(reservationTable, " ON CONFLICT DO NOTHING", len(rows),
			func(i int, w engine.RowWriter) {
				r := &rows[i]
				w.ID(r.Enterprise)
				w.ID(r.ID)
				w.ID(r.Call.Device)
				w.Text(r.Call.UniqueID)
				w.Int(int64(r.Call.Leg))
				w.Text(engine.IDText(r.Accounts))
				w.Int(r.Amount)
				w.Text(string(r.Detail))
				w.Int(engine.Micros(r.Until))
			})
		return inserted, engine.Failed(err, "holding money for %d calls", len(rows))
	}
	touched, err := p.tx.Exec(reserveMany,
		columnOf(rows, func(r *store.Reservation) int64 { return int64(r.Enterprise) }),
		columnOf(rows, func(r *store.Reservation) int64 { return int64(r.ID) }),
		columnOf(rows, func(r *store.Reservation) int64 { return int64(r.Call.Device) }),
		columnOf(rows, func(r *store.Reservation) string { return engine.CleanText(r.Call.UniqueID) }),
		columnOf(rows, func(r *store.Reservation) int64 { return int64(r.Call.Leg) }),
		columnOf(rows, func(r *store.Reservation) string { return engine.IDText(r.Accounts) }),
		columnOf(rows, func(r *store.Reservation) int64 { return r.Amount }),
		columnOf(rows, func(r *store.Reservation) string { return engine.CleanText(string(r.Detail)) }),
		columnOf(rows, func(r *store.Reservation) int64 { return engine.Micros(r.Until) }))
	return int(touched), engine.Failed(err, "holding money for %d calls", len(rows))
}

const holdOther = `UPDATE reservation SET accounts = $2, amount = $3, detail = $4, expires_at = $5
	WHERE id = $1`

const holdOthers = `UPDATE reservation SET accounts = r.whose, amount = r.held, detail = r.about,
	expires_at = r.until
	FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[])
		AS r(its, whose, held, about, until)
	WHERE id = r.its`

// Rewrite gives reservations that are there other accounts, amounts, details
// and expiries.
func (p Rows) Rewrite(rows []store.Reservation) error {
	if len(rows) == 0 {
		return nil
	}
	if p.tx.Engine() == store.PostgreSQL {
		_, err := p.tx.Exec(holdOthers,
			columnOf(rows, func(r *store.Reservation) int64 { return int64(r.ID) }),
			columnOf(rows, func(r *store.Reservation) string { return engine.IDText(r.Accounts) }),
			columnOf(rows, func(r *store.Reservation) int64 { return r.Amount }),
			columnOf(rows, func(r *store.Reservation) string { return engine.CleanText(string(r.Detail)) }),
			columnOf(rows, func(r *store.Reservation) int64 { return engine.Micros(r.Until) }))
		return engine.Failed(err, "renewing %d reservations", len(rows))
	}
	_, err := p.tx.Repeat(holdOther, len(rows), func(i int, w engine.RowWriter) {
		r := &rows[i]
		w.ID(r.ID)
		w.Text(engine.IDText(r.Accounts))
		w.Int(r.Amount)
		w.Text(string(r.Detail))
		w.Int(engine.Micros(r.Until))
	})
	return engine.Failed(err, "renewing %d reservations", len(rows))
}

// list runs the engine's own text for a list of ids.
func list[T any](p Rows, sqlite, postgres string, scan func(engine.Scanner, *T) error,
	ids []tollgate.ID,
) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if p.tx.Engine() == store.SQLite {
		return engine.ListIn(p.tx, scan, sqlite, jsonList(ids))
	}
	return engine.ListIn(p.tx, scan, postgres, numbers(ids))
}

// jsonList is how SQLite takes many ids in one argument.
func jsonList(ids []tollgate.ID) string {
	b := append(make([]byte, 0, 2+20*len(ids)), '[')
	for _, id := range ids {
		b = append(strconv.AppendInt(b, int64(id), 10), ',')
	}
	b[len(b)-1] = ']'
	return string(b)
}

// columnOf is one column of many rows, as PostgreSQL takes arrays.
func columnOf[T, V any](rows []T, of func(*T) V) []V {
	column := make([]V, len(rows))
	for i := range rows {
		column[i] = of(&rows[i])
	}
	return column
}
