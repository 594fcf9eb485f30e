package api

import (
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
)

func TestReservations(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"alpha", "beta"} {
		held, err := h.book.Hold(t.Context(), ledger.Hold{
			Enterprise: h.id[name], ID: h.db.NewID(), Call: tollgate.CallID{Device: h.id[name+"-pbx"], UniqueID: name + ".live"},
			Accounts: []tollgate.ID{h.id[name+" user"]}, To: 250_000, Until: time.Now().Add(time.Hour),
		})
		if err != nil || held.Refused {
			t.Fatalf("held %+v, %v", held, err)
		}
	}
	h.run([]scenario{
		{
			name: "of a user", do: "GET /accounts/{alpha user}/reservations", as: "alpha reader", want: 200,
			has: []string{`"unique_id":"alpha.live"`, `"amount":"0.250000"`}, hasNot: []string{"beta"},
		},
		{name: "of one without", do: "GET /accounts/{beta}/reservations", as: "reader", want: 200, has: []string{`"items":[]`}},
		{name: "none", do: "GET /accounts/{alpha card}/reservations", as: "reader", want: 200, has: []string{`"items":[]`}},
		{name: "another's", do: "GET /accounts/{beta user}/reservations", as: "alpha admin", want: 404},
		{name: "reserved", do: "GET /accounts/{alpha user}", as: "reader", want: 200, has: []string{`"reserved":"0.250000"`}},
	})
}

func TestUsed(t *testing.T) {
	h := newHouse(t)
	const quota = `{"kind":"user","mode":"quota","name":"alpha user","enterprise":"{alpha}","parent":"{alpha}",
		"currency":"EUR","timezone":"Europe/Berlin","allowance":"10","reset":"week","week_start":"sunday",
		"bills":"private","business":"enterprise","low_credit":"2.5"}`
	key := func(name string) map[string]string { return map[string]string{"Idempotency-Key": name} }
	const path = "POST /accounts/{alpha user}/used"
	h.run([]scenario{
		{
			name: "quota", do: "PUT /accounts/{alpha user}", as: "operator", body: quota, want: 200,
			has: []string{`"week_start":"sunday"`, `"bills":"private"`, `"business":"enterprise"`, `"low_credit":"2.500000"`},
		},
		{
			name: "what is usual", do: "GET /accounts/{beta user}", as: "reader", want: 200,
			has: []string{`"bills":"all"`, `"business":"own"`, `"low_credit":"0.000000"`},
		},
		{name: "add", do: path, as: "operator", header: key("correction 1"), body: `{"amount":"3","note":"fax"}`, want: 200, has: []string{`"used":"3.`, `"available":"7.`}},
		{name: "again", do: path, as: "operator", header: key("correction 1"), body: `{"amount":"3","note":"fax"}`, want: 200, has: []string{`"used":"3.`}},
		{name: "another with its key", do: path, as: "operator", header: key("correction 1"), body: `{"amount":"4"}`, want: 409},
		{name: "take", do: path, as: "operator", header: key("correction 2"), body: `{"amount":"-1"}`, want: 200, has: []string{`"used":"2.`}},
		{name: "nothing", do: path, as: "operator", header: key("correction 3"), body: `{"amount":"0"}`, want: 422},
		{name: "without a key", do: path, as: "operator", body: `{"amount":"1"}`, want: 422},
		{name: "by an enterprise for itself", do: path, as: "alpha admin", header: key("correction 4"), body: `{"amount":"-1"}`, want: 403},
		{name: "no account", do: "POST /accounts/1/used", as: "operator", header: key("correction 5"), body: `{"amount":"1"}`, want: 404},
	})
}
