package api

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"tollgate"
)

// exchange answers as it is told to and remembers what it was asked. Finished
// calls go to the real office.
type exchange struct {
	tollgate.Finisher
	grant    tollgate.Grant
	err      error
	attempt  tollgate.Attempt
	call     tollgate.CallID
	answered time.Time
	used     time.Duration
	finished tollgate.Record
}

func (e *exchange) Authorize(_ context.Context, a tollgate.Attempt) (tollgate.Grant, error) {
	e.attempt = a
	return e.grant, e.err
}

func (e *exchange) Answer(_ context.Context, call tollgate.CallID, at time.Time) error {
	e.call, e.answered = call, at
	return e.err
}

func (e *exchange) Renew(_ context.Context, call tollgate.CallID, used time.Duration) (tollgate.Grant, error) {
	e.call, e.used = call, used
	return e.grant, e.err
}

func (e *exchange) Advise(context.Context, tollgate.CallID, tollgate.AOC) error { return e.err }

func (e *exchange) Finish(ctx context.Context, records []tollgate.Record) ([]tollgate.Result, error) {
	e.finished = records[0]
	return e.Finisher.Finish(ctx, records)
}

func newExchange(t *testing.T) (*house, *exchange) {
	t.Helper()
	h := newHouse(t)
	e := &exchange{Finisher: h.office}
	h.server.Calls = e
	return h, e
}

func TestAuthorizeCall(t *testing.T) {
	h, e := newExchange(t)
	const alpha = "alpha:" + devicePassword
	const ask = `{"id":"a/1","extension":"101","caller":"030555","dialed":"0301234567","trunk":"PJSIP/alpha",
		"account_code":"7","private":true,"variables":{"project":"x"}}`
	e.grant = tollgate.Grant{
		Allowed: true, For: 60*time.Second + 999*time.Millisecond, RenewAt: 48 * time.Second, Affords: time.Hour,
		Left: tollgate.Money{Micro: 1_500_000, Currency: "EUR"},
	}
	h.run([]scenario{{
		name: "allowed", do: "POST /calls", as: alpha, body: ask, want: 200,
		has: []string{
			`"id":"a/1"`, `"allowed":true`, `"seconds":60`, `"renew_at":48`, `"final":false`, `"affords":3600`,
			`"left":"1.500000"`, `"currency":"EUR"`,
		},
		hasNot: []string{"action", "cause", "code"},
	}})
	a := e.attempt
	if a.Call != (tollgate.CallID{Device: h.id["alpha-pbx"], UniqueID: "a/1"}) || a.Extension != "101" ||
		a.Caller != "030555" ||
		a.Dialed != "0301234567" || a.Trunk != "PJSIP/alpha" || a.AccountCode != "7" || !a.Private || a.At.IsZero() ||
		!maps.Equal(a.Variables, map[string]string{"project": "x"}) {
		t.Errorf("asked %+v", a)
	}
	h.run([]scenario{
		{name: "of the enterprise", do: "POST /calls", as: "alpha operator", body: `{"id":"1","device":"alpha-pbx","dialed":"1"}`, want: 403},
		{name: "of the house", do: "POST /calls", as: "operator", body: `{"id":"1","device":"shared","dialed":"1"}`, want: 200},
		{name: "a token without device", do: "POST /calls", as: "operator", body: `{"id":"1","dialed":"1"}`, want: 422, has: []string{"device"}},
		{name: "a reader", do: "POST /calls", as: "reader", body: `{"id":"1","device":"shared","dialed":"1"}`, want: 403},
		{name: "another device", do: "POST /calls", as: alpha, body: `{"id":"1","device":"beta-pbx","dialed":"1"}`, want: 403},
		{name: "wrong password", do: "POST /calls", as: "alpha:wrong", body: ask, want: 401},
		{name: "no id", do: "POST /calls", as: alpha, body: `{"dialed":"1"}`, want: 422, has: []string{"id"}},
		{name: "misspelt", do: "POST /calls", as: alpha, body: `{"id":"1","dialed":"1","extnsion":"101"}`, want: 422, has: []string{"extnsion"}},
		{name: "no JSON", do: "POST /calls", as: alpha, body: `id=1`, want: 400},
		{
			name: "long variable", do: "POST /calls", as: alpha, want: 422,
			body: `{"id":"1","dialed":"1","variables":{"x":"` + strings.Repeat("x", 1001) + `"}}`, has: []string{"1000 of value"},
		},
	})
}

