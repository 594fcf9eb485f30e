package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"tollgate"
	"tollgate/store/internal/engine"
	"tollgate/store/storetest"
)

// open opens a database with a table of two rows, 1 and 2.
func open(t *testing.T, url string) *engine.DB {
	t.Helper()
	db, err := engine.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	err = db.Tx(t.Context(), func(tx *engine.Tx) error {
		for _, text := range []string{
			"CREATE TABLE thing (id BIGINT PRIMARY KEY, n BIGINT NOT NULL CHECK (n >= 0))",
			"INSERT INTO thing VALUES (1, 0), (2, 0)",
		} {
			if _, err := tx.Exec(text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func sum(t *testing.T, db *engine.DB) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(t.Context(), "SELECT SUM(n) FROM thing").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestDeadlockIsTriedAgain(t *testing.T) {
	db := open(t, storetest.Postgres(t)) // on SQLite there is one writer
	var tries [2]int
	var both, done sync.WaitGroup
	both.Add(2)
	for i := range 2 {
		done.Go(func() {
			err := db.Tx(context.Background(), func(tx *engine.Tx) error {
				tries[i]++
				if _, err := tx.Exec("UPDATE thing SET n = n + 1 WHERE id = $1", 1+i); err != nil {
					return err
				}
				if tries[i] == 1 { // each holds one row before it asks for the other
					both.Done()
					both.Wait()
				}
				_, err := tx.Exec("UPDATE thing SET n = n + 1 WHERE id = $1", 2-i)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if tries[0]+tries[1] < 3 {
		t.Errorf("%v tries: there was no deadlock", tries)
	}
	if n := sum(t, db); n != 4 {
		t.Errorf("the sum is %d, want 4", n)
	}
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := open(t, url)
		add := func(tx *engine.Tx) error {
			_, err := tx.Exec("UPDATE thing SET n = n + 1")
			return err
		}
		boom := errors.New("boom")
		if err := db.Tx(t.Context(), func(tx *engine.Tx) error {
			return errors.Join(add(tx), boom)
		}); !errors.Is(err, boom) {
			t.Errorf("the error is %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := db.Tx(ctx, func(tx *engine.Tx) error {
			cancel()
			return add(tx) // is not torn apart
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
		if n := sum(t, db); n != 0 {
			t.Errorf("the sum is %d, want 0", n)
		}
		if err := db.Tx(t.Context(), add); err != nil {
			t.Error(err)
		}
		if n := sum(t, db); n != 2 {
			t.Errorf("the sum is %d, want 2", n)
		}
	})
}

func TestFailuresHaveTheirCode(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := open(t, url)
		for text, want := range map[string]tollgate.ErrorCode{
			"INSERT INTO thing VALUES (1, 0)":  tollgate.CodeConflict,
			"INSERT INTO thing VALUES (3, -1)": tollgate.CodeInvalid,
			"INSERT INTO nothing VALUES (1)":   tollgate.CodeInternal,
		} {
			err := db.Tx(t.Context(), func(tx *engine.Tx) error {
				_, err := tx.Exec(text)
				return engine.Failed(err, "trying")
			})
			if tollgate.CodeOf(err) != want {
				t.Errorf("%s: %v, want %s", text, err, want)
			}
		}
	})
}

// Many rows go out in more than one piece on both engines.
func TestInsertMany(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := open(t, url)
		thing := engine.Table{Name: "thing", Columns: []string{"id", "n"}}
		const rows = 10_001
		insert := func(from int) error {
			return db.Tx(t.Context(), func(tx *engine.Tx) error {
				return tx.Insert(thing, rows, func(i int, w engine.RowWriter) {
					w.ID(tollgate.ID(from + i))
					w.Int(1)
				})
			})
		}
		if err := insert(3); err != nil {
			t.Fatal(err)
		}
		if err := insert(rows); !engine.IsDuplicate(err) {
			t.Errorf("keys that are there: %v", err)
		}
		if n := sum(t, db); n != rows {
			t.Errorf("the sum is %d, want %d", n, rows)
		}
	})
}

func TestFileIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a dir?#%", "toll gate.db")
	open(t, "sqlite:"+path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
}

// Another node that changes the tables, as a newer version does when it starts,
// waits for whoever writes to them; that one waits for it with a new month.
// The server sees no deadlock in this, because one waits in this program.
func TestNewMonthWhileTablesChange(t *testing.T) {
	db := open(t, storetest.Postgres(t))
	change := func(do func(*engine.Tx) error) {
		t.Helper()
		if err := db.Tx(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	change(func(tx *engine.Tx) error {
		_, err := tx.Exec("CREATE TABLE log (at BIGINT NOT NULL) PARTITION BY RANGE (at)")
		return err
	})
	written, changed := make(chan bool, 1), make(chan error, 1)
	locked := make(chan bool)
	go func() {
		changed <- db.Tx(t.Context(), func(tx *engine.Tx) error {
			if err := tx.LockSchema(); err != nil {
				return err
			}
			close(locked)
			<-written
			_, err := tx.Exec("ALTER TABLE thing ADD COLUMN more BIGINT")
			return err
		})
	}()
	<-locked
	change(func(tx *engine.Tx) error {
		if _, err := tx.Exec("UPDATE thing SET n = 1"); err != nil {
			return err
		}
		select {
		case written <- true:
		default: // another try
		}
		ctx, _ := tx.Read()
		return db.EnsurePartition(ctx, "log", "log_1", 0, 10)
	})
	if err := <-changed; err != nil {
		t.Error(err)
	}
	if n := sum(t, db); n != 2 {
		t.Errorf("sum %d, want 2", n)
	}
}
