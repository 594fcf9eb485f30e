package api

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTariffs(t *testing.T) {
	h := newHouse(t)
	const summer = `{"name":"summer","currency":"EUR","timezone":"Europe/Berlin","per":60,"decimals":4,
		"default":{"price":"0.05","price_peak":"0.10","first_interval":"60","next_interval":"1"},
		"peak":{"from":"08:00","to":"18:00","weekend":["saturday","sunday"],"holidays":["12-25","easter_monday"]},
		"min_charge":"0.01"}`
	h.run([]scenario{
		{name: "all", do: "GET /tariffs", as: "reader", want: 200, has: []string{`"name":"retail"`, `"default_customer":true`, `"name":"wholesale"`}},
		{name: "is the house's", do: "GET /tariffs", as: "alpha admin", want: 403},
		{name: "one", do: "GET /tariffs/{retail}", as: "reader", want: 200, has: []string{`"price":"0.10"`, `"per":60`}},
		{name: "none", do: "GET /tariffs/1", as: "reader", want: 404},
		{
			name: "create", do: "POST /tariffs", as: "operator", body: summer, want: 201,
			has: []string{`"rounding":"half_up"`, `"duration_rounding":"up"`, `"price_peak":"0.10"`, `"min_charge":"0.01"`, `"revision":1`},
			compare: func(h *house, body string) {
				var made Tariff
				h.must(json.Unmarshal([]byte(body), &made))
				h.id["summer"] = made.ID
			},
		},
		{
			name: "taken name", do: "POST /tariffs", as: "operator", body: summer,
			want: 409, hasNot: []string{"UNIQUE", "tariff_name"},
		},
		{name: "read only", do: "POST /tariffs", as: "reader", body: summer, want: 403},
		{
			name: "no such price", do: "POST /tariffs", as: "operator", want: 422, has: []string{"price", "0,05"},
			body: strings.NewReplacer("0.05", "0,05", "summer", "s2").Replace(summer),
		},
		{
			name: "no such weekday", do: "POST /tariffs", as: "operator", want: 422, has: []string{"samstag"},
			body: strings.NewReplacer("saturday", "samstag", "summer", "s3").Replace(summer),
		},
		{
			name: "no such zone", do: "POST /tariffs", as: "operator", want: 422, has: []string{"Europe/Bonn"},
			body: strings.NewReplacer("Europe/Berlin", "Europe/Bonn", "summer", "s4").Replace(summer),
		},
		{
			name: "a second standard", do: "POST /tariffs", as: "operator", want: 409,
			body: strings.NewReplacer(`"min_charge"`, `"default_customer":true,"min_charge"`, "summer", "s5").Replace(summer),
		},
		{
			name: "change", do: "PUT /tariffs/{summer}", as: "operator", want: 200, has: []string{`"price":"0.06"`, `"revision":2`},
			body: strings.ReplaceAll(summer, "0.05", "0.06"),
		},
		{name: "change nothing there", do: "PUT /tariffs/1", as: "operator", body: summer, want: 404},
		{
			name: "delete one in use", do: "DELETE /tariffs/{wholesale}", as: "operator",
			want: 409, has: []string{"operator still has"},
		},
		{name: "delete", do: "DELETE /tariffs/{summer}", as: "operator", want: 204},
		{name: "is gone", do: "GET /tariffs/{summer}", as: "reader", want: 404},
	})
}

func TestDecks(t *testing.T) {
	h := newHouse(t)
	csv := map[string]string{"Content-Type": "text/csv; charset=utf-8"}
	const path = "PUT /tariffs/{retail}/decks"
	deck := func(place int) func(*house, string) {
		return func(h *house, body string) {
			var found list[Deck]
			h.must(json.Unmarshal([]byte(body), &found))
			h.id["deck"] = found.Items[place].ID
		}
	}
	h.run([]scenario{
		{
			name: "dry run", do: path + "?dry_run=true", as: "operator", want: 200,
			body: `[{"prefix":"4930","name":"Berlin","price":"0.03"},{"class":"mobile","price":"0.20"}]`,
			has:  []string{`"added":2`, `"changed":0`, "+ 4930 Berlin"},
		},
		{name: "changed nothing", do: "GET /tariffs/{retail}/decks", as: "reader", want: 200, has: []string{`"items":[]`}},
		{
			name: "JSON", do: path, as: "operator", want: 200, has: []string{`"added":2`},
			body: `[{"prefix":"4930","name":"Berlin","price":"0.03"},{"class":"mobile","price":"0.20"}]`,
		},
		{name: "list", do: "GET /tariffs/{retail}/decks", as: "reader", want: 200, has: []string{`"rates":2`}, hasNot: []string{"effective"}, compare: deck(0)},
		{
			name: "CSV replaces it", do: path, as: "operator", header: csv, want: 200,
			body: "prefix;name;price;price_peak;class\n4930;Berlin;0.04;0.08;\n4940;Hamburg;0.05;;\n",
			has:  []string{`"added":1`, `"changed":1`, `"removed":1`, "~ 4930", "- mobile"},
		},
		{
			name: "rates", do: "GET /tariffs/{retail}/decks/{deck}/rates", as: "reader", want: 200,
			has: []string{`{"prefix":"4930","name":"Berlin","price":"0.04","price_peak":"0.08"}`, "Hamburg"},
		},
		{name: "rates, a page", do: "GET /tariffs/{retail}/decks/{deck}/rates?limit=1", as: "reader", want: 200, has: []string{"4930", `"next":"`}, hasNot: []string{"4940"}},
		{
			name: "rates, searched", do: "GET /tariffs/{retail}/decks/{deck}/rates?digits=494", as: "reader",
			want: 200, has: []string{"4940"}, hasNot: []string{"4930"},
		},
		{
			name: "rates as CSV", do: "GET /tariffs/{retail}/decks/{deck}/rates?limit=1", as: "reader",
			header: map[string]string{"Accept": "text/csv"},
			want:   200,
			has:    []string{"prefix,number,class,name,price", "4930,,,Berlin,0.04,0.08", "4940,"},
		},
		{
			name: "the price follows", do: "POST /price", as: "reader", body: `{"number":"493012345","duration":"60","account":"{alpha}","answer":"2026-03-04T12:00:00Z"}`, want: 200,
			has: []string{`"rate":"4930"`, `"amount":"0.040000"`},
		},
	})
	h.refuseDecks(path, csv, deck)
}

