package store

import (
	"context"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// PutAlert keeps an alert. Without an ID it gets one, and without an instant
// the present.
func (db *DB) PutAlert(ctx context.Context, a *tollgate.Alert) error {
	if a.ID == 0 {
		a.ID = db.NewID()
	}
	if a.At.IsZero() {
		a.At = db.now().UTC().Truncate(time.Microsecond)
	}
	return engine.Failed(db.inTx(ctx, func(t *engine.Tx) error {
		_, err := t.Exec(`INSERT INTO alert
			(enterprise_id, id, kind, account_id, device_id, unique_id, leg, text, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			int64(a.Enterprise), int64(a.ID), string(a.Kind), int64(a.Account), int64(a.Call.Device),
			engine.CleanText(a.Call.UniqueID), a.Call.Leg, engine.CleanText(a.Text), engine.Micros(a.At))
		return err
	}), "keeping an alert")
}

// Alerts lists alerts, newest first. Those of the house are seen by Everything
// alone.
func (db *DB) Alerts(ctx context.Context, s Scope, p Paging) (Page[tollgate.Alert], error) {
	before, err := p.before()
	if err != nil {
		return Page[tollgate.Alert]{}, err
	}
	var c conditions
	c.scope("enterprise_id", s)
	c.and("id < ?", before)
	found, err := engine.List(ctx, db.sql.Read(), func(row engine.Scanner, a *tollgate.Alert) error {
		var at int64
		err := row.Scan(&a.Enterprise, &a.ID, &a.Kind, &a.Account, &a.Call.Device, &a.Call.UniqueID,
			&a.Call.Leg, &a.Text, &at)
		a.At = engine.Instant(at)
		return err
	}, `SELECT enterprise_id, id, kind, account_id, device_id, unique_id, leg, text, created_at
		FROM alert`+c.clause()+" ORDER BY id DESC"+p.limit(), c.args...)
	return paged(p, found, func(a *tollgate.Alert) string { return mark(a.ID) }),
		engine.Failed(err, "reading alerts")
}
