package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// permits returns who may mark calls as private.
func (h *house) permits() []tollgate.Permit {
	h.t.Helper()
	found, err := h.db.Permits(h.t.Context(), store.Everything)
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

func TestPrivateCallsArePermitted(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("reader", access.RoleReader, 0)
	v := h.login("admin")
	path := "/devices/" + h.device.ID.String()
	v.get(path).want(t, http.StatusOK, "Nobody may", "by *7* before the number", "until somebody may")
	for _, who := range []string{"", "account x", "reception", "account 0"} {
		v.post(path+"/permits", url.Values{"who": {who}}).
			want(t, http.StatusUnprocessableEntity, "Choose a user or a group.", `id="permit-who-error"`)
	}
	v.post(path+"/permits", url.Values{"who": {"account 999"}}).want(t, http.StatusUnprocessableEntity, "999")
	account := url.Values{"who": {"account " + h.reception.ID.String()}}
	v.post(path+"/permits", account).want(t, http.StatusSeeOther)
	v.get(path+"?done=permit").want(t, http.StatusOK, "The permission is given.", "Take the permission from Reception")

	a := v.post("/groups", url.Values{"enterprise": {h.hotel.ID.String()}, "name": {"Managers"}})
	a.want(t, http.StatusSeeOther)
	group, _, _ := strings.Cut(a.header.Get("Location"), "?")
	id := strings.TrimPrefix(group, "/groups/")
	v.post(path+"/permits", url.Values{"who": {"group " + id}}).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Managers</a> <span class=\"mark\">group</span>")
	if got := h.permits(); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	v.post(path+"/permits/delete", account).want(t, http.StatusSeeOther)
	if got := h.permits(); len(got) != 1 || got[0].Group.String() != id {
		t.Errorf("%+v", got)
	}
	reader := h.login("reader")
	reader.get(path).want(t, http.StatusOK, "Managers").lacks(t, "/permits")
	reader.post(path+"/permits", account).want(t, http.StatusForbidden)
}

func TestGroups(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("clinic", access.RoleAdmin, h.clinic.ID)
	v := h.login("admin")
	v.get("/groups").want(t, http.StatusOK, "No groups yet", "Add a group")
	v.post("/groups", url.Values{"name": {"x"}}).want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	a := v.post("/groups", url.Values{"enterprise": {h.hotel.ID.String()}, "name": {"Managers"}})
	group, _, _ := strings.Cut(a.header.Get("Location"), "?")
	v.get(a.header.Get("Location")).want(t, http.StatusOK, "The group is saved.", "No members", "Hotel Adlerhof")
	v.post(group+"/members", url.Values{}).want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	v.post(group+"/members", url.Values{"account": {h.clinic.ID.String()}}).want(t, http.StatusUnprocessableEntity)
	v.post(group+"/members", url.Values{"account": {h.reception.ID.String()}}).want(t, http.StatusSeeOther)
	v.get(group).want(t, http.StatusOK, ">Reception</a>", "Remove Reception")
	v.get("/groups").want(t, http.StatusOK, "Managers", `class="num">1<`)
	clinic := h.login("clinic")
	clinic.get("/groups").want(t, http.StatusOK, "No groups yet").lacks(t, "Managers", "Add a group")
	clinic.get(group).want(t, http.StatusNotFound)
	v.post(group+"/leave", url.Values{"account": {h.reception.ID.String()}}).want(t, http.StatusSeeOther)
	v.get(group).want(t, http.StatusOK, "No members")
	v.post(group+"/delete", nil).want(t, http.StatusSeeOther)
	v.get(group).want(t, http.StatusNotFound)
	v.get("/groups/x").want(t, http.StatusNotFound)
}