func TestCallAnswers(t *testing.T) {
	h, e := newExchange(t)
	const ask = `{"id":"1","dialed":"1"}`
	tests := []struct {
		name        string
		grant       tollgate.Grant
		has, hasNot string
	}{
		{
			"refused",
			tollgate.Grant{Code: tollgate.CodeNoCredit, Reason: "the credit is used up"},
			`"allowed":false,"unlimited":false,"seconds":0,"renew_at":0,"final":false,"action":"hangup","cause":21`, "left",
		},
		{
			"refused by rule",
			tollgate.Grant{Then: tollgate.Action{Kind: tollgate.ActionTransfer, Target: "900"}},
			`"action":"transfer","cause":21,"target":"900"`, "sound",
		},
		{
			"unlimited",
			tollgate.Grant{Allowed: true, Unlimited: true, For: time.Hour},
			`"unlimited":true,"seconds":0,"renew_at":0`, "action",
		},
		{
			"final",
			tollgate.Grant{Allowed: true, Final: true, For: time.Minute, Then: tollgate.Action{
				Kind: tollgate.ActionAnnounce, Sound: "goodbye", Cause: 31,
			}},
			`"seconds":60,"renew_at":0,"final":true,"action":"announce","cause":31,"sound":"goodbye"`, "code",
		},
		{
			"final, and to be asked once more",
			tollgate.Grant{Allowed: true, Final: true, For: time.Minute, RenewAt: 58 * time.Second},
			`"seconds":60,"renew_at":58,"final":true`, "code",
		},
		{
			"final, and was asked once more",
			tollgate.Grant{Allowed: true, Final: true, For: time.Minute, RenewAt: time.Minute},
			`"seconds":60,"renew_at":0,"final":true`, "code",
		},
		{"a moment", tollgate.Grant{Allowed: true, Final: true, For: time.Millisecond}, `"seconds":1`, "left"},
	}
	for _, test := range tests {
		e.grant = test.grant
		h.run([]scenario{{
			name: test.name, do: "POST /calls", as: "alpha:" + devicePassword, body: ask, want: 200,
			has: []string{test.has}, hasNot: []string{test.hasNot},
		}})
	}
	e.err = tollgate.Errorf(tollgate.CodeUnavailable, "the books are closed")
	h.run([]scenario{
		{name: "nobody can decide", do: "POST /calls", as: "alpha:" + devicePassword, body: ask, want: 503},
		{
			name: "counted", do: "GET /metrics", as: "reader", want: 200, has: []string{
				`tollgate_api_authorizations_total{answer="allowed"} 5`,
				`tollgate_api_authorizations_total{answer="no_credit"} 2`, "tollgate_live_calls 0",
			},
		},
	})
}

