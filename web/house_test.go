package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

// house is a running Tollgate with two companies, for tests: everything is real.
type house struct {
	t      *testing.T
	db     *store.DB
	book   *ledger.Book
	office *charging.Office
	gate   *access.Gate
	url    string
	status []tollgate.DeviceStatus
	lines  *lines

	retail, carrier tollgate.Tariff
	operator        tollgate.Operator
	device          tollgate.Device
	hotel, clinic   tollgate.Account
	reception       tollgate.Account
	porter          tollgate.Account // has a quota; of the gallery
	group           tollgate.ID      // likewise
	calls           int
	now             func() time.Time
}

// dice is a source of random that is the same in every run, so that pictures of
// what was drawn can be compared.
type dice struct {
	mu     sync.Mutex
	chacha *rand.ChaCha8
}

func (d *dice) Read(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.chacha.Read(b)
}

func berlin() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}

const testPassword = "correct horse battery"

// newHouse starts a Tollgate that stops with the test.
func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseAt(t, time.Now)
}

// newHouseAt is newHouse with a clock of the test's own, which must not be
// ahead of the real one: browsers are told when cookies end.
func newHouseAt(t *testing.T, now func() time.Time) *house {
	t.Helper()
	h := &house{t: t, db: storetest.OpenAt(t, storetest.SQLite(t), now), now: now, lines: &lines{}}
	h.book = ledger.New(h.db, ledger.Options{Now: now})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.book.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	var err error
	if h.office, err = charging.New(t.Context(), h.db, h.book, charging.Options{Now: now}); err != nil {
		t.Fatal(err)
	}
	random := &dice{chacha: rand.NewChaCha8([32]byte{})}
	if h.gate, err = access.New(h.db, access.Options{Now: now, Random: random}); err != nil {
		t.Fatal(err)
	}
	pages, err := New(Options{
		Store: h.db, Book: h.book, Office: h.office, Access: h.gate, Zone: berlin(), Now: now,
		Devices: func() []tollgate.DeviceStatus { return h.status }, Version: "test",
		Live: h.lines.live, Cancel: h.lines.cancel,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(pages)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	h.url = server.URL
	return h
}

// furnish stores two companies, tariffs, an operator and a device.
func (h *house) furnish() *house {
	h.t.Helper()
	err := h.db.Change(h.t.Context(), store.Actor{Name: "test"}, "furnish", func(c *store.Change) error {
		return errors.Join(h.putTariffs(c), h.putAccounts(c), h.putDevice(c))
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return h
}

func (h *house) putTariffs(c *store.Change) error {
	h.retail = tollgate.Tariff{
		Name: "retail", Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6, DefaultCustomer: true,
		Default: tollgate.Rate{Price: "0.10", First: "10", Next: "6"},
	}
	h.carrier = tollgate.Tariff{
		Name: "carrier 2026", Currency: "EUR", Timezone: "UTC", Per: 60, Decimals: 4,
		Default: tollgate.Rate{Price: "0.02", First: "1", Next: "1"},
	}
	err := errors.Join(c.PutTariff(&h.retail), c.PutTariff(&h.carrier))
	h.operator = tollgate.Operator{Name: "Northern Carrier", Tariff: h.carrier.ID}
	return errors.Join(err, c.PutOperator(&h.operator), c.PutDeck(&tollgate.Deck{
		Tariff: h.retail.ID, Rates: []tollgate.Rate{
			{Prefix: "4930", Name: "Berlin", Price: "0.03"}, {Prefix: "49", Name: "Germany", Price: "0.06"},
		},
	}))
}

func (h *house) putAccounts(c *store.Change) error {
	h.hotel = company("Hotel Adlerhof", tollgate.ModePrepaid)
	h.clinic = company("Praxis Dr. Sommer", tollgate.ModePostpaid)
	err := errors.Join(c.PutAccount(&h.hotel), c.PutAccount(&h.clinic))
	h.reception = tollgate.Account{
		Enterprise: h.hotel.ID, Parent: h.hotel.ID, Kind: tollgate.KindUser, Mode: tollgate.ModeParent,
		Name: "Reception", Currency: "EUR", Timezone: "Europe/Berlin",
	}
	return errors.Join(err, c.PutAccount(&h.reception))
}

func (h *house) putDevice(c *store.Change) error {
	h.device = tollgate.Device{
		Name: "pbx-berlin", Kind: tollgate.DevicePush, Timezone: "Europe/Berlin", Enabled: true,
		Plan: tollgate.DialingPlan{Country: "DE", AreaCode: "30"}, Account: "pbx-berlin",
	}
	if err := c.PutDevice(&h.device, ""); err != nil {
		return err
	}
	id := h.device.ID
	return errors.Join(
		c.PutTrunk(tollgate.Trunk{Device: id, Name: "PJSIP/provider", Operator: h.operator.ID}),
		c.PutExtension(tollgate.Extension{Device: id, Number: "201", Account: h.reception.ID, Name: "Reception"}),
		c.PutExtension(tollgate.Extension{Device: id, Number: "301", Account: h.clinic.ID, Name: "Front desk"}))
}

func company(name string, mode tollgate.Mode) tollgate.Account {
	return tollgate.Account{
		Kind: tollgate.KindEnterprise, Mode: mode, Name: name, Currency: "EUR", Timezone: "Europe/Berlin",
	}
}

// call finishes a call of an extension that ended just now and returns its id.
func (h *house) call(extension, dialed string, talked time.Duration) tollgate.ID {
	h.t.Helper()
	return h.callAt(h.now(), extension, dialed, talked)
}

func (h *house) callAt(end time.Time, extension, dialed string, talked time.Duration) tollgate.ID {
	h.t.Helper()
	h.calls++
	end = end.UTC().Truncate(time.Microsecond)
	record := tollgate.Record{
		Call:   tollgate.CallID{Device: h.device.ID, UniqueID: fmt.Sprintf("%d.%d", end.Unix(), h.calls)},
		Source: tollgate.SourceHTTP, Direction: tollgate.Outbound, Extension: extension, Originator: extension,
		Dialed: dialed, Trunk: "PJSIP/provider", Start: end.Add(-talked - 5*time.Second),
		Answer: end.Add(-talked), End: end, Cause: 16,
	}
	if talked == 0 {
		record.Answer = time.Time{}
	}
	results, err := h.office.Finish(h.t.Context(), []tollgate.Record{record})
	if err != nil {
		h.t.Fatal(err)
	}
	if results[0].Outcome == tollgate.OutcomeDuplicate {
		h.t.Fatal("a duplicate")
	}
	return results[0].CDR
}

// user makes somebody known, of the house or of one enterprise.
func (h *house) user(name string, role access.Role, enterprise tollgate.ID) {
	h.t.Helper()
	_, err := h.gate.AddUser(h.t.Context(), store.Actor{Name: "test"},
		store.User{Name: name, Role: string(role), Enterprise: enterprise}, testPassword)
	if err != nil {
		h.t.Fatal(err)
	}
}

// visitor is a browser without a screen: it keeps cookies and does not follow
// redirects.
type visitor struct {
	h      *house
	client *http.Client
}

func (h *house) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &visitor{h: h, client: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// login returns a visitor who is logged in.
func (h *house) login(name string) *visitor {
	h.t.Helper()
	v := h.visitor()
	a := v.post("/login", url.Values{"user": {name}, "password": {testPassword}})
	if a.status != http.StatusSeeOther {
		h.t.Fatalf("log in as %s: %d %s", name, a.status, a.body)
	}
	return v
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (v *visitor) get(path string) answer { return v.send(http.MethodGet, path, "", nil) }

func (v *visitor) post(path string, form url.Values) answer {
	return v.send(http.MethodPost, path, form.Encode(), map[string]string{"Sec-Fetch-Site": "same-origin"})
}

func (v *visitor) send(method, path, body string, header map[string]string) answer {
	v.h.t.Helper()
	r, err := http.NewRequestWithContext(v.h.t.Context(), method, v.h.url+path, strings.NewReader(body))
	if err != nil {
		v.h.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := v.client.Do(r)
	if err != nil {
		v.h.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.h.t.Fatal(err)
	}
	return answer{status: response.StatusCode, body: string(text), header: response.Header}
}

// want fails unless the answer has the status and all of the texts.
func (a answer) want(t *testing.T, status int, texts ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.text())
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("no %q in %s", text, a.text())
		}
	}
	return a
}

// lacks fails if the answer has one of the texts.
func (a answer) lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("%q is in %s", text, a.text())
		}
	}
}

// text is what the body says, without its markup and its many blanks.
func (a answer) text() string {
	_, main, found := strings.Cut(a.body, "<main")
	if !found {
		main = a.body
	}
	words := strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(main, " "))
	text := strings.Join(words, " ")
	return text[:min(len(text), 700)]
}

// following is a page that moves, as a visitor has it open.
type following struct {
	status int
	header http.Header
	lines  *bufio.Reader
	leave  func()
}

// follow opens a page that moves, for a minute at most.
func (v *visitor) follow(path string) *following {
	v.h.t.Helper()
	ctx, leave := context.WithTimeout(v.h.t.Context(), time.Minute)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.h.url+path, http.NoBody)
	if err != nil {
		v.h.t.Fatal(err)
	}
	response, err := v.client.Do(r)
	if err != nil {
		v.h.t.Fatal(err)
	}
	v.h.t.Cleanup(func() {
		leave()
		_ = response.Body.Close()
	})
	return &following{response.StatusCode, response.Header, bufio.NewReader(response.Body), leave}
}
