package web

import (
	"net/http"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
)

func (h *house) alert(a tollgate.Alert) {
	h.t.Helper()
	if err := h.db.PutAlert(h.t.Context(), &a); err != nil {
		h.t.Fatal(err)
	}
}

func TestAlertsAreShown(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleReader, h.hotel.ID)
	v := h.login("admin")
	v.get("/alerts").want(t, http.StatusOK, "No alerts").lacks(t, `class="count"`)
	h.alert(tollgate.Alert{
		Enterprise: h.clinic.ID, Account: h.clinic.ID, Kind: tollgate.AlertLowCredit, Text: "an old one",
		At: h.now().Add(-48 * time.Hour),
	})
	v.get("/alerts").want(t, http.StatusOK, "an old one", "low credit", "Praxis Dr. Sommer").lacks(t, `class="count"`)
	h.alert(tollgate.Alert{
		Enterprise: h.hotel.ID, Account: h.reception.ID, Kind: tollgate.AlertCutFailed, Text: "it talks on",
		Call: tollgate.CallID{Device: h.device.ID, UniqueID: "1763646127.4711"},
	})
	h.alert(tollgate.Alert{Kind: tollgate.AlertOrphan, Text: "of the house"})
	v.get("/alerts").want(t, http.StatusOK, "call not ended", "it talks on", "pbx-berlin 1763646127.4711", "of the house",
		`class="count">2<`)
	h.login("hotel").get("/alerts").want(t, http.StatusOK, "it talks on", `class="count">1<`).
		lacks(t, "an old one", "of the house")
}

// TestPrivateCallsAreMasked: nobody sees the last digits, on no page and in no
// sheet.
func TestPrivateCallsAreMasked(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleAdmin, h.hotel.ID)
	h.device.Plan.PrivateCodes = []string{"*7*"}
	v := h.login("admin")
	h.change("private code", h.device)
	v.post("/devices/"+h.device.ID.String()+"/permits", map[string][]string{
		"who": {"account " + h.reception.ID.String()},
	}).want(t, http.StatusSeeOther)
	id := h.call("201", "*7*030551234", 34*time.Second)
	for _, name := range []string{"admin", "hotel"} {
		v := h.login(name)
		for _, path := range []string{"/", "/cdrs", "/cdrs/" + id.String(), "/accounts/" + h.hotel.ID.String(), "/log"} {
			v.get(path).lacks(t, "551234")
		}
		v.get("/cdrs").want(t, http.StatusOK, "&#43;493055XXXX")
		v.get("/cdrs?number=493055").want(t, http.StatusOK, "&#43;493055XXXX")
		v.get("/cdrs?number=4930551").want(t, http.StatusOK, "No call matches").lacks(t, "XXXX")
		v.get("/cdrs.csv?number=4930551").want(t, http.StatusOK).lacks(t, "XXXX")
		v.get("/cdrs/"+id.String()).want(t, http.StatusOK, "&#43;493055XXXX", "*7*03055XXXX", "Private")
		v.get("/cdrs.csv").want(t, http.StatusOK, "*7*03055XXXX,493055XXXX", ",true,").lacks(t, "551234")
	}
}
