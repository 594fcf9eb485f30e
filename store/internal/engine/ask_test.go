package engine_test

import (
	"errors"
	"slices"
	"testing"

	"tollgate/store/internal/engine"
	"tollgate/store/storetest"
)

// Each question gets its own answer, and one that fails, or whose answer is not
// wanted, leaves the connection to whoever asks next.
func TestAsk(t *testing.T) {
	db := open(t, storetest.Postgres(t))
	boom := errors.New("boom")
	ask := func(questions ...engine.Question) error {
		return db.LookOnce(t.Context(), func(tx *engine.Tx) error { return tx.Ask(questions...) })
	}
	const upTo = "SELECT generate_series(1, $1::bigint)"
	numbers := func(n int64, into *[]int64) engine.Question {
		return engine.Question{Text: upTo, Args: []any{n}, Row: func(row engine.Scanner) error {
			var v int64
			err := row.Scan(&v)
			*into = append(*into, v)
			return err
		}}
	}
	var ignored []int64
	unwanted := engine.Question{Text: upTo, Args: []any{1000}, Row: func(engine.Scanner) error { return boom }}
	for range 20 { // more than there are connections
		if err := ask(numbers(2, &ignored), unwanted, numbers(2, &ignored)); !errors.Is(err, boom) {
			t.Fatalf("an answer that is not wanted: %v", err)
		}
		wrong := engine.Question{Text: "SELECT 1 / $1::bigint", Args: []any{0}, Row: unwanted.Row}
		if err := ask(numbers(2, &ignored), wrong, numbers(2, &ignored)); err == nil || errors.Is(err, boom) {
			t.Fatalf("a question that fails: %v", err)
		}
		if err := ask(engine.Question{Text: "SELECT n FROM nothing", Row: unwanted.Row}); err == nil {
			t.Fatal("there is no such table, and no error")
		}
		var two, none, three []int64
		if err := ask(numbers(2, &two), numbers(0, &none), numbers(3, &three)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(two, []int64{1, 2}) || len(none) != 0 || !slices.Equal(three, []int64{1, 2, 3}) {
			t.Fatalf("the answers are %v, %v and %v", two, none, three)
		}
	}
}
