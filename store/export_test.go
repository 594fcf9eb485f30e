package store

// SetWalk lowers how many calls looking for calls looks at.
func (db *DB) SetWalk(probeRows, walkRows int) { db.probeRows, db.walkRows = probeRows, walkRows }
