package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"tollgate"
	"tollgate/api/reference"

	"github.com/danielgtaylor/huma/v2"
)

// documents makes the OpenAPI document and the reference, once: they change
// with the program only.
func (s *server) documents() error {
	doc := s.huma.OpenAPI()
	s.describeErrors(doc)
	asYAML, err := doc.YAML()
	if err != nil {
		return fmt.Errorf("write the OpenAPI document: %w", err)
	}
	asJSON, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("write the OpenAPI document: %w", err)
	}
	page, err := reference.Render(doc, s.order)
	if err != nil {
		return err
	}
	s.mux.HandleFunc("GET /api/openapi.yaml", fixed("application/yaml; charset=utf-8", asYAML))
	s.mux.HandleFunc("GET /api/openapi.json", fixed(contentJSON, asJSON))
	s.mux.HandleFunc("GET "+docsPath, fixed("text/html; charset=utf-8", page))
	s.mux.HandleFunc("GET /api/docs.css", fixed("text/css; charset=utf-8", reference.Style()))
	return nil
}

// describeErrors adds to the library's error what ours has beyond it.
func (s *server) describeErrors(doc *huma.OpenAPI) {
	model := doc.Components.Schemas.Map()["ErrorModel"]
	var codes []any
	for _, code := range []tollgate.ErrorCode{
		tollgate.CodeInvalid, tollgate.CodeUnauthenticated, tollgate.CodeForbidden, tollgate.CodeNotFound,
		tollgate.CodeConflict, tollgate.CodeNoCredit, tollgate.CodeFrozen, tollgate.CodeUnavailable,
		tollgate.CodeInternal,
	} {
		codes = append(codes, string(code))
	}
	model.Properties["code"] = &huma.Schema{
		Type: huma.TypeString, Enum: codes, Description: "What kind of failure it is.",
	}
	model.Properties["errors"].Nullable = false
	model.Properties["instance"].Examples = []any{"urn:tollgate:fault:48230118400001"}
	model.Properties["status"].Examples = []any{http.StatusUnprocessableEntity}
	model.Properties["title"].Examples = []any{http.StatusText(http.StatusUnprocessableEntity)}
	model.Properties["type"].Examples = []any{"about:blank"}
	detail := doc.Components.Schemas.Map()["ErrorDetail"]
	delete(detail.Properties, "value") // never sent: it could be a password
}

// docsPolicy lets the reference load its own stylesheet and nothing else.
const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// fixed serves bytes that change with the program only.
func fixed(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", docsPolicy)
		w.Header().Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(content) // a reader that has gone away is no fault
	}
}
