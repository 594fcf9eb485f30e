// Package progress is what a device's connector keeps across restarts, such as how
// far it has read a journal.
package progress

import (
	"context"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// Device is the progress of one device's connector.
type Device struct {
	db *store.DB
	id tollgate.ID
}

// Of returns the progress of a device.
func Of(db *store.DB, device tollgate.ID) Device { return Device{db, device} }

// Load reads what was saved.
func (d Device) Load(ctx context.Context) (map[string]string, error) {
	state := map[string]string{}
	err := d.db.Snapshot(ctx, func(q engine.Querier) error {
		_, err := engine.List(ctx, q, func(row engine.Scanner, _ *struct{}) error {
			var name, content string
			err := row.Scan(&name, &content)
			state[name] = content
			return err
		}, "SELECT name, content FROM device_state WHERE device_id = $1", int64(d.id))
		return err
	})
	return state, engine.Failed(err, "reading the state of device %d", d.id)
}

// Save keeps these values; an empty one is forgotten, others of the device stay.
func (d Device) Save(ctx context.Context, state map[string]string) error {
	return engine.Failed(d.db.Post(ctx, func(p *store.Posting) error {
		for name, content := range state {
			if _, err := p.Tx().Exec(`INSERT INTO device_state (device_id, name, content)
				VALUES ($1, $2, $3)
				ON CONFLICT (device_id, name) DO UPDATE SET content = excluded.content`,
				int64(d.id), name, content); err != nil {
				return err
			}
		}
		_, err := p.Tx().Exec("DELETE FROM device_state WHERE device_id = $1 AND content = ''", int64(d.id))
		return err
	}), "storing the state of device %d", d.id)
}
