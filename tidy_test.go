package tollgate_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// floors is the house: a room imports only from floors below its own. A name
// that ends in /* stands for every package under it. Rooms that are not here
// do not exist; a new one must evict or merge another.
var floors = map[string]int{
	"":          0,
	"numbering": 1, "store": 1, "pbx/*": 1,
	"rating": 2, "ledger": 2, "access": 2,
	"charging": 3, "report": 3,
	"batch": 4,
	"api":   5, "web": 5,
	"cmd/*":  6,
	"test/*": 7,
}

// keepers says which rooms alone may import a library.
var keepers = map[string][]string{
	"database/sql":                    {"store", "test/*"},
	"github.com/jackc/pgx":            {"store", "test/*"},
	"modernc.org/sqlite":              {"store", "test/*"},
	"github.com/danielgtaylor/huma":   {"api"},
	"github.com/alecthomas/kong":      {"cmd/*"},
	"github.com/nyaruka/phonenumbers": {"numbering"},
	"github.com/rickar/cal":           {"rating"},
	"github.com/chromedp":             {"web", "test/*"},
	"github.com/alexedwards/scs":      {"access", "api", "web"},
	"golang.org/x/crypto":             {"access", "api", "store", "cmd/*"},
	"github.com/prometheus":           {"api"},
	"github.com/schollz/progressbar":  {"cmd/*"},
	"github.com/BurntSushi/toml":      {"batch"},
	"github.com/rogpeppe/go-internal": {"cmd/*", "test/*"},
}

// Limits of size. What outgrows one is two things under one name.
const (
	maxFunctionLines = 70
	maxFileLines     = 500
	maxColumns       = 120
	maxPackageLines  = 4000 // without tests
	maxExported      = 60   // names at the top level, the words excepted
)

// moneyRooms are the rooms where no float may be: money passes through them.
var moneyRooms = []string{"", "numbering", "store", "pbx/*", "rating", "ledger", "charging", "batch"}

// source is one Go file of the module.
type source struct {
	path   string // from the root of the module
	room   string // its key in floors
	test   bool
	text   []byte
	syntax *ast.File
}

// house is every Go file of the module and what is wrong with it.
type house struct {
	fset  *token.FileSet
	files []*source
	found []string
}

// complain notes one thing that is wrong: where, what, and the remedy.
func (h *house) complain(format string, args ...any) {
	h.found = append(h.found, fmt.Sprintf(format, args...))
}

// add parses one file into the house.
func (h *house) add(name string, text []byte) error {
	syntax, err := parser.ParseFile(h.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	room, ok := roomOf(path.Dir(name))
	if !ok {
		h.complain("%s:1: %s has no floor: put it into a room of ARCHITECTURE.md, or into floors in tidy_test.go"+
			" if a room was evicted for it", name, path.Dir(name))
	}
	h.files = append(h.files, &source{
		path: name, room: room, text: text, syntax: syntax,
		// A package storetest helps the tests of store and is in no binary.
		test: strings.HasSuffix(name, "_test.go") || strings.HasSuffix(path.Dir(name), "test"),
	})
	return nil
}

// at names a place as an editor understands it.
func (h *house) at(p token.Pos) string {
	where := h.fset.Position(p)
	return fmt.Sprintf("%s:%d", where.Filename, where.Line)
}

// packages groups the files by folder.
func (h *house) packages() map[string][]*source {
	out := map[string][]*source{}
	for _, f := range h.files {
		out[path.Dir(f.path)] = append(out[path.Dir(f.path)], f)
	}
	return out
}

// roomOf finds the key in floors that a package path from the root belongs to.
func roomOf(dir string) (string, bool) {
	if dir == "." {
		dir = ""
	}
	for room := range floors {
		parent, many := strings.CutSuffix(room, "/*")
		if dir == room || room != "" && strings.HasPrefix(dir, room+"/") ||
			many && strings.HasPrefix(dir, parent+"/") {
			return room, true
		}
	}
	return "", false
}

// wing is the part of the house that a package path lies in, such as pbx/asterisk.
func wing(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// walk visits every file of the checkout that could be committed.
func walk(visit func(name string, text []byte) error) error {
	return filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", ".cache", "bin", "dist"}, name) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(name), text)
	})
}

// checks are the rules over Go code.
var checks = map[string]func(*house){
	"imports go downstairs only":               checkFloors,
	"a library stays in its room":              checkKeepers,
	"every library is accounted for":           checkDependencies,
	"sizes":                                    checkSizes,
	"exported names are few":                   checkExported,
	"no init and no mutable package variables": checkGlobals,
	"no float near money":                      checkFloats,
	"everything exported is documented":        checkDocs,
	"no test skips in CI":                      checkSkips,
}

