package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/card"
	"tollgate/store/storetest"
)

// house is the real thing on a real store behind real HTTP, with two
// enterprises, Alpha and Beta, that must never see each other.
type house struct {
	*testing.T
	db     *store.DB
	book   *ledger.Book
	office *charging.Office
	gate   *access.Gate
	server *server
	url    string
	token  map[string]string // by who asks
	id     map[string]tollgate.ID
	states []tollgate.DeviceStatus
}

// noon is when the calls of these tests are answered.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const devicePassword = "docking password"

// deviceHash is made once for all houses: it is dear on purpose.
var deviceHash = sync.OnceValues(func() (string, error) {
	gate, err := access.New(nil, access.Options{Now: time.Now, Random: rand.Reader})
	if err != nil {
		return "", err
	}
	return gate.HashPassword(context.Background(), devicePassword)
})

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseOn(t, storetest.Open(t, storetest.SQLite(t)))
}

// newHouseOn is newHouse on a store that the test closes itself.
func newHouseOn(t *testing.T, db *store.DB) *house {
	t.Helper()
	h := &house{T: t, db: db, token: map[string]string{}, id: map[string]tollgate.ID{}}
	h.book = ledger.New(h.db, ledger.Options{Now: time.Now})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- h.book.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		h.must(<-ended)
	})
	var err error
	h.office, err = charging.New(ctx, h.db, h.book, charging.Options{Now: time.Now})
	h.must(err)
	h.gate, err = access.New(h.db, access.Options{Now: time.Now, Random: rand.Reader})
	h.must(err)
	h.server, err = newServer(Options{
		Store: h.db, Book: h.book, Office: h.office, Access: h.gate, Now: time.Now, Version: "1.2.3",
		Devices: func() []tollgate.DeviceStatus { return h.states },
	})
	h.must(err)
	web := httptest.NewServer(h.server)
	t.Cleanup(web.Close)
	h.url = web.URL
	h.furnish()
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) change(do func(*store.Change) error) {
	h.Helper()
	h.must(h.db.Change(h.Context(), store.Actor{Name: "test"}, "test", do))
}

// furnish makes tariffs, enterprises, devices, calls and tokens.
func (h *house) furnish() {
	h.Helper()
	tariff := func(name, price string, standard bool) tollgate.ID {
		t := tollgate.Tariff{
			Name: name, Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
			Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp, DefaultCustomer: standard,
			Default: tollgate.Rate{Price: price, First: "60", Next: "60"},
		}
		h.change(func(c *store.Change) error { return c.PutTariff(&t) })
		return t.ID
	}
	h.id["retail"] = tariff("retail", "0.10", true)
	h.id["wholesale"] = tariff("wholesale", "0.04", false)
	operator := tollgate.Operator{Name: "Carrier", Tariff: h.id["wholesale"]}
	h.change(func(c *store.Change) error { return c.PutOperator(&operator) })
	h.id["carrier"] = operator.ID
	hash, err := deviceHash()
	h.must(err)
	for _, name := range []string{"alpha", "beta"} {
		h.enterprise(name, hash)
	}
	shared := tollgate.Device{
		Name: "shared", Kind: tollgate.DevicePush, Timezone: "Europe/Berlin", Enabled: true,
		Plan: tollgate.DialingPlan{Country: "DE", AreaCode: "30"},
	}
	h.change(func(c *store.Change) error { return c.PutDevice(&shared, "") })
	h.id["shared"] = shared.ID
	for _, role := range access.Roles() {
		h.token[string(role)] = h.newToken(role, 0)
		h.token["alpha "+string(role)] = h.newToken(role, h.id["alpha"])
		h.token["beta "+string(role)] = h.newToken(role, h.id["beta"])
	}
}

// enterprise makes a company with a user, a device, an extension, a trunk and a call.
func (h *house) enterprise(name, passwordHash string) {
	h.Helper()
	head := tollgate.Account{
		Name: name, Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Currency: "EUR",
		Timezone: "Europe/Berlin", Code: name + "-code",
	}
	h.change(func(c *store.Change) error { return c.PutAccount(&head) })
	user := tollgate.Account{
		Enterprise: head.ID, Parent: head.ID, Name: name + " user", Kind: tollgate.KindUser,
		Mode: tollgate.ModePrepaid, Currency: "EUR", Timezone: "Europe/Berlin",
	}
	device := tollgate.Device{
		Enterprise: head.ID, Name: name + "-pbx", Account: name, Kind: tollgate.DevicePush,
		Timezone: "Europe/Berlin", Enabled: true, Plan: tollgate.DialingPlan{Country: "DE", AreaCode: "30"},
	}
	h.change(func(c *store.Change) error {
		if err := c.PutAccount(&user); err != nil {
			return err
		}
		device.DefaultAccount = head.ID
		return c.PutDevice(&device, passwordHash)
	})
	h.change(func(c *store.Change) error {
		if err := c.PutExtension(tollgate.Extension{
			Device: device.ID, Number: "101", Account: user.ID, Name: name + " desk",
		}); err != nil {
			return err
		}
		return c.PutTrunk(tollgate.Trunk{Device: device.ID, Name: "PJSIP/" + name, Operator: h.id["carrier"]})
	})
	h.id[name], h.id[name+" user"], h.id[name+"-pbx"] = head.ID, user.ID, device.ID
	h.more(name)
	_, err := h.book.Recharge(h.Context(), store.Actor{Name: "test"}, user.ID,
		tollgate.Money{Micro: 10_000_000, Currency: "EUR"}, name+" pays", "first of "+name)
	h.must(err)
	results, err := h.office.Finish(h.Context(), []tollgate.Record{{
		Call:   tollgate.CallID{Device: device.ID, UniqueID: name + ".1"},
		Source: tollgate.SourceImport, Direction: tollgate.Outbound, Extension: "101",
		Dialed: "0301234567", Trunk: "PJSIP/" + name,
		Start: noon.Add(-5 * time.Second), Answer: noon, End: noon.Add(61 * time.Second), Cause: 16,
	}, {
		Call:   tollgate.CallID{Device: device.ID, UniqueID: name + ".broken"},
		Source: tollgate.SourceImport, Direction: tollgate.Outbound, Dialed: "0301234567",
		Start: noon, Answer: noon, End: noon.Add(-time.Hour), Raw: name + " broken",
	}})
	h.must(err)
	if results[0].Outcome != tollgate.OutcomeStored || results[1].Outcome != tollgate.OutcomeQuarantined {
		h.Fatalf("calls of %s: %+v", name, results)
	}
	h.id[name+" call"] = results[0].CDR
	waiting, err := h.db.Quarantine(h.Context(), store.Everything, store.Paging{})
	h.must(err)
	h.id[name+" broken"] = waiting.Items[0].ID
}

