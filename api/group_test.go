package api

import (
	"encoding/json"
	"testing"

	"tollgate/store"
)

var allRows = store.Paging{Rows: store.PageRowsMax}

func TestGroups(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{name: "all", do: "GET /groups", as: "reader", want: 200, has: []string{"alpha group", `"members":["{beta user}"]`}},
		{
			name: "own", do: "GET /groups", as: "alpha reader",
			want: 200, has: []string{"alpha group"}, hasNot: []string{"beta"},
		},
		{
			name: "create", do: "POST /groups", as: "alpha operator", body: `{"name":"sales","members":["{alpha user}"]}`, want: 201,
			has: []string{`"enterprise":"{alpha}"`},
			compare: func(h *house, body string) {
				var g Group
				h.must(json.Unmarshal([]byte(body), &g))
				h.id["sales"] = g.ID
			},
		},
		{name: "another's", do: "POST /groups", as: "alpha operator", body: `{"name":"x","enterprise":"{beta}","members":[]}`, want: 403},
		{name: "another's member", do: "POST /groups", as: "alpha operator", body: `{"name":"x","members":["{beta user}"]}`, want: 422},
		{name: "taken", do: "POST /groups", as: "alpha operator", body: `{"name":"sales","members":[]}`, want: 409},
		{name: "of nobody", do: "POST /groups", as: "operator", body: `{"name":"x","members":[]}`, want: 422},
		{name: "a reader", do: "POST /groups", as: "alpha reader", body: `{"name":"x","members":[]}`, want: 403},
		{name: "change", do: "PUT /groups/{sales}", as: "alpha operator", body: `{"name":"Vertrieb","members":[]}`, want: 200, has: []string{"Vertrieb", `"members":[]`}},
		{name: "change whose", do: "PUT /groups/{sales}", as: "operator", body: `{"name":"x","enterprise":"{beta}","members":[]}`, want: 409},
		{name: "permit", do: "PUT /devices/alpha-pbx/permits", as: "alpha operator", body: `{"permission":"private_call","group":"{sales}"}`, want: 204},
		{name: "permit again", do: "PUT /devices/alpha-pbx/permits", as: "alpha operator", body: `{"permission":"private_call","group":"{sales}"}`, want: 204},
		{name: "another's account", do: "PUT /devices/alpha-pbx/permits", as: "alpha operator", body: `{"permission":"private_call","account":"{beta user}"}`, want: 422},
		{name: "to nobody", do: "PUT /devices/alpha-pbx/permits", as: "alpha operator", body: `{"permission":"private_call"}`, want: 422},
		{name: "permits", do: "GET /devices/alpha-pbx/permits", as: "alpha reader", want: 200, has: []string{`"group":"{sales}"`, `"group":"{alpha group}"`}},
		{name: "of another device", do: "GET /devices/shared/permits", as: "reader", want: 200, has: []string{`"items":[]`}},
		{
			name: "take away", do: "DELETE /devices/alpha-pbx/permits?permission=private_call&group={alpha group}",
			as:   "alpha operator",
			want: 204,
		},
		{
			name: "taken away", do: "DELETE /devices/alpha-pbx/permits?permission=private_call&group={alpha group}",
			as:   "alpha operator",
			want: 404,
		},
		{name: "delete", do: "DELETE /groups/{sales}", as: "alpha operator", want: 204},
		{name: "deleted", do: "DELETE /groups/{sales}", as: "alpha operator", want: 404},
		{name: "with its permits", do: "GET /devices/alpha-pbx/permits", as: "alpha reader", want: 200, has: []string{`"items":[]`}},
	})
}

func TestAlerts(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{name: "all", do: "GET /alerts", as: "reader", want: 200, has: []string{"alpha is low", "beta is low"}},
		{name: "page", do: "GET /alerts?limit=1", as: "reader", want: 200, has: []string{"beta is low", `"next"`}, hasNot: []string{"alpha"}},
		{
			name: "own", do: "GET /alerts", as: "alpha reader",
			want: 200, has: []string{`"kind":"low_credit"`, "{alpha user}"}, hasNot: []string{"beta"},
		},
	})
}

func TestDeviceRules(t *testing.T) {
	h := newHouse(t)
	const whole = `{"name":"hq","kind":"push","timezone":"UTC","enabled":true,"control":true,"rules":[
		{"name":"far","conditions":[{"pattern":"^00(.*)$"},{"variable":"trunk","pattern":"x"}],"tariff":"{retail}","charge":true,
			"account":"${accountcode}","no_credit":{"kind":"transfer","target":"900"},"exhausted":{"kind":"announce","sound":"bye"}},
		{"charge":false}]}`
	h.run([]scenario{
		{
			name: "put", do: "POST /devices", as: "operator", body: whole, want: 201, has: []string{
				`"control":true`, `{"name":"far","conditions":[{"pattern":"^00(.*)$"},{"variable":"trunk","pattern":"x"}],"tariff":"{retail}","charge":true,` +
					`"account":"${accountcode}","no_credit":{"kind":"transfer","target":"900"},"exhausted":{"kind":"announce","sound":"bye"}},{"charge":false}]`,
			},
		},
		{name: "got", do: "GET /devices/hq", as: "reader", want: 200, has: []string{`"name":"far"`}},
		{
			name: "no pattern", do: "POST /devices", as: "operator", want: 422, has: []string{"rules[0]", "missing closing"},
			body: `{"name":"x","kind":"push","timezone":"UTC","enabled":true,"rules":[{"charge":true,"conditions":[{"pattern":"("}]}]}`,
		},
		{
			name: "no target", do: "POST /devices", as: "operator", want: 422, has: []string{"rules[0]", "which extension"},
			body: `{"name":"x","kind":"push","timezone":"UTC","enabled":true,"rules":[{"charge":true,"no_credit":{"kind":"transfer"}}]}`,
		},
		{
			name: "no action", do: "POST /devices", as: "operator", want: 422, has: []string{"kind"},
			body: `{"name":"x","kind":"push","timezone":"UTC","enabled":true,"rules":[{"charge":true,"no_credit":{"kind":"shout"}}]}`,
		},
	})
}
