package api

import (
	"strings"
	"testing"

	"tollgate/store"
)

func TestDevices(t *testing.T) {
	h := newHouse(t)
	const pbx = `{"name":"hq","kind":"asterisk","timezone":"Europe/Berlin","enabled":true,
		"plan":{"country":"DE","area_code":"30","route_prefixes":["0"]},
		"asterisk":{"address":"127.0.0.1:5038","username":"tollgate","secret":"swordfish","trunks":["PJSIP/provider"]},
		"account":"hq","password":"a long password"}`
	secrets := []string{"swordfish", "a long password", "argon2", `"secret"`, `"password"`}
	h.run([]scenario{
		{
			name: "all", do: "GET /devices", as: "reader",
			want: 200, has: []string{"alpha-pbx", "beta-pbx", "shared"}, hasNot: secrets,
		},
		{name: "is the house's", do: "GET /devices", as: "alpha admin", want: 403},
		{name: "create", do: "POST /devices", as: "operator", body: pbx, want: 201, has: []string{`"route_prefixes":["0"]`, `"forward_payer":"originator"`}, hasNot: secrets},
		{name: "one", do: "GET /devices/hq", as: "reader", want: 200, has: []string{`"account":"hq"`, `"enabled":true`}, hasNot: secrets},
		{name: "its password works", do: "POST /devices/hq/records", as: "hq:a long password", body: "[]", want: 200},
		{
			name: "change without secrets", do: "PUT /devices/hq", as: "operator", want: 200, has: []string{`"area_code":"40"`}, hasNot: secrets,
			body: strings.NewReplacer(`,"secret":"swordfish"`, "", `,"password":"a long password"`, "", `"30"`, `"40"`).Replace(pbx),
		},
		{name: "its password still works", do: "POST /devices/hq/records", as: "hq:a long password", body: "[]", want: 200},
		{
			name: "new password", do: "PUT /devices/hq", as: "operator",
			want: 200, body: strings.ReplaceAll(pbx, "a long password", "another password"), hasNot: secrets,
		},
		{name: "the old one is wrong", do: "POST /devices/hq/records", as: "hq:a long password", body: "[]", want: 401},
		{name: "the new one is right", do: "POST /devices/hq/records", as: "hq:another password", body: "[]", want: 200},
		{
			name: "short password", do: "POST /devices", as: "operator", want: 422, has: []string{"at least 12"},
			body: strings.NewReplacer("a long password", "short", `"hq"`, `"h2"`).Replace(pbx), hasNot: []string{"short"},
		},
		{name: "taken name", do: "POST /devices", as: "operator", body: pbx, want: 409},
		{name: "a name that is no path", do: "POST /devices", as: "operator", want: 422, body: strings.ReplaceAll(pbx, `"name":"hq"`, `"name":"h/q"`), hasNot: secrets},
		{
			name: "no address", do: "POST /devices", as: "operator", want: 422, has: []string{"address"},
			body: strings.NewReplacer(`"address":"127.0.0.1:5038",`, "", `"hq"`, `"h3"`).Replace(pbx),
		},
		{name: "no such country", do: "POST /devices", as: "operator", want: 422, body: strings.NewReplacer(`"DE"`, `"XX"`, `"hq"`, `"h4"`).Replace(pbx)},
		{
			name: "an area code with its prefix", do: "POST /devices", as: "operator", want: 422,
			body: strings.NewReplacer(`"30"`, `"030"`, `"hq"`, `"h5"`).Replace(pbx), has: []string{"area_code", "write 30"},
		},
		{name: "none", do: "GET /devices/none", as: "reader", want: 404},
	})
	devices, err := h.db.Devices(t.Context(), store.Everything)
	h.must(err)
	for _, d := range devices {
		if d.Name == "hq" && d.Asterisk.Secret != "swordfish" {
			t.Errorf("the AMI secret is %q after a change that did not name it", d.Asterisk.Secret)
		}
	}
}

func TestExtensions(t *testing.T) {
	h := newHouse(t)
	const path = "/devices/alpha-pbx/extensions"
	h.run([]scenario{
		{name: "all", do: "GET " + path, as: "alpha reader", want: 200, has: []string{`{"number":"101","account":"{alpha user}","name":"alpha desk"}`}, hasNot: []string{"next"}},
		{name: "put", do: "PUT " + path + "/102", as: "alpha operator", body: `{"account":"{alpha}","name":"lobby"}`, want: 200, has: []string{"lobby"}},
		{name: "put again", do: "PUT " + path + "/102", as: "operator", body: `{"account":"{alpha user}"}`, want: 200, has: []string{"{alpha user}"}},
		{
			name: "a page", do: "GET " + path + "?limit=1", as: "alpha reader",
			want: 200, has: []string{"101", "next"}, hasNot: []string{"102"},
		},
		{name: "another's account", do: "PUT " + path + "/102", as: "alpha operator", body: `{"account":"{beta}"}`, want: 404},
		{name: "another's account, by the house", do: "PUT " + path + "/102", as: "operator", body: `{"account":"{beta}"}`, want: 422},
		{name: "another's device", do: "PUT /devices/beta-pbx/extensions/101", as: "alpha operator", body: `{"account":"{alpha}"}`, want: 404},
		{name: "a shared device", do: "PUT /devices/shared/extensions/101", as: "alpha operator", body: `{"account":"{alpha}"}`, want: 404},
		{name: "read only", do: "PUT " + path + "/102", as: "alpha reader", body: `{"account":"{alpha}"}`, want: 403},
		{name: "delete", do: "DELETE " + path + "/102", as: "alpha operator", want: 204},
		{name: "deleted", do: "DELETE " + path + "/102", as: "alpha operator", want: 404},
		{name: "another's", do: "DELETE /devices/beta-pbx/extensions/101", as: "alpha operator", want: 404},
	})
}

func TestTrunks(t *testing.T) {
	h := newHouse(t)
	const path = "/devices/alpha-pbx/trunks"
	h.run([]scenario{
		{name: "all", do: "GET " + path, as: "reader", want: 200, has: []string{`[{"name":"PJSIP/alpha","operator":"{carrier}"}]`}},
		{name: "is the house's", do: "GET " + path, as: "alpha admin", want: 403},
		{name: "put", do: "PUT " + path + "/PJSIP%2Fsecond", as: "operator", body: `{"operator":"{carrier}","account":"{alpha}"}`, want: 200, has: []string{`"name":"PJSIP/second"`}},
		{name: "no such operator", do: "PUT " + path + "/PJSIP%2Fsecond", as: "operator", body: `{"operator":"1"}`, want: 422},
		{name: "delete", do: "DELETE " + path + "/PJSIP%2Fsecond", as: "operator", want: 204},
		{name: "deleted", do: "DELETE " + path + "/PJSIP%2Fsecond", as: "operator", want: 404},
		{name: "none left but the first", do: "GET " + path, as: "reader", want: 200, hasNot: []string{"second"}},
	})
}
