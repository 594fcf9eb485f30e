package ledger

import (
	"reflect"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fill sets every field of a value, so that one which is not written is missed.
func fill(t *rapid.T, v reflect.Value) {
	switch at, isTime := v.Addr().Interface().(*time.Time); {
	case isTime:
		*at = time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "micro")).UTC()
		return
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i))
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Filter(func(i int64) bool { return i != 0 }).Draw(t, "int"))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Uint8().Draw(t, "byte")))
	case reflect.String:
		v.SetString(rapid.StringN(1, 20, 40).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(1, 3).Draw(t, "n"), 3))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	default:
		t.Fatalf("a field is a %s: say how it is filled", v.Type())
	}
}

// drawn returns a draft all of whose fields say something.
func drawn(t *rapid.T) *draft {
	d := &draft{held: map[tollgate.ID]*heldChange{}}
	for _, v := range []any{&d.entries, &d.transfers, &d.deltas} {
		fill(t, reflect.ValueOf(v).Elem())
	}
	for range rapid.IntRange(0, 3).Draw(t, "held") {
		h := &heldChange{gone: rapid.Bool().Draw(t, "gone"), stored: rapid.Bool().Draw(t, "stored")}
		fill(t, reflect.ValueOf(&h.Reservation).Elem())
		d.held[h.ID] = h
	}
	return d
}

func read(b []byte) (*draft, *code) {
	d, c := new(draft), &code{b: b, reads: true}
	d.code(c)
	return d, c
}

// What an entry of the daybook says is read as it was written, every field of it.
func TestEntryIsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wrote := drawn(t)
		var c code
		wrote.code(&c)
		got, r := read(c.b)
		if r.err != nil || len(r.b) != 0 {
			t.Fatalf("%v, %d bytes are left", r.err, len(r.b))
		}
		equal := cmp.AllowUnexported(heldChange{})
		for _, pair := range [][2]any{
			{wrote.entries, got.entries}, {wrote.transfers, got.transfers}, {wrote.deltas, got.deltas}, {wrote.held, got.held},
		} {
			if d := cmp.Diff(pair[0], pair[1], equal); d != "" {
				t.Fatalf("-wrote +read\n%s", d)
			}
		}
	})
}

// An entry of a call without a price, an answer or a margin is the same again too.
func TestEmptyEntryIsReadAsWritten(t *testing.T) {
	wrote := &draft{entries: []store.Entry{{CDR: &tollgate.CDR{}}}}
	var c code
	wrote.code(&c)
	got, r := read(c.b)
	if d := cmp.Diff(wrote.entries, got.entries); d != "" || r.err != nil {
		t.Errorf("%v, -wrote +read\n%s", r.err, d)
	}
}

// An entry of another version is refused, and not read as something else.
func TestEntryOfAnotherVersion(t *testing.T) {
	var c code
	new(draft).code(&c)
	c.b[0] += 2
	if _, r := read(c.b); r.err == nil {
		t.Error("it was read")
	}
}

// FuzzEntry reads anything as an entry: it ends, and takes no more room than its
// size allows.
func FuzzEntry(f *testing.F) {
	var c code
	(&draft{entries: []store.Entry{{CDR: &tollgate.CDR{Extension: "101"}}}}).code(&c)
	f.Add(c.b)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, r := read(b)
		if r.err == nil && len(d.entries)+len(d.transfers)+len(d.deltas) > len(b) {
			t.Errorf("%d bytes are %d entries", len(b), len(d.entries))
		}
	})
}
