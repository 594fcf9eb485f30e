package tollgate_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// floatMethods give a float to somebody who never wrote the word, which is all
// that checkFloats looks for: time.Duration.Seconds, big.Rat.Float64 and such.
var floatMethods = []string{
	"Seconds", "Minutes", "Hours", "Float64", "Float32", "InexactFloat64", "SetFloat64",
}

// hiddenFloats names the places of a file that call such a method.
func hiddenFloats(h *house, f *source) (places []string) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if method, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(floatMethods, method.Sel.Name) {
			places = append(places, h.at(method.Sel.Pos())+": "+method.Sel.Name)
		}
		return true
	})
	return places
}

// TestNoHiddenFloatNearMoney says that no float comes out of a method in a
// room that money passes through.
func TestNoHiddenFloatNearMoney(t *testing.T) {
	t.Parallel()
	h := &house{fset: token.NewFileSet()}
	err := walk(func(name string, text []byte) error {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "testdata/") {
			return nil
		}
		return h.add(name, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	looked := map[string]bool{}
	for _, f := range h.files {
		if f.test || !slices.Contains(moneyRooms, f.room) {
			continue
		}
		looked[f.room] = true
		for _, place := range hiddenFloats(h, f) {
			t.Errorf("%s gives a float: count in whole units instead", place)
		}
	}
	for _, room := range []string{"rating", "store"} {
		if !looked[room] {
			t.Errorf("no file of %s was looked at", room)
		}
	}
}

func TestHiddenFloatsAreFound(t *testing.T) {
	t.Parallel()
	h := &house{fset: token.NewFileSet()}
	const text = "// Package x is a sample.\npackage x\nfunc f(d time.Duration) { g(d.Seconds(), c.Seconds) }"
	if err := h.add("rating/a.go", []byte(text)); err != nil {
		t.Fatal(err)
	}
	if places := hiddenFloats(h, h.files[0]); !slices.Equal(places, []string{"rating/a.go:3: Seconds"}) {
		t.Errorf("found %q", places)
	}
}
