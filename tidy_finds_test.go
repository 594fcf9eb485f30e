package tollgate_test

import (
	"fmt"
	"go/token"
	"strings"
	"testing"
)

// TestTidyFinds shows each rule a house that breaks it.
func TestTidyFinds(t *testing.T) {
	t.Parallel()
	const doc = "// Package x is a sample.\npackage x\n"
	for name, broken := range map[string]struct{ path, text, want string }{
		"upstairs":        {"store/a.go", doc + `import _ "tollgate/ledger"`, "store/a.go (floor 1) may not import"},
		"sideways":        {"api/a.go", doc + `import _ "tollgate/web"`, "imports go downstairs only"},
		"between PBXs":    {"pbx/one/a.go", doc + `import _ "tollgate/pbx/two"`, "imports go downstairs only"},
		"words":           {"a.go", doc + `import _ "github.com/google/go-cmp/cmp"`, "only the words"},
		"library":         {"rating/a.go", doc + `import _ "database/sql"`, "may import database/sql"},
		"unknown library": {"api/a.go", doc + `import _ "github.com/x/y/z"`, "github.com/x/y/z has no line in docs"},
		"no floor":        {"utils/a.go", doc, "utils/a.go:1: utils has no floor"},
		"long function":   {"store/a.go", doc + "func f() {" + strings.Repeat("\n", 70) + "}\n", "f has 71 lines"},
		"long file":       {"store/a.go", doc + strings.Repeat("//\n", 500), "store/a.go:501: the file has 502 lines"},
		"long line":       {"store/a.go", doc + "//" + strings.Repeat("x", 119), "store/a.go:3: the line has 121 columns"},
		"big package":     {"store/a.go", doc + strings.Repeat("//\n", 4000), "it is two rooms"},
		"many names":      {"store/a.go", doc + "// C is many.\nconst (\n" + manyNames(61) + ")", "exports 61 names"},
		"init":            {"store/a.go", doc + "func init() {}", "init runs behind"},
		"assigned":        {"store/a.go", doc + "var a = 1\nfunc f() { a++ }", "changes the package variable a"},
		"assigned inside": {"store/a.go", doc + "var a = []int{1}\nfunc f() { a[0] = 2 }", "changes the package variable a"},
		"to be assigned":  {"store/a.go", doc + "var a int", "a is made to be changed"},
		"lock":            {"store/a.go", doc + "var a = &sync.Mutex{}", "a is made to be changed"},
		"float":           {"rating/a.go", doc + "func f(x float64) {}", "money is int64"},
		"float literal":   {"rating/a.go", doc + "const x = 0.5", "0.5: money is int64"},
		"no doc":          {"store/a.go", doc + "type T struct{}", "store/a.go:3: T has no comment"},
		"no method doc":   {"store/a.go", doc + "// T is one.\ntype T struct{}\nfunc (*T[A]) M() {}", "M has no comment"},
		"no package doc":  {"store/a.go", "package x", "the package has no comment"},
		"skip":            {"store/a_test.go", doc + "func f(t *testing.T) { t.Skip() }", "f skips a test"},
	} {
		t.Run(name, func(t *testing.T) {
			h := &house{fset: token.NewFileSet()}
			if err := h.add(broken.path, []byte(broken.text)); err != nil {
				t.Fatal(err)
			}
			for _, check := range checks {
				check(h)
			}
			if found := strings.Join(h.found, "\n"); !strings.Contains(found, broken.want) {
				t.Errorf("found %q, want %q", found, broken.want)
			}
		})
	}
}

// manyNames writes n exported constants.
func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "C%d = %d\n", i, i)
	}
	return b.String()
}
