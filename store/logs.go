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
