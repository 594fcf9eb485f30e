package store

// SetWalk lowers how many calls looking for calls looks at.
func (db *DB) SetWalk(probeRows, walkRows int) { db.probeRows, db.walkRows = probeRows, walkRows }

// Sum makes as many sums as may be made at a time, until release.
func (db *DB) Sum() (release func()) {
	for range addersMax {
		db.adding <- struct{}{}
	}
	return func() {
		for range addersMax {
			<-db.adding
		}
	}
}
