package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/store"
)

func TestRecords(t *testing.T) {
	h := newHouse(t)
	const path = "POST /devices/alpha-pbx/records"
	const device = "alpha:" + devicePassword
	const call = `{"unique_id":"r.1","start":"2026-03-04 13:00:00","answer":"2026-03-04T12:00:03Z","duration":61.24,
		"extension":"101","dialed":"0301234567","trunk":"PJSIP/alpha","cause":16,"private":false,"leg":null}`
	h.run([]scenario{
		{
			name: "one, by the device", do: path, as: device, body: call, want: 200,
			has: []string{`"stored":1`, `"unique_id":"r.1"`, `"outcome":"stored"`, `"cdr":"`},
		},
		{name: "again", do: path, as: device, body: "[" + call + "]", want: 200, has: []string{`"duplicate":1`, `"outcome":"duplicate"`}},
		{
			name: "is in the books", do: "GET /cdrs?device=alpha-pbx", as: "alpha reader", want: 200,
			has: []string{`"unique_id":"r.1"`, `"source":"http"`, `"duration_ms":61240`, `"start":"2026-03-04T12:00:00Z"`, `"amount":"0.200000"`},
		},
		{
			name: "good, bad and odd, each by itself", do: path, as: device, want: 200,
			body: `[{"unique_id":"r.2","start":"2026-03-04T12:00:00Z","duration":"0","dialed":"0301"},
				{"unique_id":"r.3","start":"yesterday","duration":1,"dialed":"0301"},
				{"unique_id":"r.4","start":"2026-03-04T12:00:00Z","answer":"2026-03-04T12:00:00Z",
					"end":"2026-03-04T11:00:00Z","dialed":"0301"},
				{"unique_id":"r.5","start":"2026-03-04T12:00:00Z","dialed":"0301","colour":"red"},
				{"unique_id":"r.2","start":"2026-03-04T12:00:00Z","duration":"0","dialed":"0301"}]`,
			has: []string{
				`"stored":1,"duplicate":1,"quarantined":1,"rejected":2`,
				`{"unique_id":"r.3","outcome":"rejected","column":"start","value":"yesterday","reason":"want`,
				`{"unique_id":"r.5","outcome":"rejected","column":"colour","value":"red","reason":"unknown`,
				`{"unique_id":"r.4","outcome":"quarantined","reason":"`,
			},
		},
		{
			name: "CSV of something else", do: path, as: device,
			header: map[string]string{"Content-Type": "text/csv"}, body: "a,b\n1,2\n",
			want: 422, has: []string{"unique_id"},
		},
		{
			name: "by its enterprise", do: path, as: "alpha admin", body: call,
			want: 403, has: []string{"account and password of the device"},
		},
		{name: "by a token of the house", do: path, as: "admin", body: call, want: 200, has: []string{`"duplicate":1`}},
		{name: "by a reader", do: path, as: "alpha reader", body: call, want: 403},
		{name: "by another device", do: path, as: "beta:" + devicePassword, body: call, want: 403, hasNot: []string{"argon"}},
		{name: "wrong password", do: path, as: "alpha:guess", body: call, want: 401},
		{name: "unknown account", do: path, as: "gamma:" + devicePassword, body: call, want: 401},
		{name: "a device knows nothing else", do: "GET /cdrs", as: device, want: 401},
		{name: "nothing", do: path, as: device, body: "[]", want: 200, has: []string{`"stored":0`, `"items":[]`}},
		{name: "no body", do: path, as: device, want: 400},
		{name: "no JSON", do: path, as: device, body: `{"unique_id":`, want: 400},
		{name: "text behind", do: path, as: device, body: `[] []`, want: 400},
		{name: "lists inside", do: path, as: device, body: `[{"unique_id":["r"]}]`, want: 400, has: []string{"unique_id"}},
		{name: "one number", do: path, as: device, body: `7`, want: 400},
		{
			name: "too many", do: path, as: device, body: "[" + strings.Repeat("{},", recordsMax) + "{}]",
			want: 422, has: []string{"10000"},
		},
		{
			name: "too many lines", do: path, as: device, header: map[string]string{"Content-Type": "text/csv"},
			body: "unique_id,start,dialed\n" + strings.Repeat("\n", recordsMax+1), want: 422, has: []string{"10000"},
		},
		{name: "too large", do: path, as: device, body: strings.Repeat(" ", recordBytesMax), want: 413},
	})
}

