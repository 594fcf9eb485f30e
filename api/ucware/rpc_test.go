package ucware

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tollgate/store/storetest"
)

// The examples of the specification (JSON-RPC 2.0 §7), and what else may come.
func TestProtocol(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	const (
		prune   = `{"jsonrpc":"2.0","method":"prune","id":1}`
		pruned  = `{"jsonrpc":"2.0","id":1,"result":0}`
		parse   = `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,`
		request = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,`
	)
	for name, c := range map[string]struct{ body, want string }{
		"by position":           {`{"jsonrpc":"2.0","method":"getAllUnbilled","params":[10,0],"id":"a"}`, `{"jsonrpc":"2.0","id":"a","result":[]}`},
		"by name":               {`{"jsonrpc":"2.0","method":"getAllUnbilled","params":{"limit":10},"id":-2}`, `{"jsonrpc":"2.0","id":-2,"result":[]}`},
		"no parameters":         {prune, pruned},
		"id null is no notice":  {`{"jsonrpc":"2.0","method":"prune","id":null}`, `{"jsonrpc":"2.0","id":null,"result":0}`},
		"white space":           {"\n\t " + prune + " \n", pruned},
		"other members":         {`{"jsonrpc":"2.0","method":"prune","id":1,"extra":{"a":[1]}}`, pruned},
		"notification":          {`{"jsonrpc":"2.0","method":"prune","params":[]}`, ``},
		"unknown notification":  {`{"jsonrpc":"2.0","method":"foobar"}`, ``},
		"unknown method":        {`{"jsonrpc":"2.0","method":"foobar","id":"1"}`, `{"jsonrpc":"2.0","id":"1","error":{"code":-32601,`},
		"methods are exact":     {`{"jsonrpc":"2.0","method":"Prune","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,`},
		"members are exact":     {`{"jsonrpc":"2.0","Method":"prune","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,`},
		"no JSON":               {`{"jsonrpc":"2.0","method":"foobar,"params":"bar","baz]`, parse},
		"nothing":               {``, parse},
		"two values":            {prune + prune, parse},
		"wrong request":         {`{"jsonrpc":"2.0","method":1,"params":"bar"}`, request},
		"wrong params":          {`{"jsonrpc":"2.0","method":"prune","params":"bar"}`, request},
		"wrong id":              {`{"jsonrpc":"2.0","method":"prune","id":{}}`, request},
		"wrong version":         {`{"jsonrpc":"1.0","method":"prune","id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,`},
		"no object":             {`1`, request},
		"broken batch":          {`[{"jsonrpc":"2.0","method":"prune","id":"1"},{"jsonrpc":"2.0","method"`, parse},
		"empty batch":           {`[]`, request},
		"batch of one wrong":    {`[1]`, `[` + request},
		"batch of notices":      {`[{"jsonrpc":"2.0","method":"prune"},{"jsonrpc":"2.0","method":"purge"}]`, ``},
		"batch":                 {`[` + prune + `,{"jsonrpc":"2.0","method":"prune"},` + prune + `]`, `[` + pruned + `,` + pruned + `]`},
		"batch that is long":    {`[` + strings.Repeat(prune+",", batchMax) + prune + `]`, request},
		"deep":                  {`{"jsonrpc":"2.0","method":"prune","id":1,"params":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, request},
		"brackets in a text":    {`{"jsonrpc":"2.0","method":"prune","id":"` + strings.Repeat("[", 40) + `\"{"}`, `{"jsonrpc":"2.0","id":"`},
		"an object as id":       {`{"jsonrpc":"2.0","method":"prune","id":[1]}`, request},
		"many members":          {`{` + strings.Repeat(`"a":1,`, 40) + `"jsonrpc":"2.0","method":"prune","id":1}`, request},
		"too many parameters":   {`{"jsonrpc":"2.0","method":"prune","params":[1],"id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,`},
		"a parameter not known": {`{"jsonrpc":"2.0","method":"prune","params":{"a":1},"id":1}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,`},
	} {
		status, got := s.post("/api/2/admin/billing/", s.token["house"], c.body)
		whole := strings.HasSuffix(c.want, "}") || strings.HasSuffix(c.want, "]") || c.want == ""
		if status != http.StatusOK || !strings.HasPrefix(got, c.want) || whole && got != c.want {
			t.Errorf("%s: %d\n got %s\nwant %s", name, status, got, c.want)
		}
		if got != "" && !json.Valid([]byte(got)) {
			t.Errorf("%s: not JSON: %s", name, got)
		}
	}
}

func TestDoor(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	const body = `{"jsonrpc":"2.0","method":"prune","id":1}`
	for _, path := range []string{
		"/api/2/admin/billing/", "/api/2/admin/Billing/", "/api/2/admin/billing", "/api/2/ADMIN/BILLING",
	} {
		if status, got := s.post(path, s.token["house"], body); status != http.StatusOK || !strings.Contains(got, `"result":0`) {
			t.Errorf("%s: %d %s", path, status, got)
		}
	}
	for _, path := range []string{
		"/api/2/", "/api/2/admin/", "/api/2/user/billing/", "/api/2/user/slot/", "/api/2/billing",
	} {
		status, got := s.post(path, s.token["house"], body)
		if status != http.StatusNotFound || !strings.Contains(got, "-32601") {
			t.Errorf("%s: %d %s", path, status, got)
		}
	}
	for _, token := range []string{"", "tg_wrong", strings.Repeat("x", 1000)} {
		status, got := s.post("/api/2/admin/billing/", token, body)
		if status != http.StatusUnauthorized || !strings.Contains(got, "-32000") || !json.Valid([]byte(got)) {
			t.Errorf("token %.10q: %d %s", token, status, got)
		}
	}
	status, got := s.post("/api/2/admin/billing/", s.token["house"], strings.Repeat(" ", bodyBytesMax+1))
	if status != http.StatusRequestEntityTooLarge || !strings.Contains(got, "-32600") {
		t.Errorf("a body that is too large: %d %s", status, got)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/2/admin/billing/", http.NoBody)
	s.must(err)
	response, err := http.DefaultClient.Do(request)
	s.must(err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != http.MethodPost {
		t.Errorf("GET: %d, Allow %q", response.StatusCode, response.Header.Get("Allow"))
	}
}

// A reader that is slow, but not too slow, gets the whole list; one that does not
// read is let go, and cannot take what it has for the whole.
func TestSlowReaders(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	gone := make(brokenOff, 1)
	s.server.Log = slog.New(slog.NewTextHandler(gone, nil))
	s.server.readTime, s.server.pageTime = 100*time.Millisecond, time.Second
	list(t, s.db, 60_000) // more than sockets hold
	small := net.Dialer{}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := small.DialContext(ctx, network, address)
			if err == nil {
				err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
			}
			return c, err
		},
	}}
	for name, wait := range map[string]func(body io.Reader) string{
		"slow": func(body io.Reader) string {
			var b strings.Builder
			for range 8 { // in all longer than one page may take
				time.Sleep(200 * time.Millisecond)
				_, err := io.CopyN(&b, body, 1_000_000)
				s.must(err)
			}
			return b.String()
		},
		"stuck": func(io.Reader) string {
			<-gone
			return ""
		},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/2/admin/billing/",
			strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"getAllUnbilled"}`))
		s.must(err)
		request.Header.Set("Authorization", "Bearer "+s.token["house"])
		response, err := client.Do(request)
		s.must(err)
		text := wait(response.Body)
		rest, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if whole := err == nil && json.Valid([]byte(text+string(rest))); whole != (name == "slow") {
			t.Errorf("%s: %d and %d bytes, %v; whole %t", name, len(text), len(rest), err, whole)
		}
	}
}

// brokenOff hears of each answer that broke off.
type brokenOff chan struct{}

func (b brokenOff) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("broke off")) {
		b <- struct{}{}
	}
	return len(line), nil
}

// Whatever is sent, nothing panics, and what is answered is JSON with the id of
// the request.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","method":"getAllUnbilled","params":[10,0],"id":"a"}`,
		`{"jsonrpc":"2.0","method":"markCallsRetrieved","params":[[1,"1547391782.318"]],"id":1}`,
		`{"jsonrpc":"2.0","method":"markCallsRetrieved","params":["a", 2],"id":1.5e3}`,
		`{"jsonrpc":"2.0","method":"markCallsRetrieved","params":{"ids": [ ] },"id":null}`,
		`[{"jsonrpc":"2.0","method":"prune"}, 1, {"id": {}}]`, `[]`, `""`, `{`, `{"id":"\ud800"}`, "{\"id\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	c := new(server).billing()
	f.Fuzz(func(t *testing.T, body []byte) {
		requests, _, wrong := parse(body)
		if wrong != nil {
			requests = []request{{id: json.RawMessage(noID), wrong: wrong}}
		}
		for _, q := range requests {
			wrong := q.wrong
			if m := c.method(q.method); wrong == nil && m != nil {
				args, err := m.bind(q.params)
				if err == nil && m.variadic {
					_, _, err = callsOf(args[0])
				}
				if err != nil {
					wrong = new(server).faultOf(t.Context(), err)
				}
			}
			if q.id == nil {
				continue
			}
			var b bytes.Buffer
			if err := respond(&b, q.id, 1, wrong); err != nil || !json.Valid(b.Bytes()) {
				t.Fatalf("%v: %q", err, b.Bytes())
			}
		}
	})
}
