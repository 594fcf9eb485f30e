package web

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
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
		"/":                                {"Overview", "Berlin", "0.01", "data-live"},
		"/cdrs":                            {"Berlin", "Reception", "&#43;4930555123"},
		"/cdrs?number=%2B49+30":            {"&#43;4930555123"},
		"/cdrs?number=44":                  {"No call matches"},
		"/cdrs?from=nonsense":              {},
		"/cdrs/" + id.String():             {"Why it costs", "Northern Carrier", "the extension", "normal clearing"},
		"/accounts":                        {"Hotel Adlerhof", "Praxis Dr. Sommer", "tree-1"},
		"/accounts?search=dler":            {"Hotel Adlerhof"},
		"/accounts/new":                    {"New account"},
		"/tariffs":                         {"retail", "default for customers", "carrier 2026", "Northern Carrier"},
		"/simulator":                       {"Price the call"},
		"/devices":                         {"pbx-berlin"},
		"/devices/new":                     {"Manager interface"},
		"/devices/new?kind=push":           {"pushes records"},
		"/operators":                       {"Northern Carrier", "PJSIP/provider"},
		"/quarantine":                      {"Nothing is quarantined"},
		"/log":                             {"furnish", "device pbx-berlin"},
		"/log/logins":                      {"logged in"},
		"/accounts/" + h.hotel.ID.String(): {"Hotel Adlerhof", "Recharge", "Charge"},
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
	for _, path := range []string{"/", "/cdrs", "/accounts", "/simulator", "/cdrs/" + own.String(), "/cdrs.csv", "/log", "/log/logins"} {
		a := v.get(path)
		a.want(t, http.StatusOK)
		a.lacks(t, "Sommer", "4930555999", "Northern Carrier", "carrier 2026", "PJSIP/provider", "cost_amount", ">Cost<", ">Margin<")
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
		"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
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

func TestRecharge(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	path := "/accounts/" + h.hotel.ID.String()
	for amount, fault := range map[string]string{
		"": "Please fill this in.", "12,50": "with a point", "x": "such as 12.50", "0": "other than zero",
		"-5": "post a correction", "1.1234567": "six decimals",
	} {
		v.post(path+"/recharge", url.Values{"amount": {amount}, "key": {"k1"}, "note": {"my note"}}).
			want(t, http.StatusUnprocessableEntity, fault, `value="my note"`, `aria-invalid="true"`)
	}
	key := hidden(t, v.get(path).body, "key")
	form := url.Values{"amount": {"50.25"}, "note": {"Cash"}, "key": {key}}
	for range 2 { // sent twice, posted once
		v.post(path+"/recharge", form).want(t, http.StatusSeeOther)
	}
	v.post(path+"/correct", url.Values{"amount": {"-0.25"}, "key": {"k2"}}).want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	v.post(path+"/correct", url.Values{"amount": {"-0.25"}, "note": {"Typing error"}, "key": {"k2"}}).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "50.25", "0.25", "Cash", "Typing error", "admin")
	a, err := h.db.Account(t.Context(), store.Everything, h.hotel.ID)
	if err != nil || a.Balance != 50_000_000 {
		t.Error(a.Balance, err)
	}
}

