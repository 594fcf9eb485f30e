package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// databaseFlags say where the books are; commands that need them embed it.
type databaseFlags struct {
	Data     string `help:"Directory of the embedded database." placeholder:"DIR" xor:"where" env:"TOLLGATE_DATA"`
	Database string `help:"PostgreSQL to use instead." placeholder:"postgres://…" xor:"where" env:"TOLLGATE_DATABASE"`
}

// databaseName is the file of the embedded database in its directory.
const databaseName = "tollgate.db"

// journalsName is the directory of pushed journals beside it.
const journalsName = "journals"

// lock keeps a second server off an embedded database: both would follow every
// device. The lock ends with the process, however it ends.
func (f databaseFlags) lock() (release func(), err error) {
	if f.Data == "" {
		return func() {}, nil
	}
	file, err := os.OpenFile(filepath.Join(f.Data, "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, tollgate.Errorf(tollgate.CodeConflict,
			"another tollgate serves %s: end it first, or choose another directory", f.Data)
	}
	return func() { file.Close() }, nil
}

// open opens the books. It refuses to make a new database unless create is set,
// so that a mistyped directory is an error and not empty books. What a server that
// was killed had acknowledged is posted first.
func (f databaseFlags) open(ctx context.Context, p *program, create bool) (*store.DB, error) {
	url := f.Database
	if url == "" {
		if f.Data == "" {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "say where the books are: --data DIR or --database URL")
		}
		path := filepath.Join(f.Data, databaseName)
		if _, err := os.Stat(path); err != nil && !create {
			return nil, tollgate.Errorf(tollgate.CodeInvalid,
				"no database in %s: is it the directory that serve was started with?", f.Data)
		}
		if err := os.MkdirAll(f.Data, 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
		url = "sqlite:" + path
	}
	db, err := store.Open(ctx, url, store.Options{Now: p.now, Log: p.log})
	if err != nil {
		return nil, err
	}
	if err := ledger.Recover(ctx, db, ledger.Options{Now: p.now, Log: p.log}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
