package web

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
)

// hidden finds the value of a hidden field in a page.

func hidden(t *testing.T, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no field %s in %s", name, page)
	}
	return found[1]
}

func TestEveryPageOfTheHouse(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	id := h.call("201", "030555123", 34*time.Second)
	v := h.login("admin")
	for path, texts := range map[string][]string{
		"/":                                     {"Overview", "Berlin", "0.01", "data-live"},
		"/cdrs":                                 {"Berlin", "Reception", "&#43;4930555123"},
		"/cdrs?number=%2B49+30":                 {"&#43;4930555123"},
		"/cdrs?account=" + h.hotel.ID.String():  {"&#43;4930555123"},
		"/cdrs?account=" + h.clinic.ID.String(): {"No call matches"},
		"/cdrs?number=44":                       {"No call matches"},
		"/cdrs?from=nonsense":                   {},
		"/cdrs/" + id.String():                  {"Why it costs", "Northern Carrier", "the extension", "normal clearing"},
		"/accounts":                             {"Hotel Adlerhof", "Praxis Dr. Sommer", "tree-1"},
		"/accounts?search=dler":                 {"Hotel Adlerhof"},
		"/accounts/new":                         {"<h1>New company", `name="timezone" type="text" value="Europe/Berlin"`},
		"/accounts/new?kind=user":               {"<h1>New account"},
		"/tariffs/new":                          {`name="timezone" type="text" value="Europe/Berlin"`},
		"/cdrs?account=nobody":                  {"No call matches"},
		"/tariffs":                              {"retail", "default for customers", "carrier 2026", "Northern Carrier"},
		"/simulator":                            {"Price the call"},
		"/devices":                              {"pbx-berlin"},
		"/devices/new":                          {"Manager interface", `name="timezone" type="text" value="Europe/Berlin"`},
		"/devices/new?kind=push":                {"pushes records"},
		"/operators":                            {"Northern Carrier", "PJSIP/provider"},
		"/quarantine":                           {"Nothing is quarantined"},
		"/log":                                  {"furnish", "device pbx-berlin"},
		"/log/logins":                           {"logged in"},
		"/accounts/" + h.hotel.ID.String(): {
			"Hotel Adlerhof", "Recharge", "Charge", "&#43;4930555123 Berlin", "id=\"call-",
		},
		"/accounts/" + h.hotel.ID.String() + "/edit":        {"Edit Hotel Adlerhof"},
		"/tariffs/" + h.retail.ID.String():                  {"Berlin", "0.03", "2 rates"},
		"/tariffs/" + h.retail.ID.String() + "?number=4931": {"No rate matches"},
		"/devices/" + h.device.ID.String():                  {"PJSIP/provider", "Northern Carrier", "201", "Reception"},
		"/devices/" + h.device.ID.String() + "/edit":        {"Edit pbx-berlin"},
	} {
		t.Run(path, func(t *testing.T) {
			status := http.StatusOK
			if strings.Contains(path, "nonsense") {
				status = http.StatusUnprocessableEntity
				texts = []string{"Write the time as"}
			}
			a := v.get(path)
			a.want(t, status, texts...)
			a.lacks(t, "ZgotmplZ", "<no value>", "%!")
		})
	}
}