func TestCallGoesOn(t *testing.T) {
	h, e := newExchange(t)
	const alpha = "alpha:" + devicePassword
	id := tollgate.CallID{Device: h.id["alpha-pbx"], UniqueID: "a/1@x"}
	h.run([]scenario{
		{name: "answered", do: "PUT /calls/a%2F1@x/answer", as: alpha, body: `{"at":"2026-03-04T12:00:00Z"}`, want: 204},
	})
	if e.call != id || !e.answered.Equal(noon) {
		t.Errorf("%v answered %s", e.call, e.answered)
	}
	h.run([]scenario{{name: "now", do: "PUT /calls/a%2F1@x/answer?device=alpha-pbx", as: "operator", want: 204}})
	if time.Since(e.answered) > time.Minute {
		t.Errorf("answered %s", e.answered)
	}
	e.grant = tollgate.Grant{Allowed: true, Final: true, For: 2 * time.Minute}
	h.run([]scenario{{
		name: "renewed", do: "PUT /calls/a%2F1@x/renew", as: alpha, body: `{"used":"48.25"}`, want: 200,
		has: []string{`"id":"a/1@x"`, `"seconds":120`, `"final":true`, `"action":"hangup","cause":16`},
	}})
	if e.call != id || e.used != 48250*time.Millisecond {
		t.Errorf("%v used %s", e.call, e.used)
	}
	h.run([]scenario{
		{
			name: "by POST", do: "POST /calls/a%2F1@x/renew", as: alpha, body: `{"used":1}`,
			want: 200, has: []string{`"id":"a/1@x"`},
		},
		{name: "a number", do: "PUT /calls/1/renew", as: alpha, body: `{"used":48.25}`, want: 200},
		{name: "backwards", do: "PUT /calls/1/renew", as: alpha, body: `{"used":"-1"}`, want: 422},
		{name: "for ever", do: "PUT /calls/1/renew", as: alpha, body: `{"used":1e99}`, want: 422},
		{name: "a token without device", do: "PUT /calls/1/renew", as: "operator", body: `{"used":1}`, want: 422},
		{name: "of the enterprise", do: "PUT /calls/1/renew?device=alpha-pbx", as: "alpha operator", body: `{"used":1}`, want: 403},
	})
	e.err = tollgate.Errorf(tollgate.CodeNotFound, "nothing is known of the call")
	h.run([]scenario{{name: "unknown", do: "PUT /calls/1/renew", as: alpha, body: `{"used":1}`, want: 404}})
}

func TestCallFinishes(t *testing.T) {
	h, e := newExchange(t)
	const alpha = "alpha:" + devicePassword
	const over = `{"start":"2026-03-04T12:00:00Z","answer":1772625605.5,"duration":"61.2","extension":"101",
		"dialed":"0301234567","trunk":"PJSIP/alpha","cause":16}`
	h.run([]scenario{{
		name: "finish", do: "PUT /calls/a%2F1/finish", as: alpha, body: over, want: 200,
		has: []string{`"unique_id":"a/1"`, `"outcome":"stored"`, `"cdr":"`},
	}})
	r := e.finished
	if r.Attempt != "a/1" || r.Call != (tollgate.CallID{Device: h.id["alpha-pbx"], UniqueID: "a/1"}) ||
		r.Duration() != 61200*time.Millisecond || r.Source != tollgate.SourceHTTP {
		t.Errorf("finished %+v", r)
	}
	h.run([]scenario{
		{name: "again", do: "PUT /calls/a%2F1/finish", as: alpha, body: over, want: 200, has: []string{`"duplicate"`}},
		{name: "is there", do: "GET /cdrs", as: "alpha reader", want: 200, has: []string{`"unique_id":"a/1"`}},
		{name: "its name", do: "PUT /calls/2/finish", as: alpha, body: strings.Replace(over, "{", `{"unique_id":"2",`, 1), want: 200},
		{name: "another's name", do: "PUT /calls/2/finish", as: alpha, body: strings.Replace(over, "{", `{"unique_id":"3",`, 1), want: 422},
		{name: "no start", do: "PUT /calls/2/finish", as: alpha, body: `{"dialed":"1","duration":1}`, want: 422, has: []string{"start"}},
		{name: "a list", do: "PUT /calls/2/finish", as: alpha, body: "[" + over + "]", want: 400},
		{name: "two", do: "PUT /calls/2/finish", as: alpha, body: over + "," + over, want: 422},
		{name: "no object", do: "PUT /calls/2/finish", as: alpha, body: "{", want: 400},
		{
			name: "cannot be understood", do: "PUT /calls/4/finish", as: alpha, want: 200, has: []string{`"quarantined"`, "reason"},
			body: `{"start":"2026-03-04T12:00:00Z","answer":"2026-03-04T12:00:05Z","end":"2026-03-04T11:00:00Z","dialed":"1"}`,
		},
	})
}