func TestAccountForms(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	for name, c := range map[string]struct {
		form  url.Values
		fault string
	}{
		"no name":      {url.Values{"kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"prepaid"}}, "Please fill this in."},
		"currency":     {url.Values{"name": {"x"}, "kind": {"enterprise"}, "currency": {"eur"}, "mode": {"prepaid"}}, "capital letters"},
		"zone":         {url.Values{"name": {"x"}, "kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"prepaid"}, "timezone": {"Mars"}}, "such as Europe/Berlin"},
		"no company":   {url.Values{"name": {"x"}, "kind": {"user"}, "currency": {"EUR"}, "mode": {"prepaid"}}, "Choose the company"},
		"parent pays":  {url.Values{"name": {"x"}, "kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"parent"}}, "pays for itself"},
		"credit limit": {url.Values{"name": {"x"}, "kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"prepaid"}, "credit_limit": {"-1"}}, "zero or above"},
		"other parent": {url.Values{"name": {"x"}, "kind": {"user"}, "currency": {"EUR"}, "mode": {"parent"}, "enterprise": {h.hotel.ID.String()}, "parent": {h.clinic.ID.String()}}, "same company"},
	} {
		t.Run(name, func(t *testing.T) {
			v.post("/accounts", c.form).want(t, http.StatusUnprocessableEntity, c.fault)
		})
	}
	a := v.post("/accounts", url.Values{
		"name": {"Room 12"}, "kind": {"user"}, "currency": {"EUR"}, "mode": {"quota"}, "enterprise": {h.hotel.ID.String()},
		"parent": {h.reception.ID.String()}, "allowance": {"20"}, "reset": {"month"}, "code": {"4712"},
	})
	a.want(t, http.StatusSeeOther)
	path, _, _ := strings.Cut(a.header.Get("Location"), "?")
	v.get(path).want(t, http.StatusOK, "Room 12", "quota per month", "20.00", "Reception", "4712")
	v.get(path+"/edit").want(t, http.StatusOK, `value="20.00"`, `value="4712"`)
	v.post(path, url.Values{"name": {"Room 12b"}, "mode": {"quota"}, "parent": {h.reception.ID.String()}, "allowance": {"25.5"}, "reset": {"week"}}).
		want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Room 12b", "quota per week", "25.50")
	v.post(path+"/freeze", url.Values{"frozen": {"yes"}}).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Frozen", "Unfreeze")
}

func TestDeviceForms(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	good := url.Values{
		"kind": {"asterisk"}, "name": {"pbx-hamburg"}, "timezone": {"Europe/Berlin"}, "address": {"192.0.2.7"},
		"username": {"tollgate"}, "secret": {"s3cret-of-ami"}, "trunks": {"PJSIP/provider\nDAHDI/g1"}, "country": {"de"},
		"area_code": {"040"}, "route_prefixes": {"0, 9"}, "private_codes": {"*7*"}, "enabled": {"yes"},
		"default_account": {h.hotel.ID.String()}, "extension_digits_max": {"4"},
	}
	for name, c := range map[string]struct{ field, value, fault string }{
		"name":    {"name", "pbx hamburg", "Use letters, digits"},
		"address": {"address", "host:port:x", "pbx.example.com:5038"},
		"port":    {"address", "host:99999", "pbx.example.com:5038"},
		"secret":  {"secret", "", "secret of the user"},
		"trunks":  {"trunks", "", "at least one trunk"},
		"trunk":   {"trunks", "provider", "PJSIP/provider"},
		"country": {"country", "Germany", "two letters"},
		"digits":  {"extension_digits_max", "x", "0 to 12"},
		"taken":   {"name", "pbx-berlin", "pbx-berlin"},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{}
			for k, values := range good {
				form[k] = values
			}
			form.Set(c.field, c.value)
			a := v.post("/devices", form)
			a.want(t, http.StatusUnprocessableEntity, c.fault, "DAHDI/g1"[:boolInt(c.field != "trunks")*8])
			a.lacks(t, "s3cret-of-ami")
		})
	}
	a := v.post("/devices", good)
	a.want(t, http.StatusSeeOther)
	path, _, _ := strings.Cut(a.header.Get("Location"), "?")
	v.get(path).want(t, http.StatusOK, "192.0.2.7:5038", "DAHDI/g1", "not mapped yet", "Hotel Adlerhof", "Not followed")
	v.get(path+"/edit").lacks(t, "s3cret-of-ami")
	good.Set("secret", "")
	good.Set("name", "pbx-hh")
	v.post(path, good).want(t, http.StatusSeeOther)
	devices, err := h.db.Devices(t.Context(), store.Everything)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		if d.Name == "pbx-hh" && d.Asterisk.Secret != "s3cret-of-ami" {
			t.Error("an empty secret must keep the one stored")
		}
	}
	v.post(path+"/trunks", url.Values{"name": {"DAHDI/g1"}, "operator": {h.operator.ID.String()}}).want(t, http.StatusSeeOther)
	v.post(path+"/extensions", url.Values{"number": {"44"}}).want(t, http.StatusUnprocessableEntity, "Choose the account that pays.")
	v.post(path+"/extensions", url.Values{"number": {"44"}, "name": {"Bar"}, "account": {h.hotel.ID.String()}}).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Northern Carrier", "Bar")
	v.post(path+"/extensions/delete", url.Values{"number": {"44"}}).want(t, http.StatusSeeOther)
	v.post(path+"/trunks/delete", url.Values{"name": {"DAHDI/g1"}}).want(t, http.StatusSeeOther)
	v.get(path).lacks(t, ">Bar<")
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestDockingPasswordIsShownOnceAndWorks(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	path := "/devices/" + h.device.ID.String()
	a := v.post(path+"/password", nil)
	a.want(t, http.StatusOK, "Docking password", "/api/v1/devices/pbx-berlin/records")
	password := regexp.MustCompile(`class="secret">([a-z0-9]+)<`).FindStringSubmatch(a.body)
	if password == nil {
		t.Fatal(a.body)
	}
	d, err := h.gate.Dock(t.Context(), "pbx-berlin", password[1], "192.0.2.1")
	if err != nil || d.ID != h.device.ID {
		t.Error(d.ID, err)
	}
	v.get(path).lacks(t, password[1])
}

func TestOperators(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	v.post("/operators", url.Values{}).want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	v.post("/operators", url.Values{"name": {"Backup"}, "tariff": {h.carrier.ID.String()}}).want(t, http.StatusSeeOther)
	v.get("/operators?edit="+h.operator.ID.String()).want(t, http.StatusOK, "Edit operator", `value="Northern Carrier"`)
	v.post("/operators", url.Values{"id": {h.operator.ID.String()}, "name": {"Southern Carrier"}}).want(t, http.StatusSeeOther)
	v.get("/operators").want(t, http.StatusOK, "Backup", "Southern Carrier", "none: calls have no cost")
}

func TestSimulator(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	ask := func(number, line, duration string) answer {
		return v.get("/simulator?" + url.Values{
			"number": {number}, "line": {line}, "duration": {duration}, "when": {"2026-11-18T12:00:00"},
			"account": {h.reception.ID.String()},
		}.Encode())
	}
	line := h.device.ID.String() + " PJSIP/provider"
	ask("030 555 123", line, "0:30").want(t, http.StatusOK, "&#43;4930555123", "Berlin", "0.01<", "retail", "carrier 2026", "Rounded once")
	ask("+49 40 1234567", "", "180").want(t, http.StatusOK, "&#43;49401234567", "0.18<")
	ask("", line, "30").want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	ask("030", line, "soon").want(t, http.StatusUnprocessableEntity, "minutes and seconds")
	v.get("/simulator?number=030&line=999").want(t, http.StatusNotFound)
}

func TestQuarantineIsShownAndReplayed(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	end := time.Now().UTC()
	bad := tollgate.Record{
		Call: tollgate.CallID{Device: 4711, UniqueID: "x.1"}, Source: tollgate.SourceHTTP, Direction: tollgate.Outbound,
		Dialed: "030555", Start: end.Add(-time.Minute), Answer: end.Add(-time.Minute), End: end, Raw: `<raw & "record">`,
	}
	if _, err := h.office.Finish(t.Context(), []tollgate.Record{bad}); err != nil {
		t.Fatal(err)
	}
	v := h.login("admin")
	a := v.get("/quarantine")
	a.want(t, http.StatusOK, "&lt;raw &amp;", "Replay", `class="count">1<`)
	a = v.post("/quarantine/replay", url.Values{"id": {hidden(t, a.body, "id")}})
	a.want(t, http.StatusSeeOther)
	v.get(a.header.Get("Location")).want(t, http.StatusOK, "1 record could still not be understood")
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

func TestTariffForms(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	good := url.Values{
		"name": {"night"}, "currency": {"EUR"}, "timezone": {"Europe/Berlin"}, "default.price": {"0.05"},
		"default.price_peak": {"0.10"}, "peak.from": {"08:00"}, "peak.to": {"18:00"},
		"peak.weekend": {"saturday, sunday"}, "peak.holidays": {"12-25, de-by"}, "rounding": {"half_up"},
	}
	for field, c := range map[string]struct{ value, fault string }{
		"name": {"", "Please fill this in."}, "currency": {"euro", "upper case"}, "timezone": {"Mars", "Europe/Berlin"},
		"default.price": {"0,05", "aria-invalid"}, "peak.from": {"8 am", "aria-invalid"}, "peak.weekend": {"Samstag", "sunday, monday"},
		"peak.holidays": {"xx-yy", "aria-invalid"}, "decimals": {"7", "aria-invalid"}, "grace": {"-1", "zero or above"},
		"per": {"0", "whole seconds"}, "min_charge": {"x", "aria-invalid"},
	} {
		t.Run(field, func(t *testing.T) {
			form := url.Values{}
			for k, values := range good {
				form[k] = values
			}
			form.Set(field, c.value)
			v.post("/tariffs", form).want(t, http.StatusUnprocessableEntity, c.fault, field+"-error")
		})
	}
	a := v.post("/tariffs", good)
	a.want(t, http.StatusSeeOther)
	path, _, _ := strings.Cut(a.header.Get("Location"), "?")
	v.get(path).want(t, http.StatusOK, "night", "0.05 per minute", "08:00–18:00", "de-by", "Import rates")
	v.get(path+"/edit").want(t, http.StatusOK, `value="saturday, sunday"`, `value="60"`)
	good.Set("name", "day")
	good.Set("per", "1")
	v.post(path, good).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "day", "0.05 per second")
}

// upload posts a sheet of rates.
func (v *visitor) upload(path, sheet string, fields url.Values) answer {
	v.h.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name := range fields {
		if err := m.WriteField(name, fields.Get(name)); err != nil {
			v.h.t.Fatal(err)
		}
	}
	part, err := m.CreateFormFile("sheet", "rates.csv")
	if err == nil {
		_, err = part.Write([]byte(sheet))
	}
	if err := errors.Join(err, m.Close()); err != nil {
		v.h.t.Fatal(err)
	}
	return v.send(http.MethodPost, path, body.String(), map[string]string{
		"Sec-Fetch-Site": "same-origin", "Content-Type": m.FormDataContentType(),
	})
}

func TestRatesAreUploaded(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	path := "/tariffs/" + h.retail.ID.String()
	v.upload(path+"/decks", "prefix,price\n49,0.05\n+1,0.02\n49,0.06\n", nil).
		want(t, http.StatusUnprocessableEntity, "line 3", "line 4", "2 lines were refused")
	v.upload(path+"/decks", "", nil).want(t, http.StatusUnprocessableEntity, "Choose a sheet.")
	v.upload(path+"/decks", "prefix,cost\n", nil).want(t, http.StatusUnprocessableEntity, "cost")
	sheet := "prefix,name,price\n49,Germany,0.05\n4989,Munich,0.01\n"
	v.upload(path+"/decks", sheet, url.Values{"do": {"check"}}).
		want(t, http.StatusOK, "What would change", "Added</dt><dd>1<", "Removed</dt><dd>1<", "Changed</dt><dd>1<")
	v.get(path).want(t, http.StatusOK, "Berlin").lacks(t, "Munich")
	v.upload(path+"/decks", sheet, nil).want(t, http.StatusSeeOther)
	v.upload(path+"/decks", sheet, url.Values{"effective": {"2099-01-01T00:00"}}).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Munich", "not yet in force", "2 rates").lacks(t, "Berlin</td>")
	v.get(path+"/rates.csv").want(t, http.StatusOK, "4989,,,Munich,0.01")
}

func TestUnpricedCallsArePricedAgain(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	path := "/tariffs/" + h.retail.ID.String()
	v.post(path, url.Values{"name": {"retail"}, "currency": {"EUR"}, "default_customer": {"yes"}}).want(t, http.StatusSeeOther)
	id := h.call("201", "00302101234567", time.Minute)
	v.get("/").want(t, http.StatusOK, `href="/cdrs?from=`, "unpriced")
	v.get("/cdrs/"+id.String()).want(t, http.StatusOK, "Add a rate for this number to the tariff retail")
	v.post("/cdrs/price", url.Values{"status": {"unpriced"}}).want(t, http.StatusSeeOther)
	v.get("/cdrs?status=unpriced&priced=0").want(t, http.StatusOK, "No call could be priced", "Price again")
	v.upload(path+"/decks", "prefix,price\n30,0.30\n", nil).want(t, http.StatusSeeOther)
	a := v.post("/cdrs/price", url.Values{"status": {"unpriced"}})
	a.want(t, http.StatusSeeOther)
	v.get(a.header.Get("Location")).want(t, http.StatusOK, "1 call has a price now.")
	v.get("/cdrs/"+id.String()).want(t, http.StatusOK, "0.30<")
}