func TestUnknownPages(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	for _, path := range []string{
		"/nowhere", "/cdrs/999", "/cdrs/x", "/accounts/999", "/accounts/-1", "/tariffs/999", "/devices/999",
		"/assets/style.000000000000.css",
	} {
		if a := v.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// TestEnterpriseSeesOnlyItself walks every page as somebody of one company.

func TestEnterpriseSeesOnlyItself(t *testing.T) {
	h := newHouse(t).furnish()
	own := h.call("201", "030555123", 34*time.Second)
	foreign := h.call("301", "030555999", 61*time.Second)
	h.user("hotel", access.RoleAdmin, h.hotel.ID)
	v := h.login("hotel")
	for _, path := range []string{
		"/", "/cdrs", "/accounts", "/simulator", "/cdrs/" + own.String(), "/cdrs.csv", "/log", "/log/logins",
	} {
		a := v.get(path)
		a.want(t, http.StatusOK)
		a.lacks(
			t, "Sommer", "4930555999", "Northern Carrier", "carrier 2026", "PJSIP/provider", "cost_amount",
			">Cost<", ">Margin<",
		)
	}
	v.get("/cdrs").want(t, http.StatusOK, "4930555123")
	for _, path := range []string{
		"/cdrs/" + foreign.String(), "/accounts/" + h.clinic.ID.String(),
	} {
		v.get(path).want(t, http.StatusNotFound)
	}
	for _, path := range []string{
		"/tariffs", "/tariffs/" + h.retail.ID.String(), "/devices", "/devices/" + h.device.ID.String(), "/operators",
		"/quarantine", "/accounts/new", "/accounts/" + h.hotel.ID.String() + "/edit",
	} {
		v.get(path).want(t, http.StatusForbidden, "Not allowed")
	}
	for path, form := range map[string]url.Values{
		"/accounts/" + h.hotel.ID.String() + "/recharge": {"amount": {"10"}, "key": {"k"}},
		"/accounts": {"name": {"x"}}, "/devices": {"name": {"x"}}, "/operators": {"name": {"x"}},
		"/quarantine/replay": {"id": {"1"}},
	} {
		v.post(path, form).want(t, http.StatusForbidden)
	}
	v.post("/accounts/"+h.clinic.ID.String()+"/freeze", url.Values{"frozen": {"yes"}}).want(t, http.StatusNotFound)
	v.post("/accounts/"+h.reception.ID.String()+"/freeze", url.Values{"frozen": {"yes"}}).want(t, http.StatusSeeOther)
	company := "/accounts/" + h.hotel.ID.String()
	v.post(company+"/freeze", url.Values{"frozen": {"no"}}).want(t, http.StatusForbidden) // the house may have frozen it
	v.get(company).lacks(t, "Freeze")
	v.get("/cdrs?account="+h.clinic.ID.String()).lacks(t, "4930555999")
}

func TestReaderChangesNothing(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("reader", access.RoleReader, 0)
	v := h.login("reader")
	v.get("/accounts/"+h.hotel.ID.String()).lacks(t, "/recharge", "Freeze")
	v.get("/devices/"+h.device.ID.String()).lacks(t, "<form method=\"post\" action=\"/devices")
	v.get("/log").want(t, http.StatusForbidden)
	v.post("/accounts/"+h.hotel.ID.String()+"/freeze", url.Values{"frozen": {"yes"}}).want(t, http.StatusForbidden)
}

func TestStrangersAreSentToLogIn(t *testing.T) {
	h := newHouse(t).furnish()
	v := h.visitor()
	a := v.get("/cdrs?class=mobile")
	a.want(t, http.StatusSeeOther)
	if got := a.header.Get("Location"); got != "/login?next=%2Fcdrs%3Fclass%3Dmobile" {
		t.Error(got)
	}
	v.get("/login?next=%2Fcdrs").want(t, http.StatusOK, `name="next" value="/cdrs"`)
	v.get("/login?next=https%3A%2F%2Fevil.example").want(t, http.StatusOK, `name="next" value="/"`)
	v.get("/login?next=%2F%2Fevil.example").want(t, http.StatusOK, `name="next" value="/"`)
	v.post("/accounts", url.Values{}).want(t, http.StatusUnauthorized)
	v.send(http.MethodGet, "/live", "", map[string]string{"Accept": "text/event-stream"}).
		want(t, http.StatusUnauthorized)
	v.post("/login", url.Values{"user": {"nobody"}, "password": {"wrong"}}).
		want(t, http.StatusUnauthorized, "The name or the password is wrong.", `value="nobody"`)
}

func TestHeaders(t *testing.T) {
	h := newHouse(t)
	a := h.visitor().get("/login")
	for name, want := range map[string]string{
		"Content-Security-Policy": frame.Policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "same-origin", "Cache-Control": "no-store",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	style := regexp.MustCompile(`/assets/style\.[0-9a-f]{12}\.css`).FindString(a.body)
	css := h.visitor().get(style)
	css.want(t, http.StatusOK, "--accent")
	if got := css.header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Error(got)
	}
}

func TestRequestsOfOtherSitesAreRefused(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	path := "/accounts/" + h.hotel.ID.String() + "/freeze"
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
	} {
		v.send(http.MethodPost, path, "frozen=yes", header).want(t, http.StatusForbidden)
	}
	a, err := h.db.Account(t.Context(), store.Everything, h.hotel.ID)
	if err != nil || a.Frozen {
		t.Error("frozen by another site", err)
	}
}

func TestSetupLinkWorksOnce(t *testing.T) {
	h := newHouse(t)
	secret, needed, err := h.gate.FirstLink(t.Context())
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	v := h.visitor()
	v.get("/setup/wrong").want(t, http.StatusNotFound, "This link opens nothing")
	v.get("/setup/"+secret).want(t, http.StatusOK, "first administrator")
	for name, form := range map[string]url.Values{
		"At least 12 characters":    {"user": {"admin"}, "password": {"short"}, "again": {"short"}},
		"The two passwords differ.": {"user": {"admin"}, "password": {testPassword}, "again": {testPassword + "x"}},
		"Choose a name":             {"password": {testPassword}, "again": {testPassword}},
		"want 1 to 64 letters":      {"user": {"A B"}, "password": {testPassword}, "again": {testPassword}},
	} {
		v.post("/setup/"+secret, form).want(t, http.StatusUnprocessableEntity, name)
	}
	good := url.Values{"user": {"admin"}, "password": {testPassword}, "again": {testPassword}}
	v.post("/setup/"+secret, good).want(t, http.StatusSeeOther)
	v.get("/").want(t, http.StatusOK, "Connect your telephone system", "0 of 5 done")
	h.visitor().post("/setup/"+secret, good).want(t, http.StatusNotFound)
	v.post("/logout", nil).want(t, http.StatusSeeOther)
	v.get("/").want(t, http.StatusSeeOther)
}

func TestExport(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.call("201", "030555123", 34*time.Second)
	h.call("=cmd()", "030555124", 0)
	v := h.login("admin")
	a := v.get("/cdrs.csv")
	a.want(t, http.StatusOK, "id,start,answer", ",'=cmd(),", "0.017000,EUR,34,4930,priced", "Reception", ",unanswered")
	if got := a.header.Get("Content-Disposition"); !strings.Contains(got, "attachment") {
		t.Error(got)
	}
	if lines := strings.Count(a.body, "\n"); lines != 3 {
		t.Errorf("%d lines: %s", lines, a.body)
	}
	v.get("/cdrs.csv?extension=201").lacks(t, "030555124")
}

// TestUnpaidCallsAreNoRevenue: what nobody is there to pay stands apart.
func TestUnpaidCallsAreNoRevenue(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	h.call("201", "030555123", 34*time.Second)
	v.get("/").want(t, http.StatusOK, "Revenue</dt><dd>0.01<").lacks(t, "Unpaid")
	h.call("999", "030555124", time.Minute)
	a := v.get("/")
	a.want(t, http.StatusOK, "Revenue</dt><dd>0.01<", "Unpaid", `href="/cdrs?account=nobody&amp;from=`)
	v.get("/cdrs?account=nobody").
		want(t, http.StatusOK, "4930555124", "selected>Nobody", "Nobody was found to pay").lacks(t, "4930555123")
	v.get("/cdrs.csv?account=nobody").want(t, http.StatusOK, "030555124").lacks(t, "030555123")
}

// TestOpenStepsStay: what is still to be set up is listed until it is done.
func TestOpenStepsStay(t *testing.T) {
	h := newHouse(t)
	h.user("admin", access.RoleAdmin, 0)
	change := func(do func(*store.Change) error) {
		t.Helper()
		if err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "furnish", do); err != nil {
			t.Fatal(err)
		}
	}
	change(func(c *store.Change) error {
		h.hotel = company("Hotel", tollgate.ModePostpaid)
		return errors.Join(c.PutAccount(&h.hotel), h.putDevice(c))
	})
	h.user("hotel", access.RoleAdmin, h.hotel.ID)
	h.call("201", "030555123", 34*time.Second)
	v := h.login("admin")
	v.get("/").want(t, http.StatusOK, "Still to set up", "Make a tariff", "Name the operator").
		lacks(t, "Make a call", "Add an Asterisk", "of 5 done")
	h.login("hotel").get("/").lacks(t, "Still to set up")
	change(h.putTariffs)
	v.get("/").lacks(t, "Still to set up")
}

