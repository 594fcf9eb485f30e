package api

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestDocs reads the reference: every operation and schema is in it, every
// link leads somewhere, and nothing comes from outside.
func TestDocs(t *testing.T) {
	h := newHouse(t)
	response, page := h.ask(scenario{do: "GET /api/docs"})
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Security-Policy") != docsPolicy {
		t.Fatalf("%s, policy %q", response.Status, response.Header.Get("Content-Security-Policy"))
	}
	if _, lost := h.ask(scenario{do: "GET /nowhere"}); !strings.Contains(lost, "; /api/docs lists") {
		t.Errorf("somebody lost is told %s", lost)
	}
	for pattern, op := range h.operations() {
		if !strings.Contains(page, `id="`+op.OperationID+`"`) {
			t.Errorf("%s is not in the reference", pattern)
		}
	}
	for name := range h.server.huma.OpenAPI().Components.Schemas.Map() {
		if !strings.Contains(page, `id="schema-`+name+`"`) {
			t.Errorf("schema %s is not in the reference", name)
		}
	}
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		to := link[1]
		if anchor, inside := strings.CutPrefix(to, "#"); inside {
			if !strings.Contains(page, `id="`+anchor+`"`) {
				t.Errorf("the link %s leads nowhere", to)
			}
			continue
		}
		if response, _ := h.ask(scenario{do: "GET /api/" + to}); response.StatusCode != http.StatusOK {
			t.Errorf("the link %s: %s", to, response.Status)
		}
	}
	for _, outside := range []string{"<script", "style=", "http://", "https://", "ZgotmplZ", "<no value>"} {
		if strings.Contains(page, outside) {
			t.Errorf("%q is in the page", outside)
		}
	}
}
