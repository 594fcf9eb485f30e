package charging

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// What is kept of a call is read as if the standard library had written it, as it
// did once. Every field is drawn that the structs have: one that text forgets is
// found here.
func TestKeptCallReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c keptCall
		draw(t, reflect.ValueOf(&c).Elem(), "call")
		byHand, err := c.text()
		if err != nil {
			t.Fatal(err)
		}
		byLibrary, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(reloadedText(t, byLibrary), reloadedText(t, byHand), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s\nis read otherwise than %s\n%s", byHand, byLibrary, diff)
		}
	})
}

// reloadedText is the call of a reservation with that text.
func reloadedText(t *rapid.T, text []byte) keptCall {
	c, err := reload(&store.Reservation{Detail: text})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c.state
}

// draw fills a value, whatever it is made of.
func draw(t *rapid.T, v reflect.Value, label string) {
	switch v.Interface().(type) {
	case time.Time:
		seconds := rapid.Int64Range(-60_000_000_000, 250_000_000_000).Draw(t, label)
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, label))
		at := time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, label)).In(zone)
		v.Set(reflect.ValueOf(at))
		return
	case tollgate.ID:
		v.SetInt(rapid.Int64Range(0, math.MaxInt64).Draw(t, label))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, label))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, label))
	case reflect.String:
		if rapid.Bool().Draw(t, label) {
			v.SetString(rapid.String().Draw(t, label))
		} else {
			v.SetString(string(rapid.SliceOf(rapid.Byte()).Draw(t, label)))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, label), 3))
		for i := range v.Len() {
			draw(t, v.Index(i), label)
		}
	case reflect.Struct:
		if rapid.IntRange(0, 9).Draw(t, label) == 0 {
			return // nothing in it
		}
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Variables" { // rules have read them
				draw(t, v.Field(i), label+"."+name)
			}
		}
	default:
		t.Fatalf("%s: how is a %s drawn?", label, v.Type())
	}
}
