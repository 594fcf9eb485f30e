package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Quarantined is a record that could not be understood, kept until it can.
type Quarantined struct {
	ID         tollgate.ID     `json:"id"`
	Enterprise tollgate.ID     `json:"enterprise"` // 0: not known
	Reason     string          `json:"reason"`
	Record     tollgate.Record `json:"record"`
	Received   time.Time       `json:"received"`
}

// fingerprint is the same for a record that is sent again.
func fingerprint(r *tollgate.Record, text []byte) string {
	if r.Raw != "" {
		text = []byte(r.Raw)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s", r.Call, text))
	return hex.EncodeToString(sum[:16])
}

// Quarantine keeps records that could not be understood; one that is there
// already is not kept twice. Those without an ID get one.
func (p *Posting) Quarantine(rows []Quarantined) error {
	for i := range rows {
		q := &rows[i]
		if q.ID == 0 {
			q.ID = p.db.NewID()
		}
		readable(&q.Record)
		text, err := json.Marshal(q.Record)
		if err != nil {
			return fmt.Errorf("quarantining call %s: %w", q.Record.Call, err)
		}
		if _, err := p.tx.Exec(`INSERT INTO quarantine
			(id, enterprise_id, device_id, fingerprint, reason, record, received_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (fingerprint)
			DO UPDATE SET reason = excluded.reason, enterprise_id = excluded.enterprise_id`,
			int64(q.ID), int64(q.Enterprise), int64(q.Record.Call.Device), fingerprint(&q.Record, text),
			engine.CleanText(q.Reason), string(text), engine.Micros(p.db.now())); err != nil {
			return engine.Failed(err, "quarantining call %s", q.Record.Call)
		}
	}
	return nil
}

// readable makes a record one that can be written and reads back the same, for
// nothing that a device sends may stop the batch that it is in. JSON has
// neither instants beyond the year 9999 nor text that is not UTF-8.
func readable(r *tollgate.Record) {
	for _, text := range []*string{
		&r.Call.UniqueID, &r.Extension, &r.Originator, &r.Caller, &r.Dialed, &r.Trunk, &r.AccountCode, &r.Raw,
	} {
		*text = engine.CleanText(*text)
	}
	first, last := time.Time{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, at := range []*time.Time{&r.Start, &r.Answer, &r.End} {
		if *at = at.UTC(); at.Before(first) {
			*at = first
		} else if at.After(last) {
			*at = last
		}
	}
}

// Release removes quarantined records that are in the books now.
func (p *Posting) Release(ids []tollgate.ID) error {
	for _, id := range ids {
		if _, err := p.tx.Exec("DELETE FROM quarantine WHERE id = $1", int64(id)); err != nil {
			return engine.Failed(err, "releasing quarantined record %d", id)
		}
	}
	return nil
}

const quarantineColumns = "id, enterprise_id, reason, record, received_at"

func scanQuarantined(row engine.Scanner, q *Quarantined) error {
	var record string
	var received int64
	if err := row.Scan(&q.ID, &q.Enterprise, &q.Reason, &record, &received); err != nil {
		return err
	}
	q.Received = engine.Instant(received)
	if err := json.Unmarshal([]byte(record), &q.Record); err != nil {
		return fmt.Errorf("quarantined record %d: %w", q.ID, err)
	}
	return nil
}

// Quarantine lists what could not be understood, newest first.
func (db *DB) Quarantine(ctx context.Context, s Scope, p Paging) (Page[Quarantined], error) {
	before, err := p.before()
	if err != nil {
		return Page[Quarantined]{}, err
	}
	var c conditions
	c.scope("enterprise_id", s)
	c.and("id < ?", before)
	found, err := engine.List(ctx, db.sql.Read(), scanQuarantined, "SELECT "+quarantineColumns+
		" FROM quarantine"+c.clause()+" ORDER BY id DESC"+p.limit(), c.args...)
	return paged(p, found, func(q *Quarantined) string { return mark(q.ID) }),
		engine.Failed(err, "reading the quarantine")
}

// QuarantineCount returns how many records wait in quarantine.
func (db *DB) QuarantineCount(ctx context.Context, s Scope) (int64, error) {
	var n int64
	err := db.sql.Read().QueryRowContext(ctx, `SELECT COUNT(*) FROM quarantine
		WHERE (enterprise_id = $1 OR $1 = 0)`, int64(s)).Scan(&n)
	return n, engine.Failed(err, "counting the quarantine")
}

// Quarantined returns one quarantined record; CodeNotFound when it is not in
// the scope, or was released.
func (db *DB) Quarantined(ctx context.Context, s Scope, id tollgate.ID) (Quarantined, error) {
	var q Quarantined
	err := scanQuarantined(db.sql.Read().QueryRowContext(ctx, "SELECT "+quarantineColumns+
		" FROM quarantine WHERE id = $1 AND (enterprise_id = $2 OR $2 = 0)", int64(id), int64(s)), &q)
	return q, engine.Failed(err, "quarantined record %d", id)
}
