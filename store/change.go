package store

import (
	"context"
	"encoding/json"
	"fmt"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Actor is who makes a change: a person, a token, or a command.
type Actor struct {
	Name       string
	Enterprise tollgate.ID // whose log the change belongs to; 0: the house
	Address    string      // where the request came from
}

// Change is one change to the configuration that is being made. Its methods
// insert when the ID is 0 and give it one, else they update. They fail with
// CodeInvalid, CodeNotFound or CodeConflict, and then the whole change is undone.
type Change struct {
	tx     *engine.Tx
	db     *DB
	given  []*tollgate.ID // that were 0 and have been given an ID
	actor  Actor
	action string
}

// Change makes one change: everything fn does happens in one transaction, is
// written to the operation log as before → after, and raises the configuration
// version. fn may run again after a conflict between nodes; what was given an
// ID before has none again then. On PostgreSQL changes are made one at a time.
func (db *DB) Change(ctx context.Context, a Actor, action string, fn func(*Change) error) error {
	c := &Change{db: db, actor: a, action: action}
	defer db.changes.Add(1) // perhaps for nothing: then somebody looks once more
	return db.inTx(ctx, func(t *engine.Tx) error {
		c.tx = t
		for _, id := range c.given { // by a try that was undone
			*id = 0
		}
		// First of all, because the row also is the lock among changes: what a
		// change has checked is still so when it commits.
		if _, err := t.Exec("UPDATE config SET version = version + 1"); err != nil {
			return engine.Failed(err, "raising the configuration version")
		}
		return fn(c)
	})
}

// Tx is the transaction of the change, and Give and Log are what goes with it:
// for the packages of this room, which keep rows of their own.
func (c *Change) Tx() *engine.Tx { return c.tx }

// Give makes an id for each row to be inserted; it is taken back if the change
// is tried again.
func (c *Change) Give(ids ...*tollgate.ID) {
	for _, id := range ids {
		c.give(id)
	}
}

// Log writes one object's part of the change: see Operation.
func (c *Change) Log(object string, before, after any) error { return c.log(object, before, after) }

// give makes ids for what is to be inserted.
func (c *Change) give(ids ...*tollgate.ID) {
	made := c.db.NewID()
	for _, id := range ids {
		*id = made
	}
	c.given = append(c.given, ids...)
}

// ConfigVersion returns a number that grows with every Change of any node.
func (db *DB) ConfigVersion(ctx context.Context) (int64, error) {
	var version int64
	err := db.sql.Look(ctx, func(t *engine.Tx) error {
		statement, err := t.Prepare("SELECT version FROM config")
		if err != nil {
			return err
		}
		return statement.Row().Scan(&version)
	})
	return version, engine.Failed(err, "reading the configuration version")
}

// Changes returns how many changes this process has made or tried: while that stays
// the same, only others can have raised the version.
func (db *DB) Changes() int64 { return db.changes.Load() }

// log writes one object's part of the change; before and after are what people
// may see of it, nil for what did not or does no longer exist.
func (c *Change) log(object string, before, after any) error {
	return c.db.logOperation(c.tx, c.actor, c.action, object, before, after)
}

// logOperation writes what an actor did to one object.
func (db *DB) logOperation(t *engine.Tx, a Actor, action, object string, before, after any) error {
	old, err := logText(before)
	if err != nil {
		return err
	}
	made, err := logText(after)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO operation_log
		(id, enterprise_id, actor, address, action, object, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		int64(db.NewID()), int64(a.Enterprise), a.Name, a.Address, action, object, old, made)
	return engine.Failed(err, "writing the operation log")
}

func logText(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("writing the operation log: %w", err)
	}
	return string(text), nil
}

func object(kind string, id tollgate.ID) string { return kind + " " + id.String() }

// one checks that a statement meant for one row found it.
func one(touched int64, err error, what string) error {
	if err != nil {
		return engine.Failed(err, "storing %s", what)
	}
	if touched == 0 {
		return tollgate.Errorf(tollgate.CodeNotFound, "%s does not exist", what)
	}
	return nil
}

// refuseIf fails with CodeConflict and the message if the query finds a row.
func (c *Change) refuseIf(message, text string, args ...any) error {
	found, err := c.tx.Exists("SELECT EXISTS("+text+")", args...)
	if err != nil {
		return engine.Failed(err, "checking what still uses it")
	}
	if found {
		return tollgate.Errorf(tollgate.CodeConflict, "%s", message)
	}
	return nil
}

// require fails with CodeInvalid unless id is 0 or a row of the table that is
// not deleted.
func (c *Change) require(table, what string, id tollgate.ID) error {
	if id == 0 {
		return nil
	}
	found, err := c.tx.Exists("SELECT EXISTS(SELECT 1 FROM "+table+
		" WHERE id = $1 AND deleted_at = 0)", int64(id))
	if err != nil {
		return engine.Failed(err, "looking for %s %d", what, id)
	}
	if !found {
		return tollgate.Errorf(tollgate.CodeInvalid, "%s %d does not exist", what, id)
	}
	return nil
}
