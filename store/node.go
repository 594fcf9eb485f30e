package store

import (
	"sync/atomic"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// nodeLease is how long a node number is held without being renewed. Whoever
// writes renews it long before.
const nodeLease = 24 * time.Hour

// node is the number this process makes ids with. Every process that has the
// store open holds another one, also a command run beside the server: two with
// one number would make the same ids within a millisecond.
type node struct {
	holder  string // who we are in the table
	ids     atomic.Pointer[tollgate.IDSource]
	number  atomic.Int64
	renewAt atomic.Int64 // µs
}

// holdNode takes the number that was free longest, so that even a clock that was
// set back after a restart makes no id twice.
func (db *DB) holdNode(t *engine.Tx) error {
	now := db.now()
	var number int
	err := t.QueryRow(`UPDATE node SET holder = $1, until = $2
		WHERE number = (SELECT number FROM node WHERE until <= $3 ORDER BY until, number LIMIT 1)
		RETURNING number`,
		[]any{db.node.holder, engine.Micros(now.Add(nodeLease)), engine.Micros(now)}, &number)
	if err != nil {
		if found, _ := engine.Found(err); !found {
			return tollgate.Errorf(tollgate.CodeUnavailable,
				"%d processes have this database open: no more fit", tollgate.NodeMax+1)
		}
		return engine.Failed(err, "taking a node number")
	}
	db.node.ids.Store(tollgate.NewIDSource(number, db.now))
	db.node.number.Store(int64(number))
	db.node.renewAt.Store(engine.Micros(now.Add(nodeLease / 24)))
	return nil
}

// renewNode keeps the number, about once an hour, as part of whatever is
// written. A number lost while nothing was written for a day is replaced.
func (db *DB) renewNode(t *engine.Tx) error {
	now := db.now()
	if engine.Micros(now) < db.node.renewAt.Load() {
		return nil
	}
	touched, err := t.Exec("UPDATE node SET until = $1 WHERE number = $2 AND holder = $3",
		engine.Micros(now.Add(nodeLease)), db.node.number.Load(), db.node.holder)
	if err != nil {
		return engine.Failed(err, "renewing the node number")
	}
	if touched == 0 {
		return db.holdNode(t)
	}
	db.node.renewAt.Store(engine.Micros(now.Add(nodeLease / 24)))
	return nil
}

// leaveNode frees the number for others.
func (db *DB) leaveNode(t *engine.Tx) error {
	_, err := t.Exec("UPDATE node SET holder = '', until = $1 WHERE holder = $2",
		engine.Micros(db.now()), db.node.holder)
	return engine.Failed(err, "leaving the node number")
}
