package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"tollgate/store/internal/engine"
)

// TestLogIsBegunAnew writes far more than a log may hold: it does not grow with
// that, nor up to where the writer would copy it without being asked.
func TestLogIsBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	db := open(t, "sqlite:"+path)
	content := make([]byte, 1<<20)
	for range 180 {
		err := db.Tx(t.Context(), func(tx *engine.Tx) error {
			if _, err := tx.Exec("CREATE TABLE IF NOT EXISTS heap (id INTEGER PRIMARY KEY, content BLOB)"); err != nil {
				return err
			}
			_, err := tx.Exec("INSERT OR REPLACE INTO heap VALUES (1, $1)", content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	log, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(100 << 20); log.Size() > most {
		t.Errorf("after 180 MiB the log has %d MiB, want at most %d", log.Size()>>20, most>>20)
	}
}
