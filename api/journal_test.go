package api

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/tail"
	"tollgate/store"
)

// TestJournal pushes a journal into real files.
func TestJournal(t *testing.T) {
	h := newHouse(t)
	hash, err := deviceHash()
	h.must(err)
	for name, file := range map[string]string{"pushing": "", "reading": "/var/log/cel.csv"} {
		d := tollgate.Device{
			Enterprise: h.id["alpha"], Name: name, Account: name, Kind: tollgate.DeviceAsterisk, Timezone: "UTC", Enabled: true,
			Asterisk: tollgate.AMISettings{Address: "127.0.0.1:5038", CELFile: file},
			Plan:     tollgate.DialingPlan{Country: "DE"},
		}
		h.change(func(c *store.Change) error { return c.PutDevice(&d, hash) })
		h.id[name] = d.ID
	}
	const path = "POST /devices/pushing/journal"
	const device = "pushing:" + devicePassword
	csv := map[string]string{"Content-Type": "text/csv; charset=utf-8"}
	h.run([]scenario{{
		name: "nowhere to", do: path, as: device, header: csv, body: "a\n", want: 503, has: []string{"--journals DIR"},
	}})
	dir := filepath.Join(t.TempDir(), "journals")
	files := tail.NewSpool(dir, time.Now)
	h.server.Journal = func(_ context.Context, d tollgate.ID, rows []byte) error { return files.Append(d, rows) }
	h.run([]scenario{
		{name: "rows", do: path, as: device, header: csv, body: "a\nb\n", want: 200, has: []string{`"rows":2`}},
		{name: "the same again", do: path, as: device, header: csv, body: "a\nb\n", want: 200, has: []string{`"rows":2`}},
		{name: "by a token of the house", do: path, as: "operator", header: csv, body: "c\n", want: 200},
		{name: "half a line", do: path, as: device, header: csv, body: "d\ne", want: 422, has: []string{"whole lines"}},
		{name: "nothing", do: path, as: device, header: csv, want: 400},
		{name: "no CSV", do: path, as: device, body: "[]", want: 415, has: []string{"text/csv"}},
		{name: "too large", do: path, as: device, header: csv, body: strings.Repeat("\n", journalBytesMax+1), want: 413},
		{name: "by a reader", do: path, as: "alpha reader", header: csv, body: "f\n", want: 403},
		{name: "by its enterprise", do: path, as: "alpha admin", header: csv, body: "f\n", want: 403},
		{name: "by another device", do: path, as: "beta:" + devicePassword, header: csv, body: "f\n", want: 403},
		{name: "wrong password", do: path, as: "pushing:guess", header: csv, body: "f\n", want: 401},
		{
			name: "has a path", do: "POST /devices/reading/journal", as: "operator", header: csv, body: "f\n",
			want: 409, has: []string{"cel_file"},
		},
		{
			name: "no Asterisk", do: "POST /devices/alpha-pbx/journal", as: "alpha:" + devicePassword, header: csv,
			body: "f\n", want: 422,
		},
	})
	text, err := os.ReadFile(files.Path(h.id["pushing"]))
	h.must(err)
	if string(text) != "a\nb\nc\n" {
		t.Errorf("kept %q", text)
	}
}
