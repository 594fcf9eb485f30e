package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/store/card"
)

// TestIsolation asks every operation that an enterprise may use, with every id
// and name of another enterprise in its path, and finds nothing of the other in
// any answer, and nothing of the other changed.
func TestIsolation(t *testing.T) {
	h := newHouse(t)
	if _, body := h.ask(scenario{do: "GET /cdrs", as: "reader"}); !strings.Contains(body, "beta") {
		t.Fatal("there is nothing of Beta to be found: the test would prove nothing")
	}
	before := h.beta()
	bodies := map[string]string{
		"put-extension":  `{"account":"{alpha}"}`,
		"push-records":   `[{"unique_id":"x","start":"2026-03-04T12:00:00Z","duration":1,"dialed":"0301"}]`,
		"push-journal":   "x\n",
		"create-token":   `{"name":"x","role":"reader","enterprise":"{beta}"}`,
		"authorize-call": `{"id":"x","device":"beta-pbx","dialed":"0301234567"}`,
		"answer-call":    `{}`,
		"renew-call":     `{"used":1}`,
		"finish-call":    `{"start":"2026-03-04T12:00:00Z","duration":1,"dialed":"0301"}`,
		"create-group":   `{"enterprise":"{beta}","name":"x","members":["{beta user}"]}`,
		"update-group":   `{"name":"x","members":[]}`,
		"put-permit":     `{"permission":"private_call","account":"{beta user}"}`,
		"price":          `{"number":"0301","device":"beta-pbx","account":"{beta}","duration":"1"}`,
	}
	queries := map[string]string{
		"answer-call": "?device=beta-pbx", "renew-call": "?device=beta-pbx", "finish-call": "?device=beta-pbx",
		"delete-permit": "?permission=private_call&account={beta user}",
	}
	h.server.Live = func(owner tollgate.ID) []tollgate.LiveCall {
		return live(owner, h.id["alpha"], h.id["beta"])
	}
	asked := 0
	for _, pattern := range slices.Sorted(maps.Keys(h.operations())) {
		op := h.operations()[pattern]
		alpha := access.Principal{Role: access.RoleAdmin, Enterprise: h.id["alpha"]}
		if !alpha.May(op.Extensions["x-permission"].(access.Permission)) {
			continue // TestPermissions asks those
		}
		for _, path := range h.foreign(pattern) {
			asked++
			response, body := h.ask(scenario{
				do: path + queries[op.OperationID], as: "alpha admin", body: bodies[op.OperationID],
			})
			switch {
			case strings.Contains(pattern, "{") || bodies[op.OperationID] != "":
				if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusForbidden {
					t.Errorf("%s: %s\n%s", path, response.Status, body)
				}
			case response.StatusCode != http.StatusOK:
				t.Errorf("%s: %s\n%s", path, response.Status, body)
			case h.betas().MatchString(body):
				t.Errorf("%s shows %q\n%s", path, h.betas().FindString(body), body)
			}
		}
	}
	if asked < 120 {
		t.Errorf("only %d requests were made", asked)
	}
	if after := h.beta(); after != before {
		t.Errorf("Beta was\n%s\nand is\n%s", before, after)
	}
}

// foreign fills a path with everything of Beta's.
func (h *house) foreign(pattern string) []string {
	if !strings.Contains(pattern, "{id}") {
		return []string{strings.NewReplacer("{device}", "beta-pbx", "{number}", "101").Replace(pattern)}
	}
	var paths []string
	for name, id := range h.id {
		if !strings.HasPrefix(name, "alpha") {
			paths = append(paths, strings.ReplaceAll(pattern, "{id}", id.String()))
		}
	}
	return paths
}

// betas matches whatever is Beta's: its name and its ids.
func (h *house) betas() *regexp.Regexp {
	words := []string{"beta"}
	for name, id := range h.id {
		if strings.HasPrefix(name, "beta") {
			words = append(words, id.String())
		}
	}
	return regexp.MustCompile(strings.Join(words, "|"))
}

// beta is all that the store has of Beta.
func (h *house) beta() string {
	h.Helper()
	scope := store.Scope(h.id["beta"])
	ctx, all := h.Context(), store.Paging{Rows: store.PageRowsMax}
	var parts []any
	keep := func(part any, err error) {
		h.must(err)
		parts = append(parts, part)
	}
	keep(h.db.Accounts(ctx, scope, store.AccountFilter{}, all))
	keep(h.db.CDRs(ctx, scope, store.CDRFilter{}, all))
	keep(h.db.Transfers(ctx, scope, h.id["beta user"], all))
	keep(h.db.Devices(ctx, scope))
	keep(h.db.Extensions(ctx, scope, 0, all))
	keep(h.db.Trunks(ctx, scope))
	keep(h.db.Tokens(ctx, scope))
	keep(h.db.Groups(ctx, scope))
	keep(h.db.Permits(ctx, scope))
	keep(card.List(ctx, h.db, scope, card.Filter{}, all))
	text, err := json.MarshalIndent(parts, "", " ")
	h.must(err)
	return string(text)
}

// live is a call in progress of each enterprise, as far as the owner sees them.
func live(owner tollgate.ID, enterprises ...tollgate.ID) (calls []tollgate.LiveCall) {
	for _, e := range enterprises {
		if owner == 0 || owner == e {
			calls = append(calls, tollgate.LiveCall{
				Enterprise: e, Payer: e, Call: tollgate.CallID{Device: e, UniqueID: e.String()}, Cancellable: true,
			})
		}
	}
	return calls
}
