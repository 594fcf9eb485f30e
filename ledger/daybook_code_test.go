package ledger

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/daybook"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"
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
	for i := range d.entries {
		d.entries[i].CDR.Purse = 0 // which the entry says, and the tables are read by
	}
	for range rapid.IntRange(0, 3).Draw(t, "held") {
		h := &heldChange{gone: rapid.Bool().Draw(t, "gone"), stored: rapid.Bool().Draw(t, "stored")}
		fill(t, reflect.ValueOf(&h.Reservation).Elem())
		d.held[h.ID] = h
	}
	return d
}

// What an entry of the daybook says is read as it was written, every field of it.
// So is what a server of the version before left.
func TestEntryIsReadAsWritten(t *testing.T) {
	var pack packer
	rapid.Check(t, func(t *rapid.T) {
		wrote := drawn(t)
		plain := code{b: binary.AppendVarint(nil, codePlain)}
		wrote.code(&plain)
		bodies := [][]byte{pack.entry(wrote), plain.b}
		pack.entry(&draft{entries: []store.Entry{{CDR: &tollgate.CDR{Extension: "next"}}}}) // in the same room
		for _, body := range bodies {
			got, err := readEntry(body)
			if err != nil {
				t.Fatal(err)
			}
			equal := cmp.AllowUnexported(heldChange{})
			for _, pair := range [][2]any{
				{wrote.entries, got.entries},
				{wrote.transfers, got.transfers},
				{wrote.deltas, got.deltas},
				{wrote.held, got.held},
			} {
				if d := cmp.Diff(pair[0], pair[1], equal); d != "" {
					t.Fatalf("-wrote +read\n%s", d)
				}
			}
		}
	})
}

// An entry of a call without a price, an answer or a margin is the same again too.
func TestEmptyEntryIsReadAsWritten(t *testing.T) {
	wrote := &draft{entries: []store.Entry{{CDR: &tollgate.CDR{}}}}
	got, err := readEntry(new(packer).entry(wrote))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(wrote.entries, got.entries); d != "" {
		t.Errorf("-wrote +read\n%s", d)
	}
}

// What is not an entry of a version that is known, to its last byte, is refused, and
// not read as something else.
func TestEntryThatIsNone(t *testing.T) {
	sound := new(packer).entry(&draft{entries: []store.Entry{{CDR: &tollgate.CDR{Extension: "101"}}}})
	plain := code{b: binary.AppendVarint(nil, codePlain)}
	new(draft).code(&plain)
	huge := binary.AppendUvarint(binary.AppendVarint(nil, codeVersion), daybook.EntryBytesMax+1)
	for name, body := range map[string][]byte{
		"nothing":                nil,
		"another version":        append([]byte{sound[0] + 2}, sound[1:]...),
		"cut off":                sound[:len(sound)-1],
		"something behind it":    append(bytes.Clone(plain.b), 0),
		"not compressed":         append([]byte{sound[0]}, plain.b[1:]...),
		"more than it may be":    append(huge, sound[2:]...),
		"the head of an entry":   sound[:1],
		"a plain one, cut short": plain.b[:len(plain.b)-1],
	} {
		if d, err := readEntry(body); err == nil {
			t.Errorf("%s: it was read as %+v", name, d)
		}
	}
}

// FuzzEntry reads anything as an entry: it ends, and takes no more room than its
// size allows.
func FuzzEntry(f *testing.F) {
	d := &draft{entries: []store.Entry{{CDR: &tollgate.CDR{Extension: "101"}}}}
	plain := code{b: binary.AppendVarint(nil, codePlain)}
	d.code(&plain)
	f.Add(plain.b)
	f.Add(new(packer).entry(d))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		said := len(b)
		if _, head := binary.Varint(b); head > 0 {
			n, _ := s2.DecodedLen(b[head:]) // 0 if it is none
			said = max(said, n)
		}
		d, err := readEntry(b)
		if err == nil && len(d.entries)+len(d.transfers)+len(d.deltas) > said {
			t.Errorf("%d bytes are %d entries", said, len(d.entries))
		}
	})
}
