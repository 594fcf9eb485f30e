package api

import (
	"encoding/json"
	"strings"
	"testing"

	"tollgate/store"
)

func TestAccounts(t *testing.T) {
	h := newHouse(t)
	const gamma = `{"kind":"enterprise","mode":"prepaid","name":"gamma","currency":"EUR",
		"timezone":"Europe/Berlin","credit_limit":"25.50"}`
	h.run([]scenario{
		{name: "all", do: "GET /accounts", as: "reader", want: 200, has: []string{`"name":"alpha"`, `"name":"beta user"`, `"balance":"9.800000"`}, hasNot: []string{`"house"`}},
		{name: "of one kind", do: "GET /accounts?kind=user", as: "reader", want: 200, has: []string{"alpha user"}, hasNot: []string{`"name":"alpha"`}},
		{name: "searched", do: "GET /accounts?search=BETA-", as: "reader", want: 200, has: []string{`"name":"beta"`}, hasNot: []string{"alpha"}},
		{name: "one", do: "GET /accounts/{alpha user}", as: "alpha reader", want: 200, has: []string{`"available":"9.800000"`, `"parent":"{alpha}"`, `"currency":"EUR"`}},
		{
			name: "create an enterprise", do: "POST /accounts", as: "operator", body: gamma, want: 201,
			has: []string{`"credit_limit":"25.500000"`, `"balance":"0.000000"`},
			compare: func(h *house, body string) {
				var a Account
				h.must(json.Unmarshal([]byte(body), &a))
				h.id["gamma"] = a.ID
				if a.Enterprise != a.ID {
					t.Errorf("enterprise %d of itself %d", a.Enterprise, a.ID)
				}
			},
		},
		{
			name: "create a user", do: "POST /accounts", as: "operator", want: 201,
			body: `{"kind":"user","mode":"quota","name":"u","enterprise":"{gamma}","parent":"{gamma}","currency":"EUR","timezone":"UTC","allowance":"10","reset":"day"}`,
			has:  []string{`"allowance":"10.000000"`, `"available":"10.000000"`},
		},
		{name: "read only", do: "POST /accounts", as: "reader", body: gamma, want: 403, has: []string{`"code":"forbidden"`}},
		{name: "an enterprise sets no terms", do: "POST /accounts", as: "alpha admin", body: gamma, want: 403},
		{
			name: "money as number", do: "POST /accounts", as: "admin", want: 422, has: []string{"body.credit_limit"},
			body: strings.Replace(gamma, `"25.50"`, "25.50", 1),
		},
		{
			name: "too many decimals", do: "POST /accounts", as: "admin", want: 422, has: []string{"body.credit_limit"},
			body: strings.Replace(gamma, "25.50", "25.1234567", 1),
		},
		{
			name: "no such zone", do: "POST /accounts", as: "admin", want: 422, has: []string{"time zone"},
			body: strings.Replace(gamma, "Europe/Berlin", "Europe/Bonn", 1),
		},
		{
			name: "misspelt field", do: "POST /accounts", as: "admin", want: 422, has: []string{"tarif"},
			body: strings.Replace(gamma, `"kind"`, `"tarif":"1","kind"`, 1),
		},
		{name: "no JSON", do: "POST /accounts", as: "admin", body: "{", want: 400},
		{
			name: "taken code", do: "POST /accounts", as: "admin", want: 409, hasNot: []string{"UNIQUE", "constraint"},
			body: `{"kind":"user","mode":"parent","name":"u2","enterprise":"{alpha}","parent":"{alpha}","currency":"EUR","timezone":"UTC","code":"alpha-code"}`,
		},
	})
	h.changeAccounts(gamma)
}