// more gives a company a group with a permission, a card and an alert.
func (h *house) more(name string) {
	h.Helper()
	group := tollgate.Group{Enterprise: h.id[name], Name: name + " group", Members: []tollgate.ID{h.id[name+" user"]}}
	cards := card.Issue{
		Batch: card.Batch{Enterprise: h.id[name], Name: name + " cards", Count: 1, Amount: 1, Currency: "EUR"},
		Draw:  func() (string, error) { return h.gate.Digits(12) },
	}
	h.change(func(c *store.Change) error {
		if err := c.PutGroup(&group); err != nil {
			return err
		}
		if err := card.Add(c, time.Now(), &cards); err != nil {
			return err
		}
		return c.PutPermit(tollgate.Permit{
			Permission: tollgate.PermissionPrivateCall, Device: h.id[name+"-pbx"], Group: group.ID,
		})
	})
	issued, err := card.InBatch(h.Context(), h.db, cards.ID)
	h.must(err)
	h.id[name+" group"], h.id[name+" cards"], h.id[name+" card"] = group.ID, cards.ID, issued[0].Account
	h.must(h.db.PutAlert(h.Context(), &tollgate.Alert{
		Enterprise: h.id[name], Kind: tollgate.AlertLowCredit, Account: h.id[name+" user"], Text: name + " is low",
	}))
}

func (h *house) newToken(role access.Role, enterprise tollgate.ID) string {
	h.Helper()
	secret, _, err := h.gate.NewToken(h.Context(), access.Principal{Name: "test", Role: access.RoleAdmin},
		store.Token{Name: fmt.Sprintf("%s-%d", role, enterprise), Role: string(role), Enterprise: enterprise})
	h.must(err)
	return secret
}

// scenario is one request and what must come back.
type scenario struct {
	name    string
	do      string            // method and path; {name} stands for an id of the house
	as      string            // whose token; empty: none; "device:password": Basic
	header  map[string]string // beside the usual
	body    string            // {name} as in do
	want    int               // status
	has     []string          // what the answer contains
	hasNot  []string
	compare func(h *house, body string)
}

// run makes the requests of a table, one after the other.
func (h *house) run(scenarios []scenario) {
	h.Helper()
	for _, s := range scenarios {
		h.Run(s.name, func(t *testing.T) {
			response, body := h.ask(s)
			if response.StatusCode != s.want {
				t.Fatalf("%s: %s\n%s\nwant %d", s.do, response.Status, body, s.want)
			}
			for _, text := range s.has {
				if text = h.fill(text); !strings.Contains(body, text) {
					t.Errorf("%s: %q is not in\n%s", s.do, text, body)
				}
			}
			for _, text := range s.hasNot {
				if text = h.fill(text); strings.Contains(body, text) {
					t.Errorf("%s: %q is in\n%s", s.do, text, body)
				}
			}
			if s.want >= 400 {
				checkProblem(t, response, body)
			}
			if s.compare != nil {
				s.compare(h, body)
			}
		})
	}
}

// checkProblem says that an error has the shape that all have.
func checkProblem(t *testing.T, r answer, body string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Errorf("no problem details: %v in %s", err, body)
	}
	if p.Status != r.StatusCode || p.Code == "" || p.Detail == "" || p.Title == "" {
		t.Errorf("problem details %s: want status %d, title, detail and code", body, r.StatusCode)
	}
	if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q of a problem", got)
	}
}

// fill puts the house's ids into a text.
func (h *house) fill(text string) string {
	for name, id := range h.id {
		text = strings.ReplaceAll(text, "{"+name+"}", id.String())
	}
	return text
}

// answer is what came back.
type answer struct {
	Status     string
	StatusCode int
	Header     http.Header
}

// ask makes the request of a scenario.
func (h *house) ask(s scenario) (answer, string) {
	h.Helper()
	method, path, _ := strings.Cut(h.fill(s.do), " ")
	if !strings.HasPrefix(path, "/api/") && path != "/metrics" && path != "/healthz" {
		path = prefix + path
	}
	r, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(h.fill(s.body)))
	h.must(err)
	if account, password, basic := strings.Cut(s.as, ":"); basic {
		r.SetBasicAuth(account, password)
	} else if s.as != "" {
		token, known := h.token[s.as]
		if !known {
			token = s.as
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if s.body != "" {
		r.Header.Set("Content-Type", contentJSON)
	}
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	h.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	h.must(err)
	return answer{response.Status, response.StatusCode, response.Header}, string(body)
}
