package ucware

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// site is the real thing on a real store behind real HTTP: two enterprises, each
// with a device of its own, and who asks.
type site struct {
	*testing.T
	db     *store.DB
	office *charging.Office
	gate   *access.Gate
	server *server
	url    string
	acme   tollgate.ID // enterprises
	umbra  tollgate.ID
	pbx    map[tollgate.ID]tollgate.ID // their devices
	token  map[string]string           // by who asks
}

func newSite(t *testing.T, db *store.DB) *site {
	t.Helper()
	s := &site{T: t, db: db, pbx: map[tollgate.ID]tollgate.ID{}, token: map[string]string{}}
	book := ledger.New(db, ledger.Options{Now: time.Now})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- book.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		s.must(<-ended)
	})
	var err error
	s.gate, err = access.New(db, access.Options{Now: time.Now, Random: rand.Reader})
	s.must(err)
	s.acme, s.umbra = s.enterprise("acme"), s.enterprise("umbra")
	s.office, err = charging.New(ctx, db, book, charging.Options{Now: time.Now})
	s.must(err)
	for name, k := range map[string]store.Token{
		"house":  {Role: string(access.RoleOperator)},
		"reader": {Role: string(access.RoleReader)},
		"acme":   {Role: string(access.RoleOperator), Enterprise: s.acme},
		"umbra":  {Role: string(access.RoleAdmin), Enterprise: s.umbra},
	} {
		k.Name = name
		s.token[name], _, err = s.gate.NewToken(ctx, access.Principal{Role: access.RoleAdmin}, k)
		s.must(err)
	}
	s.server, err = newServer(Options{Store: db, Access: s.gate, Now: time.Now, Version: "1.2.3"})
	s.must(err)
	mux := http.NewServeMux()
	for _, pattern := range Paths() {
		mux.Handle(pattern, s.server)
	}
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// enterprise makes a company with a switch, three extensions, and a user who may
// call privately.
func (s *site) enterprise(name string) tollgate.ID {
	s.Helper()
	head := tollgate.Account{
		Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: name, Currency: "EUR", Timezone: "UTC",
	}
	pbx := tollgate.Device{
		Name: name + " pbx", Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true,
		Plan: tollgate.DialingPlan{Country: "DE", PrivateCodes: []string{"*7*"}, ExtensionDigitsMax: 3},
	}
	s.must(s.db.Change(s.Context(), store.Actor{Name: "test"}, "furnish", func(c *store.Change) error {
		if err := c.PutAccount(&head); err != nil {
			return err
		}
		pbx.Enterprise, pbx.DefaultAccount = head.ID, head.ID
		if err := c.PutDevice(&pbx, ""); err != nil {
			return err
		}
		for _, number := range []string{"101", "102", "103"} {
			user := tollgate.Account{
				Enterprise: head.ID, Parent: head.ID, Kind: tollgate.KindUser, Mode: tollgate.ModeParent,
				Name: number, Currency: "EUR", Timezone: "UTC",
			}
			if err := c.PutAccount(&user); err != nil {
				return err
			}
			if err := c.PutExtension(tollgate.Extension{
				Device: pbx.ID, Number: number, Account: user.ID,
			}); err != nil {
				return err
			}
			if number != "101" {
				continue
			}
			if err := c.PutPermit(tollgate.Permit{
				Permission: tollgate.PermissionPrivateCall, Device: pbx.ID, Account: user.ID,
			}); err != nil {
				return err
			}
		}
		return nil
	}))
	s.pbx[head.ID] = pbx.ID
	return head.ID
}

// began is when the calls of these tests are dialled.
var began = time.Now().UTC().Truncate(time.Second).Add(-time.Hour)

// record is a finished outbound leg with so many seconds of talk.
func (s *site) record(
	enterprise tollgate.ID, unique, extension, originator, dialed string, talk time.Duration,
) tollgate.Record {
	answer := began.Add(3 * time.Second)
	return tollgate.Record{
		Call:   tollgate.CallID{Device: s.pbx[enterprise], UniqueID: unique},
		Source: tollgate.SourceAMI, Direction: tollgate.Outbound, Extension: extension, Originator: originator,
		Caller: extension, Dialed: dialed, Trunk: "PJSIP/provider",
		Start: began, Answer: answer, End: answer.Add(talk), Cause: 16,
	}
}

