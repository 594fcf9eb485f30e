package api

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// TestCreditOverHTTP lets a prepaid user talk until the money is gone, as a
// switch would, with nothing but HTTP.
func TestCreditOverHTTP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouseOn(t, db)
		const alpha = "alpha:" + devicePassword
		h.leaveTwoMinutes()
		ask := func(do, body string) (g callGrant) {
			t.Helper()
			response, answer := h.ask(scenario{do: do, as: alpha, body: body})
			if response.StatusCode != 200 {
				t.Fatalf("%s: %s\n%s", do, response.Status, answer)
			}
			h.must(json.Unmarshal([]byte(answer), &g))
			return g
		}
		const call = `{"id":"one","extension":"101","dialed":"0301234567","trunk":"PJSIP/alpha"}`
		first := ask("POST /calls", call)
		if again := ask("POST /calls", call); again.Seconds != first.Seconds || !again.Allowed || again.Final != first.Final {
			t.Errorf("asked again: %+v, the first time %+v", again, first)
		}
		h.run([]scenario{
			{name: "live", do: "GET /calls", as: "alpha reader", want: 200, has: []string{`"id":"one","device":"alpha-pbx"`}},
			{name: "not to others", do: "GET /calls", as: "beta reader", want: 200, has: []string{`"items":[]`}},
			{name: "held", do: "GET /accounts/{alpha user}/reservations", as: "alpha reader", want: 200, has: []string{`"unique_id":"one"`}},
			{
				name: "decide", do: "POST /devices/alpha-pbx/decide", as: "reader", body: `{"extension":"101","dialed":"0301234567"}`,
				want: 200, has: []string{`"payer":"{alpha user}"`, `"paid_by":"extension"`, `"number":"49301234567"`, `"steps":["`},
			},
			{name: "not another's", do: "POST /devices/beta-pbx/decide", as: "alpha admin", body: `{"dialed":"1"}`, want: 403},
			{name: "answered", do: "PUT /calls/one/answer", as: alpha, want: 204},
		})
		g := first
		for !g.Final {
			if g.RenewAt <= 0 || g.RenewAt >= g.Seconds || g.Seconds > 120 {
				t.Fatalf("granted %+v", g)
			}
			g = ask("PUT /calls/one/renew", fmt.Sprintf(`{"used":%d}`, g.RenewAt))
		}
		if g.Seconds != 120 || g.Action != tollgate.ActionHangup {
			t.Errorf("in the end %+v", g)
		}
		if second := ask("POST /calls", `{"id":"two","extension":"101","dialed":"0301234567"}`); second.Allowed ||
			second.Code != tollgate.CodeNoCredit {
			t.Errorf("a call without credit: %+v", second)
		}
		if help := ask("POST /calls", `{"id":"three","extension":"101","dialed":"112"}`); !help.Allowed || !help.Unlimited {
			t.Errorf("an emergency call without credit: %+v", help)
		}
		start := time.Now().Add(-3 * time.Minute).UTC()
		h.run([]scenario{
			{
				name: "over", do: "PUT /calls/one/finish", as: alpha, want: 200, has: []string{`"stored"`},
				body: fmt.Sprintf(`{"start":%q,"answer":%q,"duration":"119.8","extension":"101","dialed":"0301234567"}`,
					start.Format(time.RFC3339), start.Format(time.RFC3339)),
			},
			{name: "nothing is left", do: "GET /accounts/{alpha user}", as: "reader", want: 200, has: []string{`"balance":"0.000000"`, `"reserved":"0.000000"`}},
			{name: "nothing is live", do: "GET /calls", as: "reader", want: 200, hasNot: []string{`"one"`}},
			{name: "unknown", do: "PUT /calls/one/renew", as: alpha, body: `{"used":1}`, want: 404},
		})
		report, err := h.book.Audit(t.Context())
		h.must(err)
		if len(report.Findings) > 0 {
			t.Errorf("the books: %v", report.Findings)
		}
	})
}

// leaveTwoMinutes has the calls of Alpha's device controlled, and takes from
// its user's 9.80 EUR all but what two minutes cost.
func (h *house) leaveTwoMinutes() {
	h.Helper()
	d, err := h.db.Devices(h.Context(), store.Scope(h.id["alpha"]))
	h.must(err)
	d[0].Control = true
	h.change(func(c *store.Change) error { return c.PutDevice(&d[0], "") })
	_, err = h.book.Correct(h.Context(), store.Actor{Name: "test"}, h.id["alpha user"],
		tollgate.Money{Micro: -9_600_000, Currency: "EUR"}, "", "")
	h.must(err)
}
