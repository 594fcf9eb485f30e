package engine_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"tollgate/store/internal/engine"
	"tollgate/store/storetest"

	"pgregory.net/rapid"
)

// probed has a table in which the even numbers up to 200 are, with their squares.
func probed(t *testing.T, url string) *engine.DB {
	t.Helper()
	db := open(t, url)
	err := db.Tx(t.Context(), func(tx *engine.Tx) error {
		if _, err := tx.Exec("CREATE TABLE square (name TEXT NOT NULL, id BIGINT NOT NULL, n BIGINT)"); err != nil {
			return err
		}
		for id := int64(0); id <= 200; id += 2 {
			_, err := tx.Exec("INSERT INTO square VALUES ($1, $2, $3)", strconv.FormatInt(id, 10), id, id*id)
			if err != nil {
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

const squareOf = "SELECT n FROM square WHERE id = ? AND name = ?"

// However many are asked, each gets the answer of its own question.
func TestProbeIsAskingOneByOne(t *testing.T) {
	db := probed(t, "sqlite:"+filepath.Join(t.TempDir(), "probe.db"))
	rapid.Check(t, func(rt *rapid.T) {
		ids := rapid.SliceOfN(rapid.Int64Range(-5, 205), 0, 140).Draw(rt, "ids")
		type found struct {
			place  int
			answer int64
		}
		var want, got []found
		for i, id := range ids {
			if id >= 0 && id <= 200 && id%2 == 0 {
				want = append(want, found{i, id * id})
			}
		}
		err := db.LookOnce(t.Context(), func(tx *engine.Tx) error {
			return tx.Probe(squareOf, len(ids),
				func(i int) []any { return []any{ids[i], strconv.FormatInt(ids[i], 10)} },
				func(i int, answer int64) { got = append(got, found{i, answer}) })
		})
		slices.SortFunc(got, func(a, b found) int { return a.place - b.place })
		if err != nil || !slices.Equal(want, got) {
			rt.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
}

// A question that fails, says so, and whoever looks next is not bothered by it.
func TestProbeFails(t *testing.T) {
	db := probed(t, "sqlite:"+filepath.Join(t.TempDir(), "probe.db"))
	one := func(int) []any { return []any{1} }
	for name, question := range map[string]string{
		"no such table":   "SELECT n FROM nothing WHERE id = ?",
		"too few":         squareOf,
		"not a number":    "SELECT 'text' WHERE ? = 1",
		"without a value": "SELECT NULL WHERE ? = 1",
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 { // more than there are connections
				err := db.LookOnce(t.Context(), func(tx *engine.Tx) error {
					return tx.Probe(question, 3, one, func(int, int64) {})
				})
				if err == nil {
					t.Fatal("there is no error")
				}
			}
			if n := sum(t, db); n != 0 {
				t.Errorf("the sum is %d", n)
			}
		})
	}
}

// On SQLite all that is looked at is as of one instant, on PostgreSQL each statement
// is as of its own; the next look sees what was committed before it on both.
func TestLookOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := open(t, url)
		look := func(tx *engine.Tx) (n int64) {
			if err := tx.QueryRow("SELECT SUM(n) FROM thing", nil, &n); err != nil {
				t.Error(err)
			}
			return n
		}
		add := func() error {
			return db.Tx(t.Context(), func(tx *engine.Tx) error {
				_, err := tx.Exec("UPDATE thing SET n = n + 1")
				return err
			})
		}
		boom := errors.New("boom")
		for round := range int64(5) {
			var before, after int64
			err := db.LookOnce(t.Context(), func(tx *engine.Tx) error {
				before = look(tx)
				err := add()
				after = look(tx)
				return errors.Join(err, boom)
			})
			if !errors.Is(err, boom) {
				t.Fatal(err)
			}
			want := 2 * round
			if db.Name() == engine.PostgreSQL {
				want += 2
			}
			if before != 2*round || after != want {
				t.Errorf("round %d: saw %d and then %d, want %d", round, before, after, want)
			}
		}
	})
}

// Who looks does not write.
func TestLookOnceIsForReading(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "look.db"))
	for range 3 {
		err := db.LookOnce(t.Context(), func(tx *engine.Tx) error {
			_, err := tx.Exec("UPDATE thing SET n = 7")
			return err
		})
		if err == nil {
			t.Error("it was written")
		}
	}
	if n := sum(t, db); n != 0 {
		t.Errorf("the sum is %d, want 0", n)
	}
}
