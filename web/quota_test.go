package web

import (
	"net/http"
	"net/url"
	"testing"

	"tollgate"
	"tollgate/access"
	"tollgate/store"

	"github.com/chromedp/chromedp"
)

// guest makes a user of the hotel with an allowance of 20 a month.
func (h *house) guest() tollgate.Account {
	h.t.Helper()
	a := tollgate.Account{
		Enterprise: h.hotel.ID, Parent: h.hotel.ID, Kind: tollgate.KindUser, Mode: tollgate.ModeQuota,
		Name: "Room 12", Currency: "EUR", Allowance: 20_000_000, Reset: tollgate.Monthly,
	}
	err := h.db.Change(h.t.Context(), store.Actor{Name: "test"}, "furnish", func(c *store.Change) error {
		return c.PutAccount(&a)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *house) used(id tollgate.ID) int64 {
	h.t.Helper()
	a, err := h.db.Account(h.t.Context(), store.Everything, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return a.Used
}

func TestUsedIsCorrected(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("reader", access.RoleReader, 0)
	guest := h.guest()
	v := h.login("admin")
	path := "/accounts/" + guest.ID.String()
	for amount, fault := range map[string]string{
		"": "Please fill this in.", "0": "other than zero", "-1": "less cannot be taken off", "1,5": "with a point",
	} {
		v.post(path+"/used", url.Values{"amount": {amount}, "key": {"k"}, "note": {"why"}}).
			want(t, http.StatusUnprocessableEntity, fault, `id="used" open`)
	}
	v.post(path+"/used", url.Values{"amount": {"5"}, "key": {"k"}}).
		want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	form := url.Values{"amount": {"12.50"}, "note": {"Old system"}, "key": {hidden(t, v.get(path).body, "key")}}
	for range 2 { // sent twice, corrected once
		v.post(path+"/used", form).want(t, http.StatusSeeOther)
	}
	v.get(path+"?done=used").want(t, http.StatusOK, "What was used is corrected.", "Old system", "Correction", "12.50",
		"20.00 EUR per month", `max="20000000" value="12500000"`, "Starts again", "7.50").lacks(t, "/recharge")
	if got := h.used(guest.ID); got != 12_500_000 {
		t.Error(got)
	}
	h.login("reader").post(path+"/used", form).want(t, http.StatusForbidden)
	v.post("/accounts/"+h.hotel.ID.String()+"/used", form).want(t, http.StatusUnprocessableEntity)
}

// TestUsedIsCorrectedInABrowser opens the form, makes a mistake, and mends it.
func TestUsedIsCorrectedInABrowser(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	guest := h.guest()
	b.do(chromedp.Navigate(h.url+"/login?next=/accounts/"+guest.ID.String()), chromedp.SendKeys("#user", "admin"),
		chromedp.SendKeys("#password", testPassword), chromedp.Click(".button.primary"),
		chromedp.WaitVisible("#used summary"), chromedp.Click("#used summary"),
		chromedp.SendKeys("#used-amount", "2,5"), chromedp.SendKeys("#used-note", "Wrong room"),
		chromedp.Click("#used .button.primary"), chromedp.WaitVisible("#used-amount-error"))
	b.wants("#used-amount-error", "with a point")
	b.do(chromedp.SetValue("#used-amount", "2.5"), chromedp.Click("#used .button.primary"),
		chromedp.WaitVisible(".notice.good"))
	b.wants("#main", "Wrong room", "2.50", "17.50")
	if got := h.used(guest.ID); got != 2_500_000 {
		t.Error(got)
	}
}

func TestHeldMoneyIsShown(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	calls := h.someCalls()
	h.lines.set(calls...)
	eur := tollgate.Money{Micro: 10_000_000, Currency: "EUR"}
	if _, err := h.book.Recharge(t.Context(), store.Actor{Name: "test"}, h.hotel.ID, eur, "", "k"); err != nil {
		t.Fatal(err)
	}
	h.hold(calls[1], h.hotel.ID)
	h.hold(tollgate.LiveCall{
		Enterprise: h.hotel.ID, Call: tollgate.CallID{Device: h.device.ID, UniqueID: "elsewhere.1"}, Reserved: 1_000_000,
	}, h.hotel.ID)
	v.get("/accounts/"+h.hotel.ID.String()).want(t, http.StatusOK, "Calls in progress", "201 → &#43;442071838750",
		"elsewhere.1", "Reserved", "1.30", "8.70")
	v.get("/accounts/"+h.clinic.ID.String()).want(t, http.StatusOK, "Calls in progress", "301 → ", "no limit").
		lacks(t, "Reserved</dt>")
	v.get("/accounts/"+h.reception.ID.String()).want(t, http.StatusOK, "203 → &#43;49301234567 Berlin").
		lacks(t, "elsewhere.1")
}

func TestTermsOfUsers(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	guest := h.guest()
	v := h.login("admin")
	path := "/accounts/" + guest.ID.String()
	form := url.Values{
		"name": {"Room 12"}, "mode": {"quota"}, "allowance": {"20"}, "reset": {"week"}, "week_start": {"3"},
		"low_credit": {"2.5"}, "bills": {"private"}, "business": {"enterprise"},
	}
	v.post(path, form).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "per week, from Wednesday", "warn below 2.50 EUR", "private calls only",
		"paid by the company")
	v.get(path+"/edit").want(t, http.StatusOK, `value="3" selected`, `value="private" selected`, "0 = no limit")
	form.Set("low_credit", "-1")
	v.post(path, form).want(t, http.StatusUnprocessableEntity, "zero or above")
	a, err := h.db.Account(t.Context(), store.Everything, guest.ID)
	if err != nil || a.WeekStart != 3 || a.LowCredit != 2_500_000 || a.Business != tollgate.BusinessEnterprise {
		t.Errorf("%+v %v", a, err)
	}
	v.post(path+"/freeze", url.Values{"frozen": {"yes"}}).want(t, http.StatusSeeOther)
	v.get(path+"?done=freeze").want(t, http.StatusOK, "are refused", "its calls are refused from now on")
	v.post("/accounts/"+h.hotel.ID.String()+"/freeze", url.Values{"frozen": {"yes"}}).want(t, http.StatusSeeOther)
	v.get("/accounts/"+h.reception.ID.String()).want(t, http.StatusOK, "Hotel Adlerhof is frozen.")
	v.get("/accounts/"+h.clinic.ID.String()).lacks(t, `class="notice bad"`)
}

// TestAccountPageGoesOn: what is held and what is left change on an open page.
func TestAccountPageGoesOn(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	calls := h.someCalls()
	h.lines.set(calls[1])
	eur := tollgate.Money{Micro: 10_000_000, Currency: "EUR"}
	if _, err := h.book.Recharge(t.Context(), store.Actor{Name: "test"}, h.hotel.ID, eur, "", "k"); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(h.url+"/login?next=/accounts/"+h.hotel.ID.String()), chromedp.SendKeys("#user", "admin"),
		chromedp.SendKeys("#password", testPassword), chromedp.Click(".button.primary"),
		chromedp.WaitVisible(`#live-state[data-state="on"]`), chromedp.WaitNotVisible("#held"))
	b.wants("#balances", "10.00")
	h.hold(calls[1], h.hotel.ID)
	b.do(chromedp.WaitVisible("#held table"))
	waitText(b, "#held", "201 → +442071838750")
	waitText(b, "#balances", "9.70")
	if said := b.said(); len(said) > 0 {
		t.Errorf("the console said %q", said)
	}
}
