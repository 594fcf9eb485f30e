package view

import (
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
)

func TestChangesText(t *testing.T) {
	n := NewNames(&store.Directory{
		Accounts: []tollgate.Account{{ID: 7, Enterprise: 7, Name: "Hotel"}},
		Tariffs:  []tollgate.Tariff{{ID: 8, Name: "retail"}},
	})
	told := Clockwork{Zone: time.FixedZone("", 3600)}
	for name, c := range map[string]struct{ before, after, want string }{
		"created": {
			"", `{"id":"9","name":"R","enterprise":"7","parent":"0","frozen":false,"credit_limit":2500000,"balance":0,` +
				`"created":"2025-11-20T13:42:07Z","expires":"0001-01-01T00:00:00Z","default":{"price":"0.1","per":60}}`,
			"created: – → 2025-11-20 14:42:07\ncredit_limit: – → 2.50\ndefault.per: – → 60\ndefault.price: – → 0.1\n" +
				"enterprise: – → Hotel\nname: – → R",
		},
		"changed": {
			`{"name":"R","tariff":"0","decimals":6,"peak":{"from":"08:00","weekend":null},"revision":1,"tls":true}`,
			`{"name":"R","tariff":"8","decimals":0,"peak":{"from":"","weekend":["saturday","sunday"]},"revision":2,"tls":false}`,
			"decimals: 6 → 0\npeak.from: 08:00 → –\npeak.weekend: – → saturday, sunday\ntariff: – → retail\ntls: yes → no",
		},
		"deleted":        {`{"parent":"0","tls":false}`, "", ""},
		"row is gone":    {`{"operator":"99"}`, "", "operator: 99 → –"},
		"list of many":   {"", `[{"outcome":"stored"},{"outcome":"duplicate"}]`, "1.outcome: – → stored\n2.outcome: – → duplicate"},
		"neither object": {"", `"x`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ChangesText(n, told, &store.Operation{Before: c.before, After: c.after})
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
