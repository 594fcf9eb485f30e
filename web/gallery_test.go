package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/batch"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// picture is one page as a person saw it.
type picture struct{ name, html string }

const longName = "Hôtel Kaiserhof Betriebsgesellschaft mbH & Co. KG"

// galleryNow is when every picture was taken.
func galleryNow() time.Time { return time.Date(2025, 11, 20, 13, 42, 7, 0, time.UTC) }

// gallery walks a furnished house with long names, many rows and every kind of
// trouble, and returns what its pages show.
func gallery(t *testing.T) []picture {
	t.Helper()
	h := newHouseAt(t, galleryNow).furnish()
	h.clutter()
	h.lines.set(h.someCalls()...)
	h.odds()
	h.user("benedetta.castiglione", access.RoleAdmin, 0)
	h.user("hotel", access.RoleOperator, h.hotel.ID)
	v := h.login("benedetta.castiglione")
	h.visitor().post("/login", url.Values{"user": {"admin"}, "password": {"wrong"}})
	calls, err := h.db.CDRs(t.Context(), store.Everything, store.CDRFilter{}, store.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	h.refuse("209", "209", "00442071838750")
	h.refuse("209", "209", "*7*0891234567")
	h.refuse("301", "301", "nowhere")
	pictures := slices.Concat([]picture{
		{"overview", v.get("/").body},
		{"overview_company", h.login("hotel").get("/").body},
		{"overview_new", newcomer(t).get("/").body},
		{"overview_open", beginner(t).get("/").body},
		{"live_list", v.get("/calls").body},
		{"live_list_company", h.login("hotel").get("/calls").body},
		{"live_list_empty", v.get("/calls?search=nobody").body},
		{"live_hangup", v.post("/calls/hangup", url.Values{"call": {h.key("4711001")}}).body},
		{"live_refused", v.get("/calls/refused").body},
		{"live_refused_empty", newcomer(t).get("/calls/refused").body},
		{"alert_list", v.get("/alerts").body},
		{"cdr_list_unpaid", v.get("/cdrs?account=nobody&charged=4&unmapped=2&no_rate=1").body},
		{"cdr_list", v.get("/cdrs?from=2025-11-01T00:00:00").body},
		{"cdr_list_unpriced", v.get("/cdrs?status=unpriced").body},
		{"cdr_list_empty", v.get("/cdrs?number=999").body},
		{"cdr_list_wrong", v.get("/cdrs?from=yesterday").body},
		{"cdr_show", v.get("/cdrs/" + calls.Items[0].ID.String()).body},
		{"quarantine", v.get("/quarantine?settled=3&kept=2").body},
		{"log", v.get("/log").body},
		{"logins", v.get("/log/logins").body},
		{"error", v.get("/nowhere").body},
		{"login", h.visitor().post("/login", url.Values{"user": {"admin"}, "password": {"wrong"}}).body},
		{"setup_closed", h.visitor().get("/setup/used").body},
	}, h.payerPictures(v), h.systemPictures(v))
	for _, p := range pictures {
		if !strings.HasSuffix(p.html, "</html>\n") {
			t.Fatalf("%s is not a page: %s", p.name, p.html)
		}
	}
	return pictures
}

// payerPictures are the pages of who pays.
func (h *house) payerPictures(v *visitor) []picture {
	hotel, porter := "/accounts/"+h.hotel.ID.String(), "/accounts/"+h.porter.ID.String()
	return []picture{
		{"account_company", newcomer(h.t).get("/accounts/new").body},
		{"card_list", v.get("/cards").body},
		{"card_list_empty", newcomer(h.t).get("/cards").body},
		{"card_new", v.post("/cards", url.Values{"name": {"Summer"}, "count": {"x"}, "amount": {"1,5"}}).body},
		{"card_issued", v.post("/cards", h.issue("Winter, for the guests of the other building")).body},
		{"group_list", v.get("/groups").body},
		{"group_show", v.get("/groups/" + h.group.String()).body},
		{"account_list", v.get("/accounts").body},
		{"account_show", v.get(hotel + "?done=recharge").body},
		{"account_quota", v.get(porter).body},
		{"account_edit", v.get(porter + "/edit").body},
		{"account_used", v.post(porter+"/used", url.Values{"amount": {"0"}, "key": {"k"}}).body},
		{"account_recharge", v.post(hotel+"/recharge", url.Values{"amount": {"12,50"}, "key": {"k"}}).body},
		{"account_new", v.post("/accounts", url.Values{"kind": {"user"}, "currency": {"eur"}}).body},
	}
}

// systemPictures are the pages of telephone systems and of what calls cost.
func (h *house) systemPictures(v *visitor) []picture {
	device, retail := "/devices/"+h.device.ID.String(), "/tariffs/"+h.retail.ID.String()
	line := url.QueryEscape(h.device.ID.String() + " PJSIP/provider")
	return []picture{
		{"tariff_list", v.get("/tariffs").body},
		{"tariff_show", v.get(retail).body},
		{"tariff_edit", v.get(retail + "/edit").body},
		{"deck_import", v.upload(retail+"/decks", "prefix,price\n+49,0.05\n44,x\n", nil).body},
		{"simulator", v.get("/simulator?number=0302101234567&when=2025-11-20T17:55&duration=15:00&line=" + line).body},
		{"device_list", v.get("/devices").body},
		{"device_show", v.post(device+"/password", nil).body},
		{"device_asterisk", v.get("/devices/" + h.status[0].Device.String() + "?done=device").body},
		{"device_try", v.get(device + "?extension=201&dialed=00442071838750").body},
		{"device_refused", v.get(device + "?extension=777&dialed=0900123456").body},
		{"rule_edit", v.post(device+"/rules", url.Values{
			"name": {"Abroad, but not neighbours"}, "pattern.1": {"^00(?!4)"}, "variable.1": {"destination_number"},
			"charge": {"yes"}, "no_credit.kind": {"transfer"}, "exhausted.kind": {"announce"},
			"exhausted.sound": {"tollgate/no-credit"}, "seen": {"x"},
		}).body},
		{"device_new", v.post("/devices", url.Values{"name": {"pbx berlin"}, "trunks": {"provider"}}).body},
		{"operator_list", v.get("/operators").body},
	}
}

// newcomer is somebody after the first login.
func newcomer(t *testing.T) *visitor {
	h := newHouseAt(t, galleryNow)
	h.user("admin", access.RoleAdmin, 0)
	return h.login("admin")
}

// beginner has a device that reports calls, and nothing else.
func beginner(t *testing.T) *visitor {
	v := newcomer(t)
	err := v.h.db.Change(t.Context(), store.Actor{Name: "test"}, "furnish", v.h.putDevice)
	if err != nil {
		t.Fatal(err)
	}
	v.h.call("201", "030555123", 4008*time.Millisecond)
	return v
}

// clutter adds what real houses have.
func (h *house) clutter() {
	h.t.Helper()
	h.hotel.Name, h.hotel.Code, h.hotel.Tariff = longName, "4711", h.retail.ID
	h.retail.Description = "What guests and employees pay; full minutes at peak times"
	h.retail.Peak = tollgate.PeakWindow{From: "08:00", To: "18:00", Weekend: []string{"saturday", "sunday"}}
	h.retail.Default = tollgate.Rate{PricePeak: "0.30", ConnectFee: "0.05", First: "60", Next: "6"}
	err := h.db.Change(h.t.Context(), store.Actor{Name: "test", Address: "2001:db8:85a3::8a2e:370:7334"}, "clutter",
		func(c *store.Change) error {
			rates := []tollgate.Rate{
				{Prefix: "49", Name: "Germany", Price: "0.10", PricePeak: "0.30"},
				{Number: "4930555111", Price: "0"},
				{Prefix: "4915", Name: "Germany, mobile networks and other expensive things", Price: "0.19"},
				{Prefix: "44", Name: "United Kingdom", Price: "0.016667", First: "1", Next: "1"},
				{Prefix: "882", Name: "Satellite", Price: "6.60"},
				{Class: tollgate.ClassPremium, Price: "1.99"},
			}
			asterisk := tollgate.Device{
				Name: "pbx-aussenstelle-niederbayern-02", Kind: tollgate.DeviceAsterisk, Timezone: "UTC", Enabled: true,
				Plan:     tollgate.DialingPlan{Country: "DE", AreaCode: "871", RoutePrefixes: []string{"0"}},
				Asterisk: tollgate.AMISettings{Address: "192.0.2.17:5038", Trunks: []string{"PJSIP/isdn"}},
			}
			odd := asterisk
			asterisk.Control = true
			odd.Name, odd.Asterisk.Address = "pbx-hamburg", "192.0.2.18:5038"
			h.porter = tollgate.Account{
				Enterprise: h.hotel.ID, Parent: h.reception.ID, Kind: tollgate.KindUser, Mode: tollgate.ModeQuota,
				Name: "Night porter", Currency: "EUR", Allowance: 20_000_000, Reset: tollgate.Weekly, WeekStart: 1,
				Frozen: true, LowCredit: 2_500_000, Bills: tollgate.BillPrivate, Business: tollgate.BusinessEnterprise,
			}
			h.device.Rules = someRules(h.retail.ID)
			for _, put := range []func() error{
				func() error { return c.PutDevice(&h.device, "") },
				func() error { return c.PutAccount(&h.hotel) },
				func() error { return c.PutTariff(&h.retail) },
				func() error {
					return c.PutDeck(&tollgate.Deck{
						Tariff: h.retail.ID, Rates: rates, Effective: galleryNow().AddDate(0, -1, 0),
					})
				},
				func() error { return c.PutDevice(&asterisk, "") },
				func() error { return c.PutDevice(&odd, "") },
				func() error { return c.PutAccount(&h.porter) },
				func() error {
					return c.PutTrunk(tollgate.Trunk{
						Device: h.device.ID, Name: "PJSIP/backup-of-the-other-building", Account: h.clinic.ID,
					})
				},
			} {
				if err := put(); err != nil {
					return err
				}
			}
			h.status = []tollgate.DeviceStatus{{
				Device: asterisk.ID, Problem: "dial tcp 192.0.2.17:5038: connect: connection refused",
			}, {
				Device: odd.ID, Connected: true, Version: "Asterisk 22.10.1", Calls: 3, Records: 1284, LastRecord: galleryNow(),
				Problem: "the user may not set filters (write lacks system): every event is sent, which is more than is needed",
			}}
			return nil
		})
	if err != nil {
		h.t.Fatal(err)
	}
	h.traffic()
}

// someRules are call rules of every kind.
func someRules(tariff tollgate.ID) []tollgate.CallRule {
	return []tollgate.CallRule{{
		Name: "Premium numbers", Conditions: []tollgate.Condition{{Pattern: `^0(900|190)\d+$`}}, Charge: true,
		NoCredit:  tollgate.Action{Kind: tollgate.ActionTransfer, Target: "100@internal"},
		Exhausted: tollgate.Action{Kind: tollgate.ActionAnnounce, Sound: "tollgate/no-credit"},
	}, {
		Name: "Guests of the house abroad", Tariff: tariff, Charge: true, Account: "room-${extension}",
		Conditions: []tollgate.Condition{
			{Pattern: "^00"}, {Variable: "extension", Pattern: `^[2-8]\d\d$`}, {Variable: "private", Pattern: "^$"},
		},
		NoCredit:  tollgate.Action{Kind: tollgate.ActionHangup, Cause: 21},
		Exhausted: tollgate.Action{Kind: tollgate.ActionAlert},
	}, {Name: "Test line", Conditions: []tollgate.Condition{{Variable: "extension", Pattern: "^777$"}}}, {
		Name: "All else", Charge: true,
	}}
}

// odds are cards, a group and alerts.
func (h *house) odds() {
	h.t.Helper()
	cards, err := batch.IssueCards(h.t.Context(), h.db, h.book, h.gate, store.Actor{Name: "benedetta.castiglione"}, h.now,
		batch.CardBatch{
			Enterprise: h.hotel.ID, Name: "Summer", Count: 4, Amount: 10_000_000, Currency: "EUR", ValidDays: 30,
		})
	if err != nil {
		h.t.Fatal(err)
	}
	for range 4 {
		if _, err := h.gate.OpenCard(h.t.Context(), cards[0].Number, "0", h.device.ID); err == nil {
			h.t.Fatal("a wrong PIN opens")
		}
	}
	if _, err := h.gate.OpenCard(h.t.Context(), cards[1].Number, cards[1].PIN, h.device.ID); err != nil {
		h.t.Fatal(err)
	}
	err = h.db.Change(h.t.Context(), store.Actor{Name: "test"}, "odds", func(c *store.Change) error {
		group := tollgate.Group{Enterprise: h.hotel.ID, Name: "Managers", Members: []tollgate.ID{h.reception.ID, h.porter.ID}}
		if err := c.PutGroup(&group); err != nil {
			return err
		}
		h.group = group.ID
		private := tollgate.Permit{Permission: tollgate.PermissionPrivateCall, Device: h.device.ID}
		user := private
		private.Group, user.Account = group.ID, h.clinic.ID
		return errors.Join(c.PutPermit(private), c.PutPermit(user))
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for i, a := range []tollgate.Alert{
		{Kind: tollgate.AlertOrphan, Text: "0.017 EUR were held for a call that nobody reported"},
		{Kind: tollgate.AlertLowCredit, Account: h.hotel.ID, Text: "2.31 EUR are left"},
		{Kind: tollgate.AlertNotPrivate, Account: h.reception.ID, Text: "extension 201 may not mark calls as private"},
		{
			Kind: tollgate.AlertCutFailed, Account: h.porter.ID, Text: "no hang-up within 2 s, by any method",
			Call: tollgate.CallID{Device: h.device.ID, UniqueID: "pbx-aussenstelle-1763646127.4711"},
		},
	} {
		a.At = galleryNow().Add(time.Duration(i-40) * time.Hour / 2)
		h.alert(a)
	}
}

// traffic is an afternoon of calls, money and a record nobody understands.
func (h *house) traffic() {
	h.t.Helper()
	eur := func(micro int64) tollgate.Money { return tollgate.Money{Micro: micro, Currency: "EUR"} }
	by := store.Actor{Name: "benedetta.castiglione"}
	const note = "Cash at the desk, receipt 4711-0815, signed by the night manager"
	if _, err := h.book.Recharge(h.t.Context(), by, h.hotel.ID, eur(50_000_000), note, "a"); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.book.Correct(h.t.Context(), by, h.hotel.ID, eur(-1_250_000), "Typing error", "b"); err != nil {
		h.t.Fatal(err)
	}
	const why = "Called the hospital for a guest, on the house"
	if err := h.book.CorrectUsed(h.t.Context(), by, h.porter.ID, eur(13_457_000), "Taken over", "c"); err != nil {
		h.t.Fatal(err)
	}
	if err := h.book.CorrectUsed(h.t.Context(), by, h.porter.ID, eur(-1_250_000), why, "d"); err != nil {
		h.t.Fatal(err)
	}
	h.hold(h.someCalls()[1], h.porter.ID, h.hotel.ID)
	h.hold(tollgate.LiveCall{
		Enterprise: h.hotel.ID, Reserved: 17_000,
		Call: tollgate.CallID{Device: h.device.ID, UniqueID: "pbx-1763646127.4711#1"},
	}, h.porter.ID)
	end := galleryNow().Add(-5 * time.Hour)
	for range 3 {
		for _, call := range []struct {
			extension, dialed string
			talked            time.Duration
		}{
			{"201", "0301234567", 15 * time.Minute},
			{"201", "00442071838750", 34 * time.Second},
			{"301", "00882161234567890", 3*time.Hour + 125*time.Second},
			{"201", "030555111", 41 * time.Second},
			{"201", "005999123456", 72 * time.Second},
			{"301", "015112345678", 0},
			{"201", "112", 95 * time.Second},
			{"4711", "0900#12", 12 * time.Second},
			{"201", "08001234567", 301 * time.Second},
			{"999", "030555222", 4008 * time.Millisecond},
		} {
			end = end.Add(11 * time.Minute)
			h.callAt(end, call.extension, call.dialed, call.talked)
		}
	}
	bad := tollgate.Record{
		Call: tollgate.CallID{Device: h.device.ID, UniqueID: "x.1"}, Direction: tollgate.Outbound, Dialed: "030555",
		Start: end, Answer: end, End: end.Add(-time.Minute), Raw: `{"long":"` + strings.Repeat("x", 300) + `"}`,
	}
	if _, err := h.office.Finish(h.t.Context(), []tollgate.Record{bad}); err != nil {
		h.t.Fatal(err)
	}
}

// hold holds money of accounts for a call in progress.
func (h *house) hold(c tollgate.LiveCall, accounts ...tollgate.ID) {
	h.t.Helper()
	held, err := h.book.Hold(h.t.Context(), ledger.Hold{
		Enterprise: c.Enterprise, ID: h.db.NewID(), Call: c.Call, Accounts: accounts, To: c.Reserved,
		Until: h.now().Add(90 * time.Second), Detail: []byte("{}"),
	})
	if err != nil || held.Refused {
		h.t.Fatalf("hold: %+v %v", held, err)
	}
}

// galleryServer shows the pictures with the real assets and headers.
func galleryServer(t *testing.T, pictures []picture) string {
	t.Helper()
	a, err := view.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", a.Serve)
	for _, p := range pictures {
		mux.HandleFunc("GET /"+p.name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(p.html))
		})
	}
	server := httptest.NewServer(frame.Guard(mux))
	t.Cleanup(server.Close)
	return server.URL
}

// steady takes out of a page what differs from run to run.
func steady(html string) string {
	for pattern, with := range map[string]string{
		`(/assets/\w+)\.[0-9a-f]{12}\.`:     "$1.",
		`(name="key" value=")[A-Z2-7]{26}"`: `$1"`,
		`(class="secret">)[a-z2-7]{26}<`:    "$1<",
		`(127\.0\.0\.1):\d+`:                "$1",
		`\n\s*\n+`:                          "\n",
	} {
		html = regexp.MustCompile(pattern).ReplaceAllString(html, with)
	}
	return html
}