// TestRefusedCalls: everybody sees those of their own company.
func TestRefusedCalls(t *testing.T) {
	h := newHouse(t)
	const ask = `{"id":"a/1","extension":"nobody","dialed":"nowhere"}`
	h.run([]scenario{
		{name: "refused", do: "POST /calls", as: "alpha:" + devicePassword, body: ask, want: 200, has: []string{`"allowed":false`}},
		{
			name: "why", do: "GET /refusals", as: "alpha reader", want: 200,
			has: []string{`"id":"a/1","device":"alpha-pbx"`, `"extension":"nobody"`, `"number":"nowhere"`, `"reason":"`},
		},
		{name: "of the house", do: "GET /refusals", as: "operator", want: 200, has: []string{`"id":"a/1"`}},
		{name: "another's", do: "GET /refusals", as: "beta reader", want: 200, hasNot: []string{"a/1"}},
		{name: "nobody", do: "GET /refusals", want: 401},
	})
}

func TestLiveCalls(t *testing.T) {
	h := newHouse(t)
	var ended []tollgate.CallID
	h.server.Live = func(owner tollgate.ID) []tollgate.LiveCall {
		call := func(enterprise, device, id string, leg int) tollgate.LiveCall {
			return tollgate.LiveCall{
				Enterprise: h.id[enterprise], Call: tollgate.CallID{Device: h.id[device], UniqueID: id, Leg: leg},
				Number:  tollgate.Number{E164: "493012345678", Private: enterprise == "beta"},
				Started: noon, Answered: noon, Granted: 90 * time.Second, Affords: 20 * time.Minute,
				Currency: "EUR", Price: 100_000, Reserved: 200_000, Left: 300_000, Cancellable: id != "fixed",
			}
		}
		all := []tollgate.LiveCall{
			call("alpha", "alpha-pbx", "17.1#1", 0), call("alpha", "alpha-pbx", "17.1#1", 1),
			call("beta", "beta-pbx", "b.1", 0), call("alpha", "alpha-pbx", "fixed", 0),
			call("alpha", "alpha-pbx", "same", 0), call("beta", "beta-pbx", "same", 0),
		}
		var seen []tollgate.LiveCall
		for _, c := range all {
			if owner == 0 || c.Enterprise == owner {
				seen = append(seen, c)
			}
		}
		return seen
	}
	h.run([]scenario{
		{
			name: "own", do: "GET /calls", as: "alpha reader", want: 200, hasNot: []string{"beta"},
			has: []string{`"id":"17.1#1","device":"alpha-pbx"`, `"price":"0.100000"`, `"seconds":90,"affords":1200`, "493012345678"},
		},
		{name: "private", do: "GET /calls", as: "beta reader", want: 200, has: []string{`"49301234XXXX"`}, hasNot: []string{"5678"}},
		{name: "nobody to end it", do: "DELETE /calls/17.1%231", as: "alpha operator", want: 409},
	})
	h.server.Cancel = func(_ context.Context, call tollgate.CallID, cause tollgate.Cause) error {
		if cause != 16 {
			t.Errorf("%v ends with cause %d", call, cause)
		}
		ended = append(ended, call)
		return nil
	}
	h.run([]scenario{
		{name: "all of its legs", do: "DELETE /calls/17.1%231", as: "alpha operator", want: 204},
		{name: "a reader", do: "DELETE /calls/17.1%231", as: "alpha reader", want: 403},
		{name: "another's", do: "DELETE /calls/b.1", as: "alpha admin", want: 404},
		{name: "none", do: "DELETE /calls/none", as: "operator", want: 404},
		{name: "cannot", do: "DELETE /calls/fixed", as: "operator", want: 409},
		{name: "whose", do: "DELETE /calls/same", as: "operator", want: 422, has: []string{"device"}},
	})
	if len(ended) != 2 || ended[1].Leg != 1 {
		t.Errorf("ended %v", ended)
	}
	h.run([]scenario{{name: "beta's", do: "DELETE /calls/same?device=beta-pbx", as: "operator", want: 204}})
	if len(ended) != 3 || ended[2].Device != h.id["beta-pbx"] {
		t.Errorf("ended %v", ended)
	}
	log, err := h.db.OperationLog(t.Context(), 0, allRows)
	h.must(err)
	if len(log.Items) < 3 || log.Items[0].Action != "hang up call" {
		t.Errorf("the log ends with %+v", log.Items[0])
	}
}