// TestRecordSheets delivers calls as CSV: each line that is not stored says why.
func TestRecordSheets(t *testing.T) {
	h := newHouse(t)
	const path = "POST /devices/alpha-pbx/records"
	const device = "alpha:" + devicePassword
	h.run([]scenario{
		{
			name: "CSV", do: path, as: device, header: map[string]string{"Content-Type": "text/csv"}, want: 200,
			body: "unique_id,start,duration,dialed\nr.6,2026-03-04 13:00:00,10,0301\n" +
				"r.6,2026-03-04 13:00:00,10,0301\nr.7,x,1,1\n",
			has: []string{
				`"stored":1,"duplicate":1,"quarantined":0,"rejected":1`,
				`{"unique_id":"r.7","outcome":"rejected","line":4,"column":"start","value":"x","reason":"want `,
			},
		},
		{
			name: "CSV with an odd call and a line too short", do: path, as: device,
			header: map[string]string{"Content-Type": "text/csv"}, want: 200,
			body: "unique_id,start,answer,end,dialed\n" +
				"r.8,2026-03-04 13:00:00,2026-03-04 13:00:00,2026-03-04 12:00:00,0301\nr.9,x\n,x,,,1\n",
			has: []string{
				`"stored":0,"duplicate":0,"quarantined":1,"rejected":2`,
				`{"unique_id":"r.8","outcome":"quarantined","line":2,"reason":"`,
				`{"outcome":"rejected","line":3,"value":"r.9,x","reason":"`,
				`{"outcome":"rejected","line":4,"column":"unique_id","reason":"`,
			},
		},
	})
}

// TestRecordsFull delivers as many calls as may come at once.
func TestRecordsFull(t *testing.T) {
	h := newHouse(t)
	calls := make([]map[string]any, recordsMax)
	for i := range calls {
		calls[i] = map[string]any{
			"unique_id": fmt.Sprint("full.", i), "start": "2026-03-04T12:00:00Z", "duration": 61, "dialed": "0301234567",
			"extension": "101", "trunk": "PJSIP/alpha",
		}
	}
	body, err := json.Marshal(calls)
	h.must(err)
	h.run([]scenario{{
		name: "deliver", do: "POST /devices/alpha-pbx/records", as: "alpha:" + devicePassword, body: string(body), want: 200,
		has: []string{`"stored":10000,"duplicate":0`},
	}})
	totals, err := h.db.Totals(t.Context(), store.Scope(h.id["alpha"]), store.CDRFilter{})
	h.must(err)
	if want := int64(recordsMax+1) * 200_000; len(totals.Charged) != 1 || totals.Charged[0].Micro != want {
		t.Errorf("charged %+v, want %d", totals.Charged, want)
	}
}

func TestQuarantine(t *testing.T) {
	h := newHouse(t)
	h.run([]scenario{
		{
			name: "all", do: "GET /quarantine", as: "reader", want: 200,
			has: []string{`"id":"{alpha broken}"`, `"reason":"`, `"unique_id":"beta.broken"`, `"dialed":"0301234567"`}, hasNot: []string{"raw"},
		},
		{name: "is the house's", do: "GET /quarantine", as: "alpha admin", want: 403},
		{name: "replay what is still broken", do: "POST /quarantine/replay", as: "operator", body: `{"ids":["{alpha broken}"]}`, want: 200, has: []string{`"outcome":"quarantined"`}},
		{name: "it is still there", do: "GET /quarantine", as: "reader", want: 200, has: []string{"alpha.broken"}},
		{name: "replay nothing", do: "POST /quarantine/replay", as: "operator", body: `{"ids":[]}`, want: 422},
		{name: "replay what is not there", do: "POST /quarantine/replay", as: "operator", body: `{"ids":["1"]}`, want: 404},
		{name: "ids are text", do: "POST /quarantine/replay", as: "operator", body: `{"ids":[1]}`, want: 422},
		{name: "read only", do: "POST /quarantine/replay", as: "reader", body: `{"ids":["{alpha broken}"]}`, want: 403},
	})
}

// FuzzReadCalls gives whatever a device may send to what reads it.
func FuzzReadCalls(f *testing.F) {
	f.Add(`[{"unique_id":"r.1","start":"2026-03-04T12:00:00Z","duration":61.24,"dialed":"0301","private":true}]`)
	f.Add(`{"unique_id":7,"leg":null}`)
	f.Add(`[[]]`)
	m := batch.RecordImport{Device: 1, Source: tollgate.SourceHTTP, Zone: time.UTC}
	f.Fuzz(func(t *testing.T, body string) {
		var calls []batch.Fields
		if err := readCalls([]byte(body), func(c *batch.Fields) { calls = append(calls, *c) }); err != nil {
			return
		}
		for _, fields := range calls {
			record, reject := m.Record(fields)
			if reject == nil && (record.Call.UniqueID == "" || record.Start.IsZero()) {
				t.Errorf("%q was taken as %+v", fields, record)
			}
		}
	})
}
