package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/store/card"

	"github.com/chromedp/chromedp"
)

// issue is a form that asks for two cards of the hotel.
func (h *house) issue(name string) url.Values {
	return url.Values{
		"enterprise": {h.hotel.ID.String()}, "name": {name}, "count": {"2"}, "amount": {"10.00"}, "currency": {"EUR"},
		"valid_days": {"30"},
	}
}

// cards returns the cards there are, the newest first.
func (h *house) cards() []card.Card {
	h.t.Helper()
	found, err := card.List(h.t.Context(), h.db, store.Everything, card.Filter{}, store.Paging{})
	if err != nil {
		h.t.Fatal(err)
	}
	return found.Items
}

func TestCardsAreIssued(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleAdmin, h.hotel.ID)
	h.user("clinic", access.RoleAdmin, h.clinic.ID)
	v := h.login("admin")
	v.get("/cards").want(t, http.StatusOK, "No cards yet", "/cards/new")
	for name, c := range map[string]struct{ field, value, fault string }{
		"company":  {"enterprise", "", "Choose the company"},
		"name":     {"name", "", "Please fill this in."},
		"count":    {"count", "10001", "from 1 to 10,000"},
		"amount":   {"amount", "-1", "above zero"},
		"digits":   {"pin_digits", "3", "want 4 to 8"},
		"past":     {"expires", "2020-01-01T00:00", "has passed"},
		"currency": {"currency", "euro", "capital letters"},
	} {
		t.Run(name, func(t *testing.T) {
			form := h.issue("Summer")
			form.Set(c.field, c.value)
			v.post("/cards", form).want(t, http.StatusUnprocessableEntity, c.fault)
		})
	}
	h.login("hotel").post("/cards", h.issue("Summer")).want(t, http.StatusForbidden)
	a := v.post("/cards", h.issue("Summer")).want(t, http.StatusOK, "2 cards of 10.00 EUR", "nowhere else")
	sheet := regexp.MustCompile(`href="data:text/csv;base64,([^"]+)"`).FindStringSubmatch(a.body)
	if sheet == nil {
		t.Fatal(a.body)
	}
	csv, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(sheet[1], "&#43;", "+"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(csv)), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "number,pin,") {
		t.Fatalf("the sheet is %q", csv)
	}
	for _, line := range lines[1:] {
		fields := strings.Split(line, ",")
		if !strings.Contains(a.body, ">"+fields[0]+"<") || !strings.Contains(a.body, ">"+fields[1]+"<") {
			t.Errorf("%s is not on the page", line)
		}
		opened, err := h.gate.OpenCard(t.Context(), fields[0], fields[1], h.device.ID)
		if err != nil || opened.Left != (tollgate.Money{Micro: 10_000_000, Currency: "EUR"}) {
			t.Errorf("%s opens %+v, %v", line, opened, err)
		}
		list := v.get("/cards?number=" + fields[0])
		list.want(t, http.StatusOK, fields[0], "Summer", "In use")
		list.lacks(t, ">"+fields[1]+"<")
	}
	v.post("/cards", h.issue("Summer")).want(t, http.StatusUnprocessableEntity, "were issued on")
	v.get("/cards?number=1").want(t, http.StatusOK, "No card matches")
	number := h.cards()[0].Number
	h.login("hotel").get("/cards").want(t, http.StatusOK, number, "Block").lacks(t, "/cards/new")
	h.login("clinic").get("/cards").want(t, http.StatusOK, "No cards yet").lacks(t, number, "Summer")
}

func TestCardsAreBlockedAndUnlocked(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleOperator, h.hotel.ID)
	h.user("clinic", access.RoleOperator, h.clinic.ID)
	h.login("admin").post("/cards", h.issue("Winter")).want(t, http.StatusOK)
	one := h.cards()[0]
	path := "/cards/" + one.Account.String()
	v := h.login("hotel")
	v.get("/cards").want(t, http.StatusOK, "Unused", "30 days from the first use").lacks(t, "Unlock")
	for range 4 {
		if _, err := h.gate.OpenCard(t.Context(), one.Number, "0", h.device.ID); err == nil {
			t.Fatal("a wrong PIN opens")
		}
	}
	v.get("/cards").want(t, http.StatusOK, "Locked until", path+"/unlock")
	h.login("clinic").post(path+"/unlock", nil).want(t, http.StatusNotFound)
	v.post(path+"/unlock", nil).want(t, http.StatusSeeOther)
	v.get("/cards?done=unlock").want(t, http.StatusOK, "The card is unlocked.").lacks(t, "Locked until")
	h.login("clinic").post(path+"/block", url.Values{"blocked": {"yes"}}).want(t, http.StatusNotFound)
	v.post("/cards/"+h.hotel.ID.String()+"/block", url.Values{"blocked": {"yes"}}).want(t, http.StatusNotFound)
	v.post(path+"/block", url.Values{"blocked": {"yes"}}).want(t, http.StatusSeeOther)
	v.get("/cards?done=block").want(t, http.StatusOK, "The card is blocked.", "Blocked", "Unblock")
	v.post(path+"/block", url.Values{"blocked": {"no"}}).want(t, http.StatusSeeOther)
	v.get("/cards").lacks(t, "Blocked", "Unblock")
}

// TestCardsInABrowser issues cards and finds the sheet behind the button.
func TestCardsInABrowser(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	b.do(chromedp.Navigate(h.url+"/login?next=/cards/new"), chromedp.SendKeys("#user", "admin"),
		chromedp.SendKeys("#password", testPassword), chromedp.Click(".button.primary"),
		chromedp.WaitVisible("#enterprise"), chromedp.SetValue("#enterprise", h.hotel.ID.String()),
		chromedp.SendKeys("#name", "Spring"), chromedp.SendKeys("#count", "3"), chromedp.SendKeys("#amount", "5"),
		chromedp.Click("form .button.primary"), chromedp.WaitVisible("#sheet"))
	b.wants("#main", "3 cards of 5.00 EUR", "nowhere else")
	for _, c := range h.cards() {
		b.wants(".issued", c.Number)
	}
	b.do(chromedp.Navigate(h.url + "/cards"))
	b.wants("#main", "Spring", h.cards()[0].Number, "Unused", "5.00")
}