func (s *site) finish(records ...tollgate.Record) {
	s.Helper()
	results, err := s.office.Finish(s.Context(), records)
	s.must(err)
	for _, r := range results {
		if r.Outcome != tollgate.OutcomeStored {
			s.Fatalf("%+v", r)
		}
	}
}

// post sends a body to an interface and returns status and answer.
func (s *site) post(path, token, body string) (int, string) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	s.must(err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	s.must(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	s.must(err)
	return response.StatusCode, string(answer)
}

// answer is what a request came to.
type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

// call asks the billing interface as somebody.
func (s *site) call(who, method, params string) answer {
	s.Helper()
	status, text := s.post("/api/2/admin/billing/", s.token[who],
		`{"jsonrpc":"2.0","id":7,"method":"`+method+`","params":`+params+`}`)
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil || status != http.StatusOK {
		s.Fatalf("%s: status %d, %v: %s", method, status, err, text)
	}
	return a
}

// want calls and compares the result.
func (s *site) want(who, method, params, result string) {
	s.Helper()
	a := s.call(who, method, params)
	if a.Error != nil || string(a.Result) != result {
		s.Errorf("%s as %s: %s %+v, want %s", method, who, a.Result, a.Error, result)
	}
}

func (s *site) unbilled(who string) []row {
	s.Helper()
	a := s.call(who, "getAllUnbilled", "[]")
	var rows []row
	if err := json.Unmarshal(a.Result, &rows); err != nil || a.Error != nil {
		s.Fatalf("%v %+v: %s", err, a.Error, a.Result)
	}
	return rows
}

// The flow of UCware's manual: an internal call, one to the outside, one that is
// forwarded, and a private one.
func TestFourSteps(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		inside := s.record(s.acme, "1547391782.1", "101", "101", "102", time.Minute)
		inside.Direction = tollgate.Internal
		s.finish(
			inside,
			s.record(s.acme, "1547391782.2", "101", "101", "0049301234567", 65*time.Second),
			s.record(s.acme, "1547391782.3", "103", "102", "00491701234567", 30*time.Second),
			s.record(s.acme, "1547391782.4", "101", "101", "*7*0049301112222", 12*time.Second),
		)
		at := began.Unix()
		rows := []row{
			{1, "1547391782.2", "101", "101", "0049301234567", at, 65, false},
			{2, "1547391782.3", "103", "102", "00491701234567", at, 30, false},
			{3, "1547391782.4", "101", "101", "0049301112222", at, 12, true},
		}
		if d := cmp.Diff(rows, s.unbilled("house")); d != "" {
			t.Error(d)
		}
		s.want("house", "prune", "[]", "0")
		s.want("house", "markCallsRetrieved", "[2]", "1")
		s.finish(s.record(s.acme, "1547391782.5", "101", "101", "030123456", time.Second)) // meanwhile
		rows = append(rows[:1], rows[2], row{4, "1547391782.5", "101", "101", "030123456", at, 1, false})
		if d := cmp.Diff(rows, s.unbilled("house")); d != "" {
			t.Error(d)
		}
		s.want("house", "prune", "[]", "1")
		if d := cmp.Diff(rows, s.unbilled("house")); d != "" {
			t.Error(d)
		}
		s.want("house", "purge", "[]", "3")
		s.want("house", "getAllUnbilled", "[]", "[]")
		totals, err := db.Totals(t.Context(), store.Everything, store.CDRFilter{})
		if err != nil || totals.Calls != 5 {
			t.Errorf("the archive has %d calls, %v, want 5", totals.Calls, err)
		}
	})
}

