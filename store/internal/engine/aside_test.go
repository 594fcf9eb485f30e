package engine_test

import (
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"tollgate/store/internal/engine"
)

// While something else is done that nobody waits for, the log is not copied into the
// database; afterwards it is.
func TestAsideIsDoneAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aside.db")
	db := open(t, "sqlite:"+path)
	const written = 1 << 20
	size := func() int64 {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	err := db.Aside(func() error {
		err := db.Tx(t.Context(), func(tx *engine.Tx) error {
			_, err := tx.Exec("CREATE TABLE heap AS SELECT $1 AS content", make([]byte, written))
			return err
		})
		time.Sleep(time.Second) // it is copied five times a second
		if n := size(); n >= written {
			t.Errorf("the log was copied: the database has %d bytes", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(time.Minute); size() < written; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the log is not copied: the database has %d bytes", size())
		}
	}
}

// Between the statements of one that steps aside others run, though there is one
// processor only.
func TestStepAside(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "aside.db"))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const rows, statements = 500, 500 / 32 // at most as many rows in each
	var ran atomic.Int64
	stop := make(chan struct{})
	defer close(stop)
	err := db.Tx(t.Context(), func(tx *engine.Tx) error {
		tx.StepAside()
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
					ran.Add(1)
					runtime.Gosched()
				}
			}
		}()
		before := ran.Load()
		err := tx.Insert(engine.Table{Name: "thing", Columns: []string{"id", "n"}}, rows,
			func(i int, w engine.RowWriter) {
				w.Int(int64(i) + 3)
				w.Int(1)
			})
		if n := ran.Load() - before; n < statements {
			t.Errorf("others ran %d times between %d statements", n, statements)
		}
		return err
	})
	if err != nil || sum(t, db) != rows {
		t.Error(err, sum(t, db))
	}
}

// Who closes the database waits for what is done aside, though that writes and the
// log is to be copied after it.
func TestCloseWaitsForAside(t *testing.T) {
	db, err := engine.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "aside.db"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) error {
		return db.Tx(t.Context(), func(tx *engine.Tx) error {
			_, err := tx.Exec(text)
			return err
		})
	}
	begun, done := make(chan bool), make(chan error, 2)
	go func() {
		done <- db.Aside(func() error {
			begun <- true
			time.Sleep(700 * time.Millisecond)
			return write("CREATE TABLE late (id BIGINT)")
		})
	}()
	<-begun
	if err := write("CREATE TABLE early (id BIGINT)"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(400 * time.Millisecond) // for the log to be copied, which waits
	go func() { done <- db.Close() }()
	for range 2 {
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("it waits for ever")
		}
	}
}
