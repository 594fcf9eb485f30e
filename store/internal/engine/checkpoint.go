package engine

import (
	"context"
	"time"
)

// SQLite commits to a log, and what the log holds is copied into the database from
// time to time. Left alone, whoever commits as the log passes 1,000 pages does that
// and makes all wait; so it is done beside the writer. Only a writer that finds all
// of the log copied begins it anew: the last few pages are his.
const (
	// copyEvery is how often the log is copied while something is written.
	copyEvery = 200 * time.Millisecond
	// logPagesMax is how long a log may become before the writer is asked to begin it
	// anew: 16 MiB.
	logPagesMax = 4096
	// restPagesMax is how much may be left to the writer then, and copiesMax how often
	// it is tried to leave no more.
	restPagesMax, copiesMax = 128, 4
	// logPagesHard is where the writer copies without being asked: 128 MiB.
	logPagesHard = 32_768
	// logBytesKept is how long the log's file stays when it begins anew. While somebody
	// reads for long, such as the audit, nothing can be copied and it grows.
	logBytesKept = 64 << 20
)

// copyLog copies the log now and then until the database is closed.
func (db *DB) copyLog() {
	defer close(db.copied)
	for {
		select {
		case <-db.written:
		case <-db.closing:
			return
		}
		select {
		case <-time.After(copyEvery):
		case <-db.closing:
			return
		}
		// What fails here is tried again, and by the writer in the end.
		for range copiesMax {
			db.background.Lock()
			log, done := copyPages(context.Background(), db.read)
			db.background.Unlock()
			if log-done <= restPagesMax {
				db.restart.Store(log > logPagesMax)
				break
			}
		}
	}
}

// copyPages copies what no reader needs as it was before. It returns how many
// pages the log has, and how many of them are in the database.
func copyPages(ctx context.Context, q Querier) (log, done int) {
	var busy int
	if err := q.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &log, &done); err != nil {
		return 0, 0
	}
	return log, done
}

// wrote says that something was committed, and copies the rest of the log if that
// was asked for: what is written next begins it anew.
func (db *DB) wrote(w *writer) {
	if db.restart.CompareAndSwap(true, false) {
		copyPages(context.Background(), w.conn)
	}
	select {
	case db.written <- struct{}{}:
	default:
	}
}
