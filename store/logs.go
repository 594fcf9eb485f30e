package store

import (
	"context"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Login is one attempt to come in.
type Login struct {
	ID         tollgate.ID `json:"id"`
	At         time.Time   `json:"at"`
	Enterprise tollgate.ID `json:"enterprise"` // the person's; 0: the house, or nobody known
	Name       string      `json:"name"`
	Address    string      `json:"address"`
	Success    bool        `json:"success"`
	Reason     string      `json:"reason"` // why it failed
}

// LogLogin writes an attempt to come in, with a new ID and the present time.
func (db *DB) LogLogin(ctx context.Context, l Login) error {
	return engine.Failed(db.inTx(ctx, func(t *engine.Tx) error {
		_, err := t.Exec(`INSERT INTO login_log (id, enterprise_id, name, address, success, reason)
			VALUES ($1, $2, $3, $4, $5, $6)`, int64(db.NewID()), int64(l.Enterprise), l.Name, l.Address,
			l.Success, l.Reason)
		return err
	}), "writing the login log")
}

// LoginLog lists attempts to come in, newest first.
func (db *DB) LoginLog(ctx context.Context, s Scope, p Paging) (Page[Login], error) {
	before, err := p.before()
	if err != nil {
		return Page[Login]{}, err
	}
	var c conditions
	c.scope("enterprise_id", s)
	c.and("id < ?", before)
	found, err := engine.List(ctx, db.sql.Read(), func(row engine.Scanner, l *Login) error {
		err := row.Scan(&l.ID, &l.Enterprise, &l.Name, &l.Address, &l.Success, &l.Reason)
		l.At = l.ID.Time()
		return err
	}, "SELECT id, enterprise_id, name, address, success, reason FROM login_log"+c.clause()+
		" ORDER BY id DESC"+p.limit(), c.args...)
	return paged(p, found, func(l *Login) string { return mark(l.ID) }),
		engine.Failed(err, "reading the login log")
}

// Operation is what somebody changed, one object of one Change.
type Operation struct {
	ID         tollgate.ID `json:"id"`
	At         time.Time   `json:"at"`
	Enterprise tollgate.ID `json:"enterprise"`
	Actor      string      `json:"actor"`
	Address    string      `json:"address"`
	Action     string      `json:"action"`
	Object     string      `json:"object"` // kind and id
	Before     string      `json:"before"` // JSON; empty: it did not exist
	After      string      `json:"after"`  // JSON; empty: it no longer exists
}

// OperationLog lists what was changed, newest first. The scope is that of who
// changed it.
func (db *DB) OperationLog(ctx context.Context, s Scope, p Paging) (Page[Operation], error) {
	before, err := p.before()
	if err != nil {
		return Page[Operation]{}, err
	}
	var c conditions
	c.scope("enterprise_id", s)
	c.and("id < ?", before)
	found, err := engine.List(ctx, db.sql.Read(), func(row engine.Scanner, o *Operation) error {
		err := row.Scan(&o.ID, &o.Enterprise, &o.Actor, &o.Address, &o.Action, &o.Object,
			&o.Before, &o.After)
		o.At = o.ID.Time()
		return err
	}, `SELECT id, enterprise_id, actor, address, action, object, before, after
		FROM operation_log`+c.clause()+" ORDER BY id DESC"+p.limit(), c.args...)
	return paged(p, found, func(o *Operation) string { return mark(o.ID) }),
		engine.Failed(err, "reading the operation log")
}

// DeviceState returns what a device's connector keeps across restarts, such as
// how far it has read a journal.
func (db *DB) DeviceState(ctx context.Context, device tollgate.ID) (map[string]string, error) {
	rows, err := db.sql.Read().QueryContext(ctx,
		"SELECT name, content FROM device_state WHERE device_id = $1", int64(device))
	if err != nil {
		return nil, engine.Failed(err, "reading the state of device %d", device)
	}
	defer rows.Close()
	state := map[string]string{}
	for rows.Next() {
		var name, content string
		if err := rows.Scan(&name, &content); err != nil {
			return nil, engine.Failed(err, "reading the state of device %d", device)
		}
		state[name] = content
	}
	return state, engine.Failed(rows.Err(), "reading the state of device %d", device)
}

// PutDeviceState keeps these values; an empty one is forgotten, others of the
// device stay.
func (db *DB) PutDeviceState(ctx context.Context, device tollgate.ID, state map[string]string) error {
	return engine.Failed(db.inTx(ctx, func(t *engine.Tx) error {
		for name, content := range state {
			if _, err := t.Exec(`INSERT INTO device_state (device_id, name, content)
				VALUES ($1, $2, $3)
				ON CONFLICT (device_id, name) DO UPDATE SET content = excluded.content`,
				int64(device), name, content); err != nil {
				return err
			}
		}
		_, err := t.Exec("DELETE FROM device_state WHERE device_id = $1 AND content = ''", int64(device))
		return err
	}), "storing the state of device %d", device)
}
