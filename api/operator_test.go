package api

import (
	"encoding/json"
	"testing"
)

func TestOperators(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{name: "all", do: "GET /operators", as: "reader", want: 200, has: []string{`{"id":"{carrier}","name":"Carrier","tariff":"{wholesale}"}`}},
		{name: "is the house's", do: "GET /operators", as: "alpha admin", want: 403},
		{
			name: "create", do: "POST /operators", as: "operator", body: `{"name":"Second","tariff":"{retail}"}`, want: 201,
			compare: func(h *house, body string) {
				var o Operator
				h.must(json.Unmarshal([]byte(body), &o))
				h.id["second"] = o.ID
			},
		},
		{name: "taken", do: "POST /operators", as: "operator", body: `{"name":"Second"}`, want: 409},
		{name: "no such tariff", do: "POST /operators", as: "operator", body: `{"name":"Third","tariff":"1"}`, want: 422},
		{name: "change", do: "PUT /operators/{second}", as: "operator", body: `{"name":"Zweite"}`, want: 200, has: []string{"Zweite"}, hasNot: []string{"tariff"}},
		{name: "delete one in use", do: "DELETE /operators/{carrier}", as: "operator", want: 409, has: []string{"trunk"}},
		{name: "delete", do: "DELETE /operators/{second}", as: "operator", want: 204},
		{name: "deleted", do: "DELETE /operators/{second}", as: "operator", want: 404},
	})
}

func TestExchangeRates(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{name: "put", do: "PUT /exchange-rates", as: "operator", body: `{"from":"USD","to":"EUR","rate":"0.92"}`, want: 204},
		{name: "put a later", do: "PUT /exchange-rates", as: "operator", body: `{"from":"USD","to":"EUR","rate":"0.95","effective":"2026-04-01T00:00:00Z"}`, want: 204},
		{
			name: "all", do: "GET /exchange-rates", as: "reader", want: 200,
			has: []string{`{"from":"USD","to":"EUR","rate":"0.92"}`, `{"from":"USD","to":"EUR","effective":"2026-04-01T00:00:00Z","rate":"0.95"}`},
		},
		{name: "no number", do: "PUT /exchange-rates", as: "operator", body: `{"from":"USD","to":"EUR","rate":"0,9"}`, want: 422},
		{name: "nothing", do: "PUT /exchange-rates", as: "operator", body: `{"from":"USD","to":"EUR","rate":"0"}`, want: 422},
		{name: "to itself", do: "PUT /exchange-rates", as: "operator", body: `{"from":"EUR","to":"EUR","rate":"1"}`, want: 422},
		{name: "is the house's", do: "GET /exchange-rates", as: "alpha admin", want: 403},
	})
}

func TestAttribution(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{name: "dry run", do: "PUT /attribution?dry_run=true", as: "operator", body: `[{"prefix":"4932","class":"premium","destination":"Dear"}]`, want: 200, has: []string{`"added":1`}},
		{name: "JSON", do: "PUT /attribution", as: "operator", body: `[{"prefix":"4932","class":"premium","destination":"Dear"}]`, want: 200, has: []string{`"added":1`}},
		{name: "all", do: "GET /attribution", as: "reader", want: 200, has: []string{`{"prefix":"4932","class":"premium","destination":"Dear"}`}},
		{
			name: "CSV replaces it", do: "PUT /attribution",
			as: "operator", header: map[string]string{"Content-Type": "text/csv"},
			body: "prefix,class\n4933,mobile\n", want: 200, has: []string{`"added":1`, `"removed":1`},
		},
		{
			name: "as CSV", do: "GET /attribution", as: "reader", header: map[string]string{"Accept": "text/csv"},
			want: 200, has: []string{"prefix,class,", "4933,mobile"},
		},
		{name: "wrong", do: "PUT /attribution", as: "operator", body: `[{"prefix":"+49"}]`, want: 422, has: []string{`"location":"body[0].prefix"`}},
		{name: "is the house's", do: "GET /attribution", as: "alpha admin", want: 403},
	})
}