// changeAccounts goes on with the account that TestAccounts made.
func (h *house) changeAccounts(gamma string) {
	h.run([]scenario{
		{
			name: "change", do: "PUT /accounts/{gamma}", as: "operator", want: 200, has: []string{`"name":"Gamma AG"`, `"mode":"postpaid"`, `"credit_limit":"0.000000"`},
			body: `{"kind":"enterprise","mode":"postpaid","name":"Gamma AG","currency":"EUR","timezone":"UTC"}`,
		},
		{
			name: "another currency", do: "PUT /accounts/{gamma}", as: "operator", want: 409,
			body: `{"kind":"enterprise","mode":"postpaid","name":"Gamma AG","currency":"USD","timezone":"UTC"}`,
		},
		{name: "change nothing there", do: "PUT /accounts/1", as: "operator", body: gamma, want: 404},
		{name: "freeze", do: "POST /accounts/{gamma}/freeze", as: "operator", want: 200, has: []string{`"frozen":true`, `"name":"Gamma AG"`}},
		{name: "unfreeze", do: "POST /accounts/{gamma}/unfreeze", as: "operator", want: 200, has: []string{`"frozen":false`}},
		{name: "an enterprise freezes its user", do: "POST /accounts/{alpha user}/freeze", as: "alpha operator", want: 200, has: []string{`"frozen":true`}},
		{name: "but not itself", do: "POST /accounts/{alpha}/unfreeze", as: "alpha admin", want: 403},
		{name: "nor another's", do: "POST /accounts/{beta user}/freeze", as: "alpha admin", want: 404},
	})
	log, err := h.db.OperationLog(h.Context(), store.Everything, store.Paging{})
	h.must(err)
	if got := log.Items[0]; got.Action != "freeze account" || !strings.HasPrefix(got.Actor, "token operator-") ||
		got.Address != "127.0.0.1" {
		h.Errorf("the operation log ends with %+v", got)
	}
}

func TestTransfers(t *testing.T) {
	h := newHouse(t)
	key := func(name string) map[string]string { return map[string]string{"Idempotency-Key": name} }
	pay := func(kind, amount string) string {
		return `{"kind":"` + kind + `","amount":"` + amount + `","note":"cash"}`
	}
	const path = "POST /accounts/{alpha user}/transfers"
	var first Transfer
	h.run([]scenario{
		{
			name: "recharge", do: path, as: "operator", header: key("payment 1"), body: pay("recharge", "5.25"), want: 201,
			has:     []string{`"amount":"5.250000"`, `"currency":"EUR"`, `"kind":"recharge"`, `"note":"cash"`},
			compare: func(h *house, body string) { h.must(json.Unmarshal([]byte(body), &first)) },
		},
		{
			name: "the same again", do: path, as: "operator", header: key("payment 1"), body: pay("recharge", "5.25"), want: 201,
			compare: func(h *house, body string) {
				var again Transfer
				h.must(json.Unmarshal([]byte(body), &again))
				if again != first {
					t.Errorf("answered %+v, the first time %+v", again, first)
				}
			},
		},
		{
			name: "the same key for something else", do: path, as: "operator",
			header: key("payment 1"), body: pay("recharge", "6"),
			want: 409,
		},
		{name: "balance", do: "GET /accounts/{alpha user}", as: "reader", want: 200, has: []string{`"balance":"15.050000"`}},
		{
			name: "correct downwards", do: path, as: "admin", header: key("correction 1"), body: pay("correction", "-0.05"),
			want: 201,
			has:  []string{`"amount":"0.050000"`, `"debit":"{alpha user}"`},
		},
		{
			name: "recharge less than nothing", do: path, as: "admin", header: key("payment 2"), body: pay("recharge", "-1"),
			want: 422,
		},
		{
			name: "without a key", do: path, as: "admin", body: pay("recharge", "1"),
			want: 422, has: []string{"Idempotency-Key"},
		},
		{name: "a charge", do: path, as: "admin", header: key("payment 3"), body: pay("charge", "1"), want: 422},
		{name: "too much", do: path, as: "admin", header: key("payment 4"), body: pay("recharge", "99999999999"), want: 422},
		{
			name: "by an enterprise for itself", do: path, as: "alpha admin",
			header: key("payment 5"), body: pay("recharge", "1"),
			want: 403,
		},
		{
			name: "no such account", do: "POST /accounts/1/transfers", as: "admin",
			header: key("payment 6"), body: pay("recharge", "1"),
			want: 404,
		},
		{
			name: "list", do: "GET /accounts/{alpha user}/transfers", as: "alpha reader", want: 200,
			has: []string{`"kind":"charge"`, `"cdr":"{alpha call}"`, `"kind":"correction"`, `"by":"token admin-0"`},
		},
		{name: "list, a page", do: "GET /accounts/{alpha user}/transfers?limit=1", as: "alpha reader", want: 200, has: []string{`"next":"`}},
		{name: "list another's", do: "GET /accounts/{beta user}/transfers", as: "alpha reader", want: 404},
	})
	report, err := h.book.Audit(t.Context())
	h.must(err)
	if len(report.Findings) > 0 {
		t.Errorf("the books: %v", report.Findings)
	}
}