// A number as short as an extension is an external destination if it took a trunk,
// unless it is an extension: then the call stayed in the house.
func TestShortNumbersOutside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		s.finish(
			s.record(s.acme, "1547391782.1", "101", "101", "102", time.Minute),
			s.record(s.acme, "1547391782.2", "101", "101", "115", time.Minute),
			s.record(s.acme, "1547391782.3", "101", "101", "999", time.Minute), // in no plan
		)
		at := began.Unix()
		rows := []row{
			{1, "1547391782.2", "101", "101", "115", at, 60, false},
			{2, "1547391782.3", "101", "101", "999", at, 60, false},
		}
		if d := cmp.Diff(rows, s.unbilled("house")); d != "" {
			t.Error(d)
		}
	})
}

// For somebody who wants the list alone there need be neither tariffs nor accounts.
func TestListNeedsNoAccounts(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	pbx := tollgate.Device{
		Name: "pbx", Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true,
		Plan: tollgate.DialingPlan{Country: "DE"},
	}
	s.must(s.db.Change(t.Context(), store.Actor{}, "test", func(c *store.Change) error {
		return c.PutDevice(&pbx, "")
	}))
	s.pbx[0] = pbx.ID
	s.finish(s.record(0, "1.1", "55", "55", "0049301234567", time.Minute))
	want := []row{{1, "1.1", "55", "55", "0049301234567", began.Unix(), 60, false}}
	if d := cmp.Diff(want, s.unbilled("house")); d != "" {
		t.Error(d)
	}
	s.want("acme", "getAllUnbilled", "[]", "[]")
}

func TestMarkTakesEveryForm(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	for _, unique := range []string{"u.1", "u.2", "u.3", "u.4", "u.5", "u.6", "u.7", "u.8", "7"} {
		s.finish(s.record(s.acme, unique, "101", "101", "030123456", time.Minute))
	}
	for _, c := range []struct{ params, marked string }{
		{`[[]]`, "0"},
		{`[]`, "0"},
		{`[["u.1"]]`, "1"},
		{`[["u.1", 2, "u.3", 3]]`, "2"},
		{`["u.4", 5]`, "2"},
		{`{"ids": ["u.6"]}`, "1"},
		{`{"ids": null}`, "0"},
		{`["7"]`, "1"}, // text is a uniqueid, never an id
		{`[7]`, "1"},
		{`[ [8] ]`, "1"},
	} {
		s.want("house", "markCallsRetrieved", c.params, c.marked)
	}
	for params, data := range map[string]string{
		`[8, 99, "u.9"]`:       `{"count":2,"unknown":[99,"u.9"]}`,
		`[1.5]`:                "",
		`[true]`:               "",
		`[[[1]]]`:              "",
		`[[1],[2]]`:            "",
		`{"ids": 1}`:           "",
		`{"id": [1]}`:          "",
		`{"ids": ["a\u0000"]}`: `{"count":1,"unknown":["a\u0000"]}`,
	} {
		a := s.call("house", "markCallsRetrieved", params)
		if a.Error == nil || a.Error.Code != codeParams || string(a.Error.Data) != data {
			t.Errorf("%s: %+v, want %d %s", params, a.Error, codeParams, data)
		}
	}
}

func TestPages(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	const calls = 2*pageRows + 300
	var records []tollgate.Record
	for i := range calls {
		records = append(records, s.record(s.acme, "u."+string(rune('a'+i%26))+time.Duration(i).String(), "101", "101",
			"030123456", time.Minute))
	}
	s.finish(records...)
	if got := len(s.unbilled("house")); got != calls {
		t.Errorf("%d rows at once, want %d", got, calls)
	}
	seen, cursor := 0, int64(0)
	for {
		params, err := json.Marshal(map[string]int64{"limit": pageRows + 100, "cursor": cursor})
		s.must(err)
		var rows []row
		s.must(json.Unmarshal(s.call("house", "getAllUnbilled", string(params)).Result, &rows))
		for _, r := range rows {
			if r.ID <= cursor {
				t.Fatalf("row %d after %d", r.ID, cursor)
			}
			cursor = r.ID
		}
		if seen += len(rows); len(rows) < pageRows+100 {
			break
		}
	}
	if seen != calls {
		t.Errorf("%d rows page by page, want %d", seen, calls)
	}
	for _, params := range []string{`[0]`, `[-1]`, `["1"]`, `[1.0]`, `[1, 2, 3]`, `{"limits": 1}`, `[1, "x"]`} {
		if a := s.call("house", "getAllUnbilled", params); a.Error == nil || a.Error.Code != codeParams {
			t.Errorf("%s: %+v", params, a)
		}
	}
}

func TestTenantsKeepToTheirOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newSite(t, db)
		s.finish(
			s.record(s.acme, "a.1", "101", "101", "*7*0049301112222", time.Minute),
			s.record(s.umbra, "b.1", "101", "101", "*7*0049301112222", time.Minute),
			s.record(s.umbra, "a.1", "101", "101", "0049301112222", time.Minute),
		)
		at := began.Unix()
		for who, want := range map[string][]row{
			"acme": {{1, "a.1", "101", "101", "004930111XXXX", at, 60, true}},
			"umbra": {
				{2, "b.1", "101", "101", "004930111XXXX", at, 60, true},
				{3, "a.1", "101", "101", "0049301112222", at, 60, false},
			},
			"reader": {
				{1, "a.1", "101", "101", "0049301112222", at, 60, true},
				{2, "b.1", "101", "101", "0049301112222", at, 60, true},
				{3, "a.1", "101", "101", "0049301112222", at, 60, false},
			},
		} {
			if d := cmp.Diff(want, s.unbilled(who)); d != "" {
				t.Errorf("%s: %s", who, d)
			}
		}
		refused := func(who, method, params string, code int) {
			t.Helper()
			if a := s.call(who, method, params); a.Error == nil || a.Error.Code != code {
				t.Errorf("%s by %s: %+v, want error %d", method, who, a, code)
			}
		}
		refused("acme", "markCallsRetrieved", `[1, 2]`, codeParams)
		refused("acme", "markCallsRetrieved", `["b.1"]`, codeParams)
		refused("house", "markCallsRetrieved", `["a.1"]`, codeParams) // of two devices
		for _, method := range []string{"markCallsRetrieved", "prune", "purge"} {
			refused("reader", method, `[]`, codeForbidden)
		}
		s.want("umbra", "markCallsRetrieved", `["a.1"]`, "1")
		s.want("acme", "prune", `[]`, "0")
		s.want("acme", "purge", `[]`, "1")
		s.want("umbra", "prune", `[]`, "1")
		if got := s.unbilled("house"); len(got) != 1 || got[0].ID != 2 {
			t.Errorf("left: %+v", got)
		}
	})
}

func TestTokensRenewThemselves(t *testing.T) {
	s := newSite(t, storetest.Open(t, storetest.SQLite(t)))
	for _, path := range []string{
		"/api/2/user/authentication/", "/api/2/admin/authentication", "/api/2/authentication/",
		"/api/2/User/Authentication/",
	} {
		status, text := s.post(path, s.token["acme"], `{"jsonrpc":"2.0","id":1,"method":"getToken","params":[]}`)
		var got struct{ Result string }
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK || got.Result == s.token["acme"] {
			t.Fatalf("%s: %d %s %v", path, status, text, err)
		}
		s.token["fresh"] = got.Result
		s.want("fresh", "getAllUnbilled", "[]", "[]")
		s.want("acme", "getAllUnbilled", "[]", "[]")
	}
	const valid = `{"jsonrpc":"2.0","id":1,"method":"validateToken","params":[]}`
	for token, want := range map[string]string{s.token["fresh"]: "true", "tg_wrong": "false", "": "false"} {
		status, text := s.post("/api/2/user/authentication/", token, valid)
		if status != http.StatusOK || text != `{"jsonrpc":"2.0","id":1,"result":`+want+`}` {
			t.Errorf("token %q: %d %s, want %s", token, status, text, want)
		}
	}
	status, text := s.post("/api/2/user/authentication/", "tg_wrong", "["+valid+`,{"jsonrpc":"2.0","id":1,"method":"getToken"}]`)
	if status != http.StatusUnauthorized || !bytes.Contains([]byte(text), []byte("-32000")) {
		t.Errorf("renewing a wrong token: %d %s", status, text)
	}
}