// refuseDecks goes on with the decks that TestDecks stored.
func (h *house) refuseDecks(path string, csv map[string]string, deck func(int) func(*house, string)) {
	h.run([]scenario{
		{
			name: "wrong CSV", do: path, as: "operator", header: csv, want: 422,
			body: "prefix,price\n4930,0.04\n+49,x\n4930,1\n",
			has:  []string{`"location":"line 3`, `"location":"line 4`, "line 2 already", "nothing was stored"},
		},
		{
			name: "wrong JSON", do: path, as: "operator", want: 422, body: `[{"prefix":"4930","price":"0.04"},{"prefix":"49","price":"cheap"}]`,
			has: []string{`"location":"body[1].price"`},
		},
		{name: "misspelt JSON", do: path, as: "operator", want: 400, body: `[{"prefx":"4930"}]`, has: []string{"prefx"}},
		{
			name: "misspelt CSV", do: path, as: "operator", header: csv,
			want: 422, body: "prefx\n1\n", has: []string{"prefx", "connect_fee"},
		},
		{
			name: "neither", do: path, as: "operator",
			header: map[string]string{"Content-Type": "application/xml"}, body: "<x/>",
			want: 415,
		},
		{name: "dated", do: path + "?effective=2027-01-01T00:00:00%2B01:00", as: "operator", want: 200, body: `[{"prefix":"49","price":"0.09"}]`, has: []string{`"added":1`}},
		{name: "list of two", do: "GET /tariffs/{retail}/decks", as: "reader", want: 200, has: []string{`"effective":"2026-12-31T23:00:00Z"`}, compare: deck(1)},
		{name: "a deck of another tariff", do: "GET /tariffs/{wholesale}/decks/{deck}/rates", as: "reader", want: 404},
		{name: "delete", do: "DELETE /tariffs/{retail}/decks/{deck}", as: "operator", want: 204},
		{name: "deleted", do: "DELETE /tariffs/{retail}/decks/{deck}", as: "operator", want: 404},
		{name: "no such tariff", do: "PUT /tariffs/1/decks", as: "operator", body: "[]", want: 404},
		{name: "read only", do: path, as: "reader", body: "[]", want: 403},
	})
}

func TestPrice(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{
			name: "as dialled on a device", do: "POST /price", as: "reader", want: 200,
			body: `{"number":"0301234567","device":"alpha-pbx","trunk":"PJSIP/alpha","account":"{alpha}","duration":"61"}`,
			has: []string{
				`"number":"49301234567"`, `"class":"local"`, `"amount":"0.200000"`, `"cost":{"status":"priced"`,
				`"amount":"0.080000"`, `"explanation":"`,
			},
		},
		{
			name: "by an enterprise", do: "POST /price", as: "alpha reader", want: 200,
			body: `{"number":"0301234567","device":"alpha-pbx","account":"{alpha}","duration":"60.5"}`,
			has:  []string{`"amount":"0.200000"`}, hasNot: []string{`"cost"`, "0.04"},
		},
		{
			name: "by an enterprise for another", do: "POST /price", as: "alpha reader", want: 404,
			body: `{"number":"49301","account":"{beta}","duration":"60"}`,
		},
		{
			name: "by an enterprise with the house's tariff", do: "POST /price", as: "alpha reader", want: 404,
			body: `{"number":"49301","tariff":"{wholesale}","duration":"60"}`,
		},
		{
			name: "on another's device", do: "POST /price", as: "alpha reader", want: 404,
			body: `{"number":"49301","device":"beta-pbx","duration":"60"}`,
		},
		{
			name: "with a tariff", do: "POST /price", as: "reader", want: 200,
			body: `{"number":"49301","tariff":"{wholesale}","duration":"60"}`, has: []string{`"amount":"0.040000"`},
		},
		{
			name: "a duration that is a number", do: "POST /price", as: "reader", want: 200,
			body: `{"number":"49301","tariff":"{wholesale}","duration":60.5}`, has: []string{`"billed_seconds":120`},
		},
		{name: "an exponent", do: "POST /price", as: "reader", want: 422, body: `{"number":"49301","duration":6e1}`},
		{name: "a number below nothing", do: "POST /price", as: "reader", want: 422, body: `{"number":"49301","duration":-1}`},
		{name: "no digits", do: "POST /price", as: "reader", want: 422, body: `{"number":"abc","duration":"60"}`},
		{name: "less than nothing", do: "POST /price", as: "reader", want: 422, body: `{"number":"49301","duration":"-1"}`},
		{name: "for ever", do: "POST /price", as: "reader", want: 422, body: `{"number":"49301","duration":"99999999999"}`},
		{name: "without a duration", do: "POST /price", as: "reader", want: 422, body: `{"number":"49301"}`, has: []string{"duration"}},
	})
}