func TestTidy(t *testing.T) {
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
	if len(h.files) < 10 {
		t.Fatalf("only %d Go files found: the test looks in the wrong place", len(h.files))
	}
	for _, check := range checks {
		check(h)
	}
	slices.Sort(h.found)
	for _, complaint := range h.found {
		t.Error(complaint)
	}
}

// imports calls visit for each import of a file.
func (f *source) imports(visit func(importPath string, at token.Pos)) {
	for _, spec := range f.syntax.Imports {
		importPath, _ := strconv.Unquote(spec.Path.Value)
		visit(importPath, spec.Pos())
	}
}

// isStandard reports whether a package belongs to the standard library.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".") && first != "tollgate"
}

func checkFloors(h *house) {
	for _, f := range h.files {
		f.imports(func(importPath string, at token.Pos) {
			inside, ours := strings.CutPrefix(importPath, "tollgate")
			if !ours || inside != "" && inside[0] != '/' {
				narrow := f.room == "" || f.room == "pbx/*"
				if narrow && !f.test && !isStandard(importPath) {
					h.complain("%s: %s: this room imports only the words and the standard library; "+
						"move what needs the library upstairs", h.at(at), importPath)
				}
				return
			}
			room, _ := roomOf(strings.TrimPrefix(inside, "/"))
			same := room == f.room && (!strings.HasSuffix(room, "/*") || room == "test/*" ||
				wing(path.Dir(f.path)) == wing(inside[1:]))
			words := f.room == "" && f.test
			if !same && !words && floors[room] >= floors[f.room] {
				h.complain("%s: %s (floor %d) may not import %s (floor %d): imports go downstairs only; "+
					"let the caller hand in what is needed", h.at(at), f.path, floors[f.room], importPath, floors[room])
			}
		})
	}
}

func checkKeepers(h *house) {
	for _, f := range h.files {
		f.imports(func(importPath string, at token.Pos) {
			for library, rooms := range keepers {
				if importPath != library && !strings.HasPrefix(importPath, library+"/") {
					continue
				}
				if !f.test && !slices.Contains(rooms, f.room) {
					h.complain("%s: only %s may import %s; ask that room for what you need",
						h.at(at), strings.Join(rooms, " and "), library)
				}
			}
		})
	}
}

// checkDependencies wants a line in the record for each module that is imported.
func checkDependencies(h *house) {
	const record = "docs/adr/0001-dependencies.md"
	text, err := os.ReadFile(record)
	if err != nil {
		h.complain("%v", err)
	}
	listed := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1)
	for _, f := range h.files {
		f.imports(func(importPath string, at token.Pos) {
			if isStandard(importPath) || strings.HasPrefix(importPath+"/", "tollgate/") {
				return
			}
			if !slices.ContainsFunc(listed, func(row []string) bool { return strings.HasPrefix(importPath+"/", row[1]+"/") }) {
				h.complain("%s: %s has no line in %s: say there what it is for, or do without", h.at(at), importPath, record)
			}
		})
	}
}

func checkSizes(h *house) {
	for dir, files := range h.packages() {
		total := 0
		for _, f := range files {
			lines := bytes.Count(f.text, []byte("\n"))
			if !f.test {
				total += lines
			}
			if lines > maxFileLines {
				h.complain("%s:%d: the file has %d lines, at most %d: split it by subject (noun_aspect.go)",
					f.path, maxFileLines+1, lines, maxFileLines)
			}
			checkColumns(h, f)
			for _, d := range f.syntax.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					n := h.fset.Position(fn.End()).Line - h.fset.Position(fn.Pos()).Line + 1
					if n > maxFunctionLines {
						h.complain("%s: %s has %d lines, at most %d: let it decide and move the work to functions",
							h.at(fn.Pos()), fn.Name.Name, n, maxFunctionLines)
					}
				}
			}
		}
		if total > maxPackageLines {
			h.complain("%s: the package has %d lines without tests, at most %d: it is two rooms", dir, total, maxPackageLines)
		}
	}
}

