// Package storetest opens stores for tests, of this room and of those above:
// a fresh SQLite file, and a fresh database on a real PostgreSQL.
package storetest

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollgate/store"
)

// Each runs a test on a fresh, empty store of each engine, as two subtests
// named sqlite and postgres. Without a PostgreSQL the second is skipped, and
// fails where the environment variable CI is set.
func Each(t *testing.T, run func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { run(t, Open(t, url)) })
}

// EachURL is Each for tests that open the store themselves.
func EachURL(t *testing.T, run func(t *testing.T, url string)) {
	t.Helper()
	t.Run(store.SQLite, func(t *testing.T) { run(t, SQLite(t)) })
	t.Run(store.PostgreSQL, func(t *testing.T) { run(t, Postgres(t)) })
}

// Open opens a store until the test ends, with the real clock.
func Open(t testing.TB, url string) *store.DB {
	t.Helper()
	return OpenAt(t, url, time.Now) //nolint:forbidigo // tests may read the clock
}

// OpenAt is Open with a clock of the test's own.
func OpenAt(t testing.TB, url string, now func() time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{Now: now})
	if err != nil {
		t.Fatalf("opening the store: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return db
}

// SQLite returns the URL of a file that does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "tollgate.db")
}

// Postgres returns the URL of an empty schema that is dropped when the test
// ends; a schema is made in a tenth of the time of a database. The server is
// the one TOLLGATE_TEST_POSTGRES names, else one that this process starts from
// the system's PostgreSQL and that ends with it.
func Postgres(t testing.TB) string {
	t.Helper()
	s := server(t)
	name := "test_" + strings.ToLower(rand.Text())
	if err := s.exec(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatalf("creating a schema: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := s.exec(ctx, "DROP SCHEMA "+name+" CASCADE"); err != nil {
			t.Errorf("dropping the schema: %v", err)
		}
	})
	return s.schema(name)
}
