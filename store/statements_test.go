package store_test

import (
	"context"
	"database/sql"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tollgate/store"
	"tollgate/store/storetest"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// bare opens a database without the store.
func bare(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, name = "sqlite", path
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

var (
	statement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)\s`)
	// fragment is what is continued or filled in at run time.
	fragment = regexp.MustCompile(`%s|%d|(\(|SELECT|WHERE|LIMIT|ORDER BY|FROM|INSERT INTO|EXISTS\(SELECT 1 FROM)\s*$`)
	// postgresOnly is what runs only where its branch of the code does.
	postgresOnly = regexp.MustCompile(`unnest\(|daybook\b|set_config|pg_try|pg_locks|pg_advisory|to_regclass|::bigint|FOR (NO KEY )?UPDATE`)
	sqliteOnly   = regexp.MustCompile(`json_each\(|= \?`)
)

// statements returns every constant string of a package that is a whole SQL
// statement. Texts put together at run time are run by the tests of the
// methods that do so.
func statements(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	check := types.Config{
		FakeImportC: true, Importer: nothing{},
		Error: func(error) {}, // imports are not there, and constants do not need them
	}
	_, _ = check.Check("store", fset, files, info) // the imports that are not there
	var found []string
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			v := info.Types[e].Value
			if v == nil || v.Kind() != constant.String {
				b, sum := e.(*ast.BinaryExpr)
				return !sum || b.Op != token.ADD // pieces of what is put together at run time
			}
			if text := constant.StringVal(v); statement.MatchString(text) && !fragment.MatchString(text) {
				found = append(found, text)
			}
			return false // nor are the pieces of a constant statements
		})
	}
	return found
}

type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}

func TestEveryStatementPrepares(t *testing.T) {
	var texts []string
	for _, dir := range []string{
		".", "audit", "live", "outbox", "daybook", "card", "progress", "internal/engine", "internal/terms",
	} {
		texts = append(texts, statements(t, dir)...)
	}
	if len(texts) < 80 {
		t.Fatalf("found %d statements: the search for them is broken", len(texts))
	}
	storetest.EachURL(t, func(t *testing.T, url string) {
		engine := storetest.Open(t, url).Engine()
		db := bare(t, url)
		for _, text := range texts {
			if engine == store.SQLite && postgresOnly.MatchString(text) ||
				engine == store.PostgreSQL && sqliteOnly.MatchString(text) {
				continue
			}
			if err := prepare(t.Context(), db, text); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		}
	})
}

func prepare(ctx context.Context, db *sql.DB, text string) error {
	prepared, err := db.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	defer func() { _ = prepared.Close() }()
	return nil
}