// checkColumns counts characters, a tab as one, and lets go what cannot be
// broken: addresses, struct tags and other raw strings.
func checkColumns(h *house, f *source) {
	raw := map[int]bool{} // lines
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(s.Value, "`") {
			for line := h.fset.Position(s.Pos()).Line; line <= h.fset.Position(s.End()).Line; line++ {
				raw[line] = true
			}
		}
		return true
	})
	for n, line := range strings.Split(string(f.text), "\n") {
		columns := utf8.RuneCountInString(line)
		if columns > maxColumns && !raw[n+1] && !strings.Contains(line, "://") {
			h.complain("%s:%d: the line has %d columns, at most %d: break it", f.path, n+1, columns, maxColumns)
		}
	}
}

func checkExported(h *house) {
	for dir, files := range h.packages() {
		if dir == "." {
			continue
		}
		n := 0
		for _, f := range files {
			if !f.test {
				exported(f.syntax, func(*ast.Ident, *ast.CommentGroup) { n++ }, nil)
			}
		}
		if n > maxExported {
			h.complain("%s: the package exports %d names, at most %d: unexport what only it uses", dir, n, maxExported)
		}
	}
}

// exported visits the exported names of a file at the top level with the
// comment that speaks of each, and its exported methods if methods is given.
func exported(file *ast.File, top, methods func(*ast.Ident, *ast.CommentGroup)) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			switch {
			case !d.Name.IsExported():
			case d.Recv == nil:
				top(d.Name, d.Doc)
			case methods != nil && ast.IsExported(receiver(d)):
				methods(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				for name, doc := range namesOf(d, spec) {
					if name.IsExported() {
						top(name, doc)
					}
				}
			}
		}
	}
}

// namesOf yields the names a declaration makes with the nearest comment: their
// own, the one at the end of the line, or their group's.
func namesOf(group *ast.GenDecl, spec ast.Spec) func(yield func(*ast.Ident, *ast.CommentGroup) bool) {
	return func(yield func(*ast.Ident, *ast.CommentGroup) bool) {
		first := func(comments ...*ast.CommentGroup) *ast.CommentGroup {
			for _, c := range comments {
				if c != nil {
					return c
				}
			}
			return nil
		}
		switch s := spec.(type) {
		case *ast.TypeSpec:
			yield(s.Name, first(s.Doc, group.Doc))
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if !yield(name, first(s.Doc, s.Comment, group.Doc)) {
					return
				}
			}
		}
	}
}

// receiver returns the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	kind := d.Recv.List[0].Type
	for {
		switch k := kind.(type) {
		case *ast.StarExpr:
			kind = k.X
		case *ast.IndexExpr:
			kind = k.X
		case *ast.IndexListExpr:
			kind = k.X
		case *ast.Ident:
			return k.Name
		default:
			return ""
		}
	}
}

const noFloat = "%s: %s: money is int64 in millionths, prices are decimals; a float is neither"

func checkFloats(h *house) {
	for _, f := range h.files {
		if f.test || !slices.Contains(moneyRooms, f.room) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" {
					h.complain(noFloat, h.at(n.Pos()), n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					h.complain(noFloat, h.at(n.Pos()), n.Value)
				}
			}
			return true
		})
	}
}

func checkDocs(h *house) {
	for dir, files := range h.packages() {
		documented := false
		for _, f := range files {
			name := f.syntax.Name.Name
			if doc := f.syntax.Doc.Text(); strings.HasPrefix(doc, "Package "+name+" ") || name == "main" && doc != "" ||
				strings.HasPrefix(doc, "Package "+strings.TrimSuffix(name, "_test")+" ") {
				documented = true
			}
			if f.test {
				continue
			}
			missing := func(name *ast.Ident, doc *ast.CommentGroup) {
				if strings.TrimSpace(doc.Text()) == "" {
					h.complain("%s: %s has no comment: say in a sentence what it is, its units, ranges and errors",
						h.at(name.Pos()), name.Name)
				}
			}
			exported(f.syntax, missing, missing)
		}
		if !documented {
			h.complain("%s:1: the package has no comment (\"// Package %s …\"): state the subject and the sources",
				files[0].path, path.Base(dir))
		}
	}
}

// checkSkips wants each function that skips a test to fail instead in CI.
func checkSkips(h *house) {
	skips := regexp.MustCompile(`\b[a-z]+\.Skip(f|Now)?\(`)
	for _, f := range h.files {
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || strings.HasPrefix(f.path, "tidy_") {
				continue
			}
			body := f.text[h.fset.Position(fn.Pos()).Offset:h.fset.Position(fn.End()).Offset]
			if skips.Match(body) && !bytes.Contains(body, []byte(`"CI"`)) {
				h.complain(`%s: %s skips a test: only for an absent outside program, by name, and os.Getenv("CI") must fail it`,
					h.at(fn.Pos()), fn.Name.Name)
			}
		}
	}
}