// TestChargeLater: a call that nobody was found to pay is found, though it has no
// price, its page says what to do, and it is charged once its extension is mapped.
func TestChargeLater(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("operator", access.RoleReader, 0)
	h.retail.DefaultCustomer, h.clinic.Tariff = false, h.retail.ID
	change := func(do func(*store.Change) error) {
		t.Helper()
		if err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "test", do); err != nil {
			t.Fatal(err)
		}
	}
	change(func(c *store.Change) error { return errors.Join(c.PutTariff(&h.retail), c.PutAccount(&h.clinic)) })
	id := h.call("999", "030555124", time.Minute).String()
	h.call("998", "030555125", time.Minute)
	v := h.login("admin")
	v.get("/").want(t, http.StatusOK, "Unpaid", `href="/cdrs?account=nobody&amp;from=`)
	v.get("/cdrs?account=nobody").want(t, http.StatusOK, "4930555124", "Find who pays, and charge")
	v.get("/cdrs").lacks(t, "Find who pays, and charge")
	h.login("operator").get("/cdrs?account=nobody").want(t, http.StatusOK, "4930555124").lacks(t, "Find who pays, and")
	h.login("operator").post("/cdrs/charge", url.Values{"account": {"nobody"}}).want(t, http.StatusForbidden)
	v.get("/cdrs/"+id).want(t, http.StatusOK, "no rule found an account", "Map extension 999",
		`href="/devices/`+h.device.ID.String(), `href="/cdrs?account=nobody"`, "Find who pays, and charge")
	press := func(texts ...string) {
		t.Helper()
		a := v.post("/cdrs/charge", url.Values{"account": {"nobody"}, "extension": {"999"}}).want(t, http.StatusSeeOther)
		v.get(a.header.Get("Location")).want(t, http.StatusOK, texts...)
	}
	press("No call could be charged", "1 call still has nobody", "map the extension")
	change(func(c *store.Change) error {
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "999", Account: h.clinic.ID})
	})
	press("1 call has somebody who pays now, and is charged.")
	press("No call of this search was left to charge.")
	v.get("/cdrs/"+id).want(t, http.StatusOK, "Praxis Dr. Sommer", "the extension").
		lacks(t, "no rule found an account", "Find who pays, and charge")
	v.get("/cdrs?account=nobody").want(t, http.StatusOK, "4930555125").lacks(t, "4930555124")
	v.get("/log").want(t, http.StatusOK, "find who pays")
}

// TestPriceAgainNamesTheDeck: the rate is there, in a deck that came into force later.
func TestPriceAgainNamesTheDeck(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.retail.Default.Price = ""
	err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "test", func(c *store.Change) error {
		return errors.Join(c.PutTariff(&h.retail), c.PutDeck(&tollgate.Deck{
			Tariff: h.retail.ID, Effective: h.now().Add(time.Hour), Rates: []tollgate.Rate{{Prefix: "44", Price: "1"}},
		}))
	})
	if err != nil {
		t.Fatal(err)
	}
	id := h.call("301", "00441234567", time.Minute)
	v := h.login("admin")
	v.get("/cdrs?status=unpriced").want(t, http.StatusOK, "the decks that were in force when they began")
	a := v.post("/cdrs/price", url.Values{"status": {"unpriced"}}).want(t, http.StatusSeeOther)
	v.get(a.header.Get("Location")).want(t, http.StatusOK,
		"No deck that was in force when these calls began has a rate for them", "one with an earlier “In force from”")
	v.get("/cdrs/"+id.String()).want(t, http.StatusOK,
		"No deck of the tariff retail that was in force when the call began", "one with an earlier “In force from”")
}
