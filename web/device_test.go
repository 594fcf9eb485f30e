package web

import (
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

func TestDeviceForms(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	good := url.Values{
		"kind": {"asterisk"}, "name": {"pbx-hamburg"}, "timezone": {"Europe/Berlin"}, "address": {"192.0.2.7"},
		"username": {"tollgate"}, "secret": {"s3cret-of-ami"}, "trunks": {"PJSIP/provider\nDAHDI/g1"}, "country": {"de"},
		"area_code": {"40"}, "route_prefixes": {"0, 9"}, "private_codes": {"*7*"}, "enabled": {"yes"},
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
		"area":    {"area_code", "040", `id="area_code-error">Begins with the national prefix 0 of DE: write 40.<`},
		"unknown": {"country", "xx", `id="country-error">No numbering plan is known.<`},
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
	v.get(path).want(t, http.StatusOK, "agi://127.0.0.1:4573/pbx-hamburg", "write = system,reporting,call",
		"none: make a password")
	v.post(path+"/password", nil).want(t, http.StatusOK, "agi://TOLLGATE:4573/pbx-hamburg?key=")
	v.get(path+"/edit").want(t, http.StatusOK, "Docking account", `value="pbx-hamburg"`, "Calls need credit").
		lacks(t, "s3cret-of-ami")
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
	v.post(
		path+"/trunks", url.Values{"name": {"DAHDI/g1"}, "operator": {h.operator.ID.String()}},
	).want(t, http.StatusSeeOther)
	v.post(path+"/extensions", url.Values{"number": {"44"}}).want(
		t, http.StatusUnprocessableEntity, "Choose the account that pays.",
	)
	v.post(
		path+"/extensions",
		url.Values{"number": {"44"}, "name": {"Bar"}, "account": {h.hotel.ID.String()}},
	).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Northern Carrier", "Bar")
	v.post(path+"/extensions/delete", url.Values{"number": {"44"}}).want(t, http.StatusSeeOther)
	v.post(path+"/trunks/delete", url.Values{"name": {"DAHDI/g1"}}).want(t, http.StatusSeeOther)
	v.get(path).lacks(t, ">Bar<")
}

// TestMappingSaysWhoseItWas: what somebody else had is not taken over silently,
// and the notice names nobody whom the reader may not know.
func TestMappingSaysWhoseItWas(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("clinic", access.RoleAdmin, h.clinic.ID)
	v, path := h.login("admin"), "/devices/"+h.device.ID.String()
	save := func(what string, values url.Values) answer {
		t.Helper()
		a := v.post(path+"/"+what, values)
		a.want(t, http.StatusSeeOther)
		return v.get(a.header.Get("Location"))
	}
	reception := url.Values{"number": {"44"}, "account": {h.reception.ID.String()}}
	save("extensions", url.Values{"number": {"44"}, "account": {h.hotel.ID.String()}}).lacks(t, "mapped before")
	save("extensions", reception).
		want(t, http.StatusOK, "The extension is saved. It was mapped before, to Hotel Adlerhof.")
	save("extensions", reception).want(t, http.StatusOK, "The extension is saved.").lacks(t, "mapped before")
	h.login("clinic").get(path+"?done=extension&was="+h.hotel.ID.String()).lacks(t, "Hotel Adlerhof")
	save("trunks", url.Values{"name": {"DAHDI/g1"}, "operator": {h.operator.ID.String()}}).lacks(t, "mapped before")
	save("trunks", url.Values{"name": {"DAHDI/g1"}}).
		want(t, http.StatusOK, "The trunk is saved. It was mapped before, to Northern Carrier.")
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestProblemsAreShown: one of a device that is connected is a warning.
func TestProblemsAreShown(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleAdmin, h.hotel.ID)
	h.device.Kind, h.device.Asterisk = tollgate.DeviceAsterisk, tollgate.AMISettings{Address: "192.0.2.7:5038"}
	err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "device", func(c *store.Change) error {
		return c.PutDevice(&h.device, "")
	})
	if err != nil {
		t.Fatal(err)
	}
	const problem = "the user may not set filters"
	h.status = []tollgate.DeviceStatus{{Device: h.device.ID, Connected: true, Problem: problem}}
	v := h.login("admin")
	v.get("/").want(t, http.StatusOK, `class="notice warn"`, "Connected: "+problem)
	v.get("/devices").want(t, http.StatusOK, `mark good">Connected`, `sub warn">`+problem)
	v.get("/devices/"+h.device.ID.String()).want(t, http.StatusOK, `class="notice warn"`, problem)
	h.login("hotel").get("/").lacks(t, problem)
	h.status[0].Connected = false
	v.get("/").want(t, http.StatusOK, `class="notice bad"`, "Not connected: "+problem)
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
	v.post(
		"/operators", url.Values{"id": {h.operator.ID.String()}, "name": {"Southern Carrier"}},
	).want(t, http.StatusSeeOther)
	v.get("/operators").want(t, http.StatusOK, "Backup", "Southern Carrier", "none: calls have no cost")
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
