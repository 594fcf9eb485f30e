package store

import (
	"testing"

	"tollgate"

	"github.com/google/go-cmp/cmp"
)

// A cursor comes back from outside: whatever it says, it is read or refused.
func FuzzCursor(f *testing.F) {
	f.Add(mark(tollgate.ID(5), "name", tollgate.ID(7)))
	f.Add("")
	f.Add("bm9uc2Vuc2U")
	f.Fuzz(func(t *testing.T, after string) {
		c, err := Paging{After: after}.unmark(3)
		if err != nil || c == nil {
			if after != "" && tollgate.CodeOf(err) != tollgate.CodeInvalid {
				t.Errorf("%q: %v", after, err)
			}
			return
		}
		_, _, _ = c.int(0), c.text(1), c.int(2)
		if again, err := (Paging{After: mark(c.text(0), c.text(1), c.text(2))}).unmark(3); err != nil ||
			!cmp.Equal(again, c) {
			t.Errorf("%q: %q and then %q, %v", after, c, again, err)
		}
	})
}

// What is kept of a charge is read back, whatever is written into its texts.
func FuzzDetail(f *testing.F) {
	f.Add("Germany", "0.10", int64(60), `{"spans":[{"seconds":5}]}`)
	f.Add("\"\\\n\u2028<&>", "", int64(-1), "{")
	f.Fuzz(func(t *testing.T, name, price string, seconds int64, text string) {
		var c tollgate.Charge
		if err := readDetail(text, &c); err == nil && text != "" {
			var again tollgate.Charge
			if err := readDetail(detailText(&c), &again); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
		c = tollgate.Charge{RateName: name, First: seconds, Spans: []tollgate.Span{
			{From: seconds, Seconds: seconds, Price: price, Per: 60, Band: tollgate.Peak},
			{Seconds: 1, Price: name},
		}}
		var got tollgate.Charge
		if err := readDetail(detailText(&c), &got); err != nil {
			t.Fatal(err)
		}
		if got.First != c.First || got.Spans[0].Seconds != seconds || len(got.Spans) != 2 {
			t.Errorf("%+v became %+v", c, got)
		}
		if valid(name) && valid(price) && !cmp.Equal(c, got) {
			t.Errorf("%+v became %+v", c, got)
		}
	})
}

// valid reports whether JSON keeps a text as it is.
func valid(s string) bool {
	for _, r := range s {
		if r == '\ufffd' {
			return false
		}
	}
	return true
}
