package api

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tollgate/access"
	"tollgate/batch"

	"github.com/danielgtaylor/huma/v2"
)

var update = flag.Bool("update", false, "write the golden files anew")

// operations lists the operations of the document as METHOD /path.
func (h *house) operations() map[string]*huma.Operation {
	found := map[string]*huma.Operation{}
	for path, item := range h.server.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
			http.MethodDelete: item.Delete, http.MethodPatch: item.Patch,
		} {
			if op != nil {
				found[method+" "+strings.TrimPrefix(path, prefix)] = op
			}
		}
	}
	return found
}

func TestOpenAPIGolden(t *testing.T) {
	h := newHouse(t)
	response, body := h.ask(scenario{do: "GET /api/openapi.yaml"})
	if response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	golden := filepath.Join("testdata", "openapi.yaml")
	if *update {
		h.must(os.WriteFile(golden, []byte(body), 0o644))
	}
	want, err := os.ReadFile(golden)
	h.must(err)
	if !bytes.Equal(want, []byte(body)) {
		t.Errorf("the OpenAPI document changed: look at it, then go test ./api -run Golden -update")
	}
}

// TestRoutesAreDocumented reads the routes from the source and finds each in
// the document, with who may use it.
func TestRoutesAreDocumented(t *testing.T) {
	h := newHouse(t)
	documented := h.operations()
	syntax, err := parser.ParseFile(token.NewFileSet(), "api.go", nil, 0)
	h.must(err)
	routes := 0
	ast.Inspect(syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 2 {
			return true
		}
		if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "route" {
			return true
		}
		pattern, err := strconv.Unquote(call.Args[1].(*ast.BasicLit).Value)
		h.must(err)
		routes++
		if documented[pattern] == nil {
			t.Errorf("%s is not in the document", pattern)
		}
		return true
	})
	if routes != len(documented) || routes < 40 {
		t.Errorf("%d routes in api.go, %d in the document", routes, len(documented))
	}
}

func TestEveryOperationIsWhole(t *testing.T) {
	h := newHouse(t)
	doc := h.server.huma.OpenAPI()
	var tags []string
	for _, tag := range doc.Tags {
		tags = append(tags, tag.Name)
	}
	ids := map[string]string{}
	for pattern, op := range h.operations() {
		if other, twice := ids[op.OperationID]; twice || op.OperationID == "" {
			t.Errorf("%s and %s have the same id", pattern, other)
		}
		ids[op.OperationID] = pattern
		if op.Summary == "" || !slices.Contains(tags, op.Tags[0]) {
			t.Errorf("%s: no summary, or its tag %q is not described", pattern, op.Tags)
		}
		may, _ := op.Extensions["x-permission"].(access.Permission)
		if !slices.Contains(access.Permissions(), may) || len(op.Security) == 0 {
			t.Errorf("%s: no permission or no way to authenticate", pattern)
		}
		for _, way := range op.Security {
			for name := range way {
				if doc.Components.SecuritySchemes[name] == nil {
					t.Errorf("%s: %s is no security scheme", pattern, name)
				}
			}
		}
		if op.RequestBody != nil && (op.MaxBodyBytes <= 0 || op.BodyReadTimeout <= 0) {
			t.Errorf("%s: a body without limits", pattern)
		}
	}
	for name, schema := range doc.Components.Schemas.Map() {
		for property, s := range schema.Properties {
			if s.Type == huma.TypeNumber {
				t.Errorf("%s.%s is a binary fraction", name, property)
			}
		}
	}
}

// TestNobodyComesInWithoutToken asks every operation without one, and with a wrong one.
func TestNobodyComesInWithoutToken(t *testing.T) {
	h := newHouse(t)
	for _, pattern := range slices.Sorted(maps.Keys(h.operations())) {
		for _, as := range []string{"", "tg_wrong"} {
			s := scenario{
				name: pattern + " as " + as, do: strings.NewReplacer("{id}", "1", "{deck}", "1").Replace(pattern),
				as: as,
			}
			response, body := h.ask(s)
			switch response.StatusCode {
			case http.StatusUnauthorized, http.StatusTooManyRequests:
				checkProblem(t, response, body)
			default:
				t.Errorf("%s: %s\n%s", s.name, response.Status, body)
			}
		}
	}
}

// TestPermissions asks every operation with a token of each role: whoever lacks
// the permission is told so before anything else is looked at.
func TestPermissions(t *testing.T) {
	h := newHouse(t)
	for pattern, op := range h.operations() {
		may := op.Extensions["x-permission"].(access.Permission)
		for _, role := range access.Roles() {
			for name, enterprise := range map[string]string{string(role): "", "alpha " + string(role): "alpha"} {
				allowed := access.Principal{Role: role, Enterprise: h.id[enterprise]}.May(may)
				path := strings.NewReplacer("{id}", "1", "{deck}", "1", "{device}", "none").Replace(pattern)
				response, body := h.ask(scenario{do: path, as: name})
				if refused := response.StatusCode == http.StatusForbidden; refused == allowed {
					t.Errorf("%s as %s: %s, want allowed %v\n%s", pattern, name, response.Status, allowed, body)
				}
			}
		}
	}
}

// TestRecordFormIsTheSheet says that a call has the same fields everywhere.
func TestRecordFormIsTheSheet(t *testing.T) {
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[RecordForm]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	want := slices.Sorted(slices.Values(batch.RecordColumns()))
	if slices.Sort(fields); !slices.Equal(fields, want) {
		t.Errorf("the API takes %q, a sheet %q", fields, want)
	}
}
