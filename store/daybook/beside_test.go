package daybook_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"
	"tollgate/store/storetest"
)

func none(int64, []byte) error { return nil }

func overwrite(t *testing.T, db *store.DB, at int64, text string) {
	t.Helper()
	f, err := os.OpenFile(db.Path()+".daybook", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte(text), at)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// A file that is another database's is left as it is, however often it is tried.
func TestFileOfAnotherDatabase(t *testing.T) {
	c, other := open(t, storetest.SQLite(t)), open(t, storetest.SQLite(t))
	for _, c := range []clerk{c, other} {
		c.owns(1, 0)
		c.writes(2)
		c.ends()
	}
	name := c.db.Path() + ".daybook"
	if err := os.Rename(other.db.Path()+".daybook", name); err != nil {
		t.Fatal(err)
	}
	c = open(t, "sqlite:"+c.db.Path())
	for range 2 {
		owned, _, err := c.Own(t.Context(), none)
		if wantCode(t, err, tollgate.CodeConflict); owned || c.Owned() {
			t.Fatal("it is owned")
		}
		for _, part := range []string{name, "put the one back", "move it away"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v, want %q in it", err, part)
			}
		}
		wantCode(t, c.Write(t.Context(), 1, nil), tollgate.CodeConflict)
	}
	c.ends()
	if err := os.Rename(name, other.db.Path()+".daybook"); err != nil {
		t.Fatal(err)
	}
	open(t, "sqlite:"+other.db.Path()).owns(1, 2)
	open(t, "sqlite:"+c.db.Path()).owns(1, 0)
}

func TestHalfMadeFile(t *testing.T) {
	other := open(t, storetest.SQLite(t))
	other.owns(1, 0)
	head := make([]byte, 4096)
	f, err := os.Open(other.db.Path() + ".daybook")
	if err == nil {
		_, err = f.ReadAt(head, 0)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty":                    "",
		"some of a head":           string(head[:13]),
		"zeros":                    strings.Repeat("\x00", 4096),
		"garbled":                  strings.Repeat("daybook1", 500),
		"the head of another file": string(head),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tollgate.db")
			if err := os.WriteFile(path+".daybook", []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			c := open(t, "sqlite:"+path)
			c.owns(1, 0)
			c.writes(3)
			c.ends()
			open(t, "sqlite:"+path).owns(1, 3)
		})
	}
	t.Run("a head and nothing more", func(t *testing.T) {
		url := "sqlite:" + other.db.Path()
		other.ends()
		if err := os.Truncate(other.db.Path()+".daybook", 4096); err != nil {
			t.Fatal(err)
		}
		c := open(t, url)
		c.owns(1, 0)
		c.writes(2)
		c.ends()
		open(t, url).owns(1, 2)
	})
}

// The second waits a little for a file that somebody else keeps, on a clock of its own.
func TestSecondDoesNotOwnTheFile(t *testing.T) {
	url := storetest.SQLite(t)
	first, second := open(t, url), open(t, url)
	first.left(true) // nobody keeps it
	first.owns(1, 0)
	first.writes(2)
	second.left(false)
	synctest.Test(t, func(t *testing.T) {
		if owned, _, err := second.Own(t.Context(), none); owned || err != nil || second.Owned() {
			t.Errorf("owned %v, %v", owned, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if owned, _, err := second.Own(ctx, none); owned || !errors.Is(err, context.Canceled) {
			t.Errorf("owned %v, %v", owned, err)
		}
	})
	wantCode(t, second.Write(t.Context(), 3, nil), tollgate.CodeConflict)
	if wanted, err := first.Wanted(t.Context()); wanted || err != nil {
		t.Errorf("wanted %v, %v", wanted, err)
	}
	first.writes(3)
	first.ends()
	second.left(true)
	second.owns(1, 3)
	first.left(false)
}

func TestNoFileIsLeft(t *testing.T) {
	db := storetest.Open(t, storetest.SQLite(t))
	if left, err := daybook.Left(t.Context(), db); left || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
	if err := os.Symlink("tollgate.db.daybook", db.Path()+".daybook"); err != nil { // in a circle
		t.Fatal(err)
	}
	_, err := daybook.Left(t.Context(), db)
	wantCode(t, err, tollgate.CodeUnavailable)
	_, err = daybook.Open(t.Context(), db)
	wantCode(t, err, tollgate.CodeUnavailable)
}
