package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollgate"
)

func TestCDRs(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{
			name: "all, to the house", do: "GET /cdrs", as: "reader", want: http.StatusOK,
			has: []string{
				`"unique_id":"alpha.1"`, `"unique_id":"beta.1"`, `"amount":"0.200000"`, `"margin":"0.120000"`,
				`"number":"49301234567"`, `"id":"{alpha call}"`, `"operator":"{carrier}"`, `"duration_ms":61000`,
			},
			hasNot: []string{"explanation"},
		},
		{
			name: "an enterprise sees its own, without the cost", do: "GET /cdrs", as: "alpha reader", want: http.StatusOK,
			has:    []string{"alpha.1", `"amount":"0.200000"`},
			hasNot: []string{"beta", `"cost"`, `"margin"`, `"operator"`},
		},
		{
			name: "of one payer", do: "GET /cdrs?account={beta user}", as: "reader",
			want: 200, has: []string{"beta.1"}, hasNot: []string{"alpha.1"},
		},
		{
			name: "of one device", do: "GET /cdrs?device=beta-pbx", as: "reader",
			want: 200, has: []string{"beta.1"}, hasNot: []string{"alpha.1"},
		},
		{name: "of a shared device", do: "GET /cdrs?device=shared", as: "alpha reader", want: 200},
		{name: "of another's device", do: "GET /cdrs?device=beta-pbx", as: "alpha reader", want: 404},
		{name: "of no device", do: "GET /cdrs?device=gamma", as: "reader", want: 404},
		{name: "to a number", do: "GET /cdrs?number=4930", as: "reader", want: 200, has: []string{"alpha.1"}},
		{name: "to another", do: "GET /cdrs?number=4940", as: "reader", want: 200, has: []string{`"items":[]`}},
		{name: "a number with letters", do: "GET /cdrs?number=49x", as: "reader", want: 422, has: []string{"query.number"}},
		{name: "since", do: "GET /cdrs?from=2026-03-04T13:00:00Z", as: "reader", want: 200, has: []string{`"items":[]`}},
		{
			name: "since, in another zone", do: "GET /cdrs?from=2026-03-04T12:59:00%2B01:00", as: "reader",
			want: 200, has: []string{"alpha.1"},
		},
		{name: "at least", do: "GET /cdrs?min_amount=0.2", as: "reader", want: 200, has: []string{"alpha.1"}},
		{name: "more", do: "GET /cdrs?min_amount=0.200001", as: "reader", want: 200, has: []string{`"items":[]`}},
		{
			name: "not private", do: "GET /cdrs?private=false&status=priced&direction=outbound&class=local", as: "reader",
			want: 200, has: []string{"alpha.1"},
		},
		{name: "private", do: "GET /cdrs?private=true", as: "reader", want: 200, has: []string{`"items":[]`}},
		{name: "that nobody pays", do: "GET /cdrs?unpaid=true", as: "reader", want: 200, has: []string{`"items":[]`}},
		{name: "paid or not", do: "GET /cdrs?unpaid=perhaps", as: "reader", want: 422},
		{name: "by carrier", do: "GET /cdrs?operator={carrier}", as: "reader", want: 200, has: []string{"alpha.1"}},
		{name: "by carrier is the house's", do: "GET /cdrs?operator={carrier}", as: "alpha admin", want: 403},
		{name: "misspelt filter", do: "GET /cdrs?acount=1", as: "reader", want: 422, has: []string{"acount"}},
		{name: "too many at once", do: "GET /cdrs?limit=1001", as: "reader", want: 422},
		{name: "made-up cursor", do: "GET /cdrs?cursor=AAAA", as: "reader", want: 422, has: []string{"cursor"}},
		{
			name: "one, explained", do: "GET /cdrs/{alpha call}", as: "reader", want: http.StatusOK,
			has: []string{`"explanation":`, "0.10", "0.04", `"billed_seconds":120`, `"spans":[{"from":0,"seconds":120`},
		},
		{
			name: "one, explained to its enterprise", do: "GET /cdrs/{alpha call}", as: "alpha reader", want: http.StatusOK,
			has: []string{`"explanation":`, "0.10"}, hasNot: []string{"0.04", "wholesale"},
		},
		{name: "one that is not there", do: "GET /cdrs/1", as: "reader", want: 404, has: []string{`"code":"not_found"`}},
		{name: "no id", do: "GET /cdrs/abc", as: "reader", want: 422},
	})
}

// TestPrivateCallIsDiscreet: not even its rate and what explains it tell the number.
func TestPrivateCallIsDiscreet(t *testing.T) {
	charge := tollgate.Charge{
		Status: tollgate.ChargePriced, Currency: "EUR", Micro: 100_000, Billed: 20, Rate: "491701234567",
		Spans: []tollgate.Span{{Seconds: 20, Price: "0.30", Per: 60}},
	}
	v := cdrView(&tollgate.CDR{
		Number:   tollgate.Number{Raw: "*7*01701234567", E164: "491701234567", Private: true},
		Customer: charge, Cost: charge,
	}, true, true)
	text, err := json.Marshal(v)
	if err != nil || v.Customer.Explanation == "" || v.Number != "49170123XXXX" || strings.Contains(string(text), "4567") {
		t.Errorf("%s (%v)", text, err)
	}
}

func TestCDRPages(t *testing.T) {
	h := newHouse(t)
	seen := map[string]bool{}
	cursor := ""
	for pages := 0; ; pages++ {
		_, body := h.ask(scenario{do: "GET /cdrs?limit=1&cursor=" + url.QueryEscape(cursor), as: "reader"})
		var p page[struct {
			ID string `json:"id"`
		}]
		h.must(json.Unmarshal([]byte(body), &p))
		for _, c := range p.Items {
			seen[c.ID] = true
		}
		if cursor = p.Next; cursor == "" {
			if len(seen) != 2 || pages != 1 {
				t.Errorf("%d calls on %d pages, want 2 on 2", len(seen), pages+1)
			}
			return
		}
	}
}
