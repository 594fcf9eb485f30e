package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// readersMax bounds the pool of reading connections on SQLite: each keeps a
// page cache of its own. lookersMax is how many there are besides for Look.
const readersMax, lookersMax = 8, 2

// connectSQLite opens the one connection that writes and the pool that reads.
func (db *DB) connectSQLite(ctx context.Context, path string) error {
	db.name = SQLite
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Unavailable(err, "creating the database's folder")
	}
	if err := createPrivate(path); err != nil {
		return Unavailable(err, "creating the database")
	}
	write, err := sql.Open("sqlite", sqliteName(path, []string{
		"temp_store(MEMORY)", fmt.Sprintf("wal_autocheckpoint(%d)", logPagesHard),
		fmt.Sprintf("journal_size_limit(%d)", logBytesKept),
	}))
	if err != nil {
		return Unavailable(err, "opening "+path)
	}
	write.SetMaxOpenConns(1)
	conn, err := firstConn(ctx, write)
	if err != nil {
		return errors.Join(Unavailable(err, "opening "+path), write.Close())
	}
	read, err := sql.Open("sqlite", sqliteName(path, []string{"query_only(1)"}))
	if err != nil {
		return errors.Join(Unavailable(err, "opening "+path), conn.Close(), write.Close())
	}
	read.SetMaxOpenConns(lookersMax + readersMax)
	read.SetMaxIdleConns(lookersMax + readersMax)
	db.write, db.read, db.path = write, read, path
	db.lookers = make(chan *writer, lookersMax)
	for range lookersMax {
		looks, err := read.Conn(ctx)
		if err != nil {
			return errors.Join(Unavailable(err, "opening "+path), conn.Close(), write.Close(), read.Close())
		}
		db.lookers <- &writer{conn: looks, kept: map[string]*sql.Stmt{}}
	}
	db.writer = make(chan *writer, 1)
	db.writer <- &writer{
		conn: conn, kept: map[string]*sql.Stmt{}, driven: map[directKey]directStatement{},
	}
	db.written, db.closing, db.copied = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go db.copyLog()
	return nil
}

// openTries bounds how often a new database is opened that others open too.
const openTries = 200

// firstConn returns a connection. A database becomes one with a log when it is
// first opened; whoever opens it at that moment is told that it is locked, and
// SQLite does not wait there, whatever the timeout.
func firstConn(ctx context.Context, write *sql.DB) (conn *sql.Conn, err error) {
	for range openTries {
		if conn, err = write.Conn(ctx); err == nil || !isTransient(err) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil, err
}

// createPrivate makes the file if it is not there. It holds secrets, and the
// driver would let everybody read it. A file that is there is not even opened:
// closing it would drop the locks that this process may hold on it.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// sqliteName is the driver's name for a database file. A commit is on disk
// before it is answered: synchronous is FULL, also in WAL mode.
func sqliteName(path string, more []string) string {
	pragmas := append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"cache_size(-65536)",
	}, more...)
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	name.RawQuery = url.Values{"_pragma": pragmas}.Encode()
	return name.String()
}

// sqliteProblem sorts an error of the driver; ok is false for other errors.
func sqliteProblem(err error) (p problem, ok bool) {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return 0, false
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return problemDuplicate, true
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return problemReference, true
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		return problemCheck, true
	}
	if e.Code()&0xff == sqlite3.SQLITE_BUSY { // in any of its shades
		return problemTransient, true
	}
	return problemOther, true
}
