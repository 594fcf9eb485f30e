package engine

// asideRows is how many rows a statement carries at most that steps aside: it takes
// some tenths of a millisecond.
const asideRows = 32

// Aside runs what takes long and nobody waits for, one of that at a time, and not
// while the log is copied: two of them would keep two processors from all others.
func (db *DB) Aside(fn func() error) error {
	db.background.Lock()
	defer db.background.Unlock()
	return fn()
}

// StepAside has others run, who are waited for, between the statements of many rows.
// It is SQLite's; PostgreSQL's work is done elsewhere.
func (t *Tx) StepAside() { t.aside = true }
