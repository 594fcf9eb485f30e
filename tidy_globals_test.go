package tollgate_test

import (
	"bytes"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func checkGlobals(h *house) {
	for _, files := range h.packages() {
		variables := map[string]token.Pos{}
		for _, f := range files {
			if f.test {
				continue
			}
			for _, d := range f.syntax.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Name.Name == "init" && d.Recv == nil {
						h.complain("%s: init runs behind everybody's back: register where the program is wired", h.at(d.Pos()))
					}
				case *ast.GenDecl:
					if d.Tok == token.VAR {
						packageVariables(h, d, variables)
					}
				}
			}
		}
		for _, f := range files {
			if !f.test {
				checkAssignments(h, f, variables)
			}
		}
	}
}

// packageVariables collects what a var declaration at the top level makes and
// refuses what can only be there to be changed.
func packageVariables(h *house, d *ast.GenDecl, found map[string]token.Pos) {
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		embedded := strings.Contains(comments(d.Doc)+comments(v.Doc), "//go:embed")
		for _, name := range v.Names {
			if name.Name == "_" || embedded {
				continue
			}
			found[name.Name] = name.Pos()
			// A release build writes strings into cmd with the linker's -X.
			if len(v.Values) == 0 || slices.ContainsFunc(v.Values, changeable) {
				h.complain("%s: %s is made to be changed: make it a field of a value that is passed on",
					h.at(name.Pos()), name.Name)
			}
		}
	}
}

// comments joins the lines of a comment as written, directives included.
func comments(g *ast.CommentGroup) string {
	if g == nil {
		return ""
	}
	var b strings.Builder
	for _, c := range g.List {
		b.WriteString(c.Text + "\n")
	}
	return b.String()
}

// changeable reports whether a value is good for nothing unless it changes: a
// lock, a counter, a pool, an empty map.
func changeable(value ast.Expr) bool {
	if u, ok := value.(*ast.UnaryExpr); ok {
		value = u.X
	}
	switch v := value.(type) {
	case *ast.CallExpr:
		if name, ok := v.Fun.(*ast.Ident); ok {
			return name.Name == "make" || name.Name == "new"
		}
	case *ast.CompositeLit:
		if _, isMap := v.Type.(*ast.MapType); isMap {
			return len(v.Elts) == 0
		}
		if s, ok := v.Type.(*ast.SelectorExpr); ok {
			from, _ := s.X.(*ast.Ident)
			return from != nil && (from.Name == "sync" || from.Name == "atomic")
		}
	}
	return false
}

// checkAssignments finds functions that write to a package variable. It knows
// no types: a function that declares the same name itself is left alone.
func checkAssignments(h *house, f *source, variables map[string]token.Pos) {
	for _, d := range f.syntax.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		own := declared(fn)
		written := func(target ast.Expr) {
			name := root(target)
			if name == nil || own[name.Name] {
				return
			}
			if _, ok := variables[name.Name]; ok {
				h.complain("%s: %s changes the package variable %s: make it a field of a value that is passed on",
					h.at(target.Pos()), fn.Name.Name, name.Name)
			}
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, target := range n.Lhs {
						written(target)
					}
				}
			case *ast.IncDecStmt:
				written(n.X)
			}
			return true
		})
	}
}

// declared collects the names that a function declares anywhere inside.
func declared(fn *ast.FuncDecl) map[string]bool {
	own := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				own[name.Name] = true
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if name, ok := e.(*ast.Ident); ok {
					own[name.Name] = true
				}
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					if name, ok := e.(*ast.Ident); ok {
						own[name.Name] = true
					}
				}
			}
		}
		return true
	})
	return own
}

// root returns the variable that an assignment's target is a part of.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// TestNoMachinePaths looks through every file for the paths and hosts of
// somebody's own machine.
func TestNoMachinePaths(t *testing.T) {
	t.Parallel()
	// In pieces, so that this file does not find itself.
	foreign := regexp.MustCompile(`(^|[^\w.~*}/-])(/ro` + `ot/|/ho` + `me/[a-z]|/Us` + `ers/|/wo` + `rk/)` +
		`|\.\./sha` + `red|proxy\.gol` + `ang\.org|deb\.deb` + `ian\.org|registry\.np` + `mjs`)
	err := walk(func(name string, text []byte) error {
		if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			return nil // not text
		}
		for n, line := range strings.Split(string(text), "\n") {
			if found := foreign.FindString(line); found != "" {
				t.Errorf("%s:%d: %q belongs to one machine: say it in a way that is true everywhere", name, n+1, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
