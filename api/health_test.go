package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

func TestHealth(t *testing.T) {
	h := newHouse(t)
	pbx := tollgate.Device{
		Name: "hq", Kind: tollgate.DeviceAsterisk, Timezone: "UTC", Enabled: true,
		Asterisk: tollgate.AMISettings{Address: "127.0.0.1:5038"},
	}
	h.change(func(c *store.Change) error { return c.PutDevice(&pbx, "") })
	up := tollgate.DeviceStatus{Device: pbx.ID, Connected: true, Version: "Asterisk 22.1.0", Calls: 3, Records: 17}
	h.states = []tollgate.DeviceStatus{up}
	asJSON := map[string]string{"Accept": contentJSON}
	h.run([]scenario{
		{name: "well", do: "GET /health", as: "reader", want: 200, has: []string{
			`"version":"1.2.3"`, `"healthy":true`, `{"name":"database","state":"running","detail":"sqlite"}`,
			`{"name":"device hq","state":"running","detail":"Asterisk 22.1.0, 3 calls in progress"}`, "2 records wait",
		}, hasNot: []string{"alpha-pbx"}},
		{name: "is the house's", do: "GET /health", as: "alpha admin", want: 403},
		{name: "plain", do: "GET /healthz", want: 200, has: []string{"running\n"}},
		{
			name: "to the machine itself", do: "GET /healthz", header: asJSON, want: 200,
			has: []string{`{"name":"device hq","state":"running"}`}, hasNot: []string{"Asterisk", "sqlite"},
		},
		{
			name: "through a proxy on it", do: "GET /healthz", want: 200,
			header: map[string]string{"Accept": contentJSON, "X-Forwarded-For": "192.0.2.1"}, hasNot: []string{"hq"},
		},
		{name: "metrics need a token", do: "GET /metrics", want: 401},
		{name: "of the house", do: "GET /metrics", as: "alpha admin", want: 403},
		{name: "metrics", do: "GET /metrics", as: "reader", want: 200, has: []string{
			`tollgate_build_info{version="1.2.3"} 1`, `tollgate_records_total{outcome="stored"} 2`,
			`tollgate_records_total{outcome="quarantined"} 2`, "tollgate_quarantine_records 2",
			`tollgate_device_connected{device="hq"} 1`, `tollgate_device_calls{device="hq"} 3`,
			`tollgate_device_records_total{device="hq"} 17`, "tollgate_commit_rows_sum 6",
			"tollgate_commit_seconds_count 4", `tollgate_http_request_seconds_count{operation="health",status="200"} 1`,
			"go_goroutines", `operation="health",status="403"`,
		}},
	})
	h.states = []tollgate.DeviceStatus{{Device: pbx.ID, Problem: "connection refused"}}
	h.run([]scenario{
		{name: "not connected", do: "GET /health", as: "reader", want: 200, has: []string{
			`"healthy":false`, `{"name":"device hq","state":"failed","detail":"connection refused"}`,
		}},
		{name: "metrics of it", do: "GET /metrics", as: "reader", want: 200, has: []string{`tollgate_device_connected{device="hq"} 0`}},
	})
	h.states = nil
	h.run([]scenario{{name: "not followed", do: "GET /health", as: "reader", want: 200, has: []string{`"state":"failed","detail":"is not followed"`}}})
	pbx.Enabled = false
	h.change(func(c *store.Change) error { return c.PutDevice(&pbx, "") })
	h.run([]scenario{{name: "disabled", do: "GET /health", as: "reader", want: 200, has: []string{`"healthy":true`, `"state":"off"`}}})
}

func TestLocal(t *testing.T) {
	tests := []struct {
		peer, header string
		want         bool
	}{
		{"127.0.0.1:1234", "", true},
		{"[::1]:1234", "", true},
		{"192.0.2.1:1234", "", false},
		{"127.0.0.1:1234", "X-Forwarded-For", false},
		{"127.0.0.1:1234", "Via", false},
		{"pipe", "", false},
	}
	for _, test := range tests {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{}}
		if test.header != "" {
			r.Header.Set(test.header, "x")
		}
		if got := local(r); got != test.want {
			t.Errorf("from %s with %q: %v, want %v", test.peer, test.header, got, test.want)
		}
	}
}

func TestWithoutDatabase(t *testing.T) {
	db, err := store.Open(t.Context(), storetest.SQLite(t), store.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouseOn(t, db)
	h.must(h.db.Close())
	response, body := h.ask(scenario{do: "GET /healthz"})
	if response.StatusCode != http.StatusServiceUnavailable || body != "failed\n" {
		t.Errorf("without a database: %s %q", response.Status, body)
	}
	response, body = h.ask(scenario{do: "GET /cdrs", as: "reader"})
	if response.StatusCode != http.StatusInternalServerError {
		t.Errorf("without a database: %s", response.Status)
	}
	checkProblem(t, response, body)
	for _, secret := range []string{"sql", "closed", "database"} {
		if strings.Contains(body, secret) {
			t.Errorf("a fault of ours is told to the caller: %s", body)
		}
	}
}
