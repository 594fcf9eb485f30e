package api

import (
	"encoding/json"
	"testing"
)

func TestTokens(t *testing.T) {
	h := newHouse(t)
	keep := func(name string) func(*house, string) {
		return func(h *house, body string) {
			var made NewToken
			h.must(json.Unmarshal([]byte(body), &made))
			h.token[name], h.id[name] = made.Secret, made.ID
			if made.Secret[:9] != made.Begins {
				t.Errorf("token %q begins %q", made.Secret, made.Begins)
			}
		}
	}
	h.run([]scenario{
		{name: "all", do: "GET /tokens", as: "admin", want: 200, has: []string{`"begins":"tg_`, `"role":"operator"`, `"name":"reader-0"`}, hasNot: []string{`"token"`, "hash"}},
		{name: "operators see none", do: "GET /tokens", as: "operator", want: 403},
		{
			name: "create", do: "POST /tokens", as: "admin", body: `{"name":"CRM","role":"reader","expires":"2099-01-01T00:00:00Z"}`, want: 201,
			has: []string{`"name":"crm"`, `"expires":"2099-01-01T00:00:00Z"`}, compare: keep("crm"),
		},
		{name: "works", do: "GET /cdrs", as: "crm", want: 200},
		{name: "was used", do: "GET /tokens", as: "admin", want: 200, has: []string{`"used":"`}},
		{name: "taken", do: "POST /tokens", as: "admin", body: `{"name":"crm","role":"reader"}`, want: 409},
		{name: "no such role", do: "POST /tokens", as: "admin", body: `{"name":"x","role":"root"}`, want: 422},
		{name: "expired at once", do: "POST /tokens", as: "admin", body: `{"name":"x","role":"reader","expires":"2020-01-01T00:00:00Z"}`, want: 422},
		{name: "an enterprise's own", do: "POST /tokens", as: "alpha admin", body: `{"name":"alpha2","role":"admin","enterprise":"{alpha}"}`, want: 201, compare: keep("alpha2")},
		{
			name: "confined to it", do: "GET /cdrs", as: "alpha2",
			want: 200, has: []string{"alpha.1"}, hasNot: []string{"beta"},
		},
		{name: "not the house's", do: "POST /tokens", as: "alpha admin", body: `{"name":"x","role":"reader"}`, want: 403},
		{name: "not another's", do: "POST /tokens", as: "alpha admin", body: `{"name":"x","role":"reader","enterprise":"{beta}"}`, want: 403},
		{name: "sees its own", do: "GET /tokens", as: "alpha admin", want: 200, has: []string{"alpha2"}, hasNot: []string{"crm", `"name":"admin-0"`}},
		{name: "revokes not the house's", do: "DELETE /tokens/{crm}", as: "alpha admin", want: 404},
		{name: "revoke", do: "DELETE /tokens/{crm}", as: "admin", want: 204},
		{name: "is out", do: "GET /cdrs", as: "crm", want: 401},
		{name: "revoke again", do: "DELETE /tokens/{crm}", as: "admin", want: 404},
	})
}
