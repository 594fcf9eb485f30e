package web

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

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
	v.post(
		path+"/correct", url.Values{"amount": {"-0.25"}, "key": {"k2"}},
	).want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	v.post(
		path+"/correct", url.Values{"amount": {"-0.25"}, "note": {"Typing error"}, "key": {"k2"}},
	).want(t, http.StatusSeeOther)
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
		"no name": {
			url.Values{"kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"prepaid"}},
			"Please fill this in.",
		},
		"currency": {
			url.Values{"name": {"x"}, "kind": {"enterprise"}, "currency": {"eur"}, "mode": {"prepaid"}},
			"capital letters",
		},
		"zone": {
			url.Values{"name": {"x"}, "kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"prepaid"}, "timezone": {"Mars"}},
			"such as Europe/Berlin",
		},
		"no company": {
			url.Values{"name": {"x"}, "kind": {"user"}, "currency": {"EUR"}, "mode": {"prepaid"}},
			"Choose the company",
		},
		"parent pays": {
			url.Values{"name": {"x"}, "kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"parent"}},
			"pays for itself",
		},
		"credit limit": {
			url.Values{
				"name": {"x"}, "kind": {"enterprise"}, "currency": {"EUR"}, "mode": {"prepaid"},
				"credit_limit": {"-1"},
			},
			"zero or above",
		},
		"other parent": {
			url.Values{
				"name": {"x"}, "kind": {"user"}, "currency": {"EUR"}, "mode": {"parent"},
				"enterprise": {h.hotel.ID.String()}, "parent": {h.clinic.ID.String()},
			},
			"same company",
		},
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
	v.post(
		path,
		url.Values{
			"name": {"Room 12b"}, "mode": {"quota"}, "parent": {h.reception.ID.String()},
			"allowance": {"25.5"}, "reset": {"week"},
		},
	).
		want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Room 12b", "quota per week", "25.50")
	v.post(path+"/freeze", url.Values{"frozen": {"yes"}}).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "Frozen", "Unfreeze")
}

// TestTariffInAnotherCurrency: by it every call would be refused, so it is
// refused itself, where it is chosen; and where it has come to be so all the
// same, the way out is not a price.
func TestTariffInAnotherCurrency(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	dollars := tollgate.Tariff{
		Name: "dollars", Currency: "USD", Timezone: "UTC", Per: 60, Decimals: 6, Rounding: tollgate.RoundHalfUp,
		DurationRounding: tollgate.DurationUp, Default: tollgate.Rate{Price: "0.10", First: "1", Next: "1"},
	}
	room := tollgate.Account{
		Enterprise: h.hotel.ID, Parent: h.hotel.ID, Kind: tollgate.KindUser, Mode: tollgate.ModePrepaid, Name: "Room 7",
		Currency: "CHF", Code: "777",
	}
	err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "furnish", func(c *store.Change) error {
		return errors.Join(c.PutTariff(&dollars), c.PutAccount(&room))
	})
	if err != nil {
		t.Fatal(err)
	}
	const fault = `id="tariff-error">It is in USD but account &#34;Room 12&#34; in EUR: choose a tariff in EUR.`
	v := h.login("admin")
	v.post("/accounts", url.Values{
		"name": {"Room 12"}, "kind": {"user"}, "currency": {"EUR"}, "mode": {"prepaid"},
		"enterprise": {h.hotel.ID.String()}, "tariff": {dollars.ID.String()},
	}).want(t, http.StatusUnprocessableEntity, fault)
	cards := h.issue("Summer")
	cards.Set("currency", "USD")
	v.post("/cards", cards).want(t, http.StatusUnprocessableEntity,
		`id="tariff-error">It is in EUR but the cards in USD: choose a tariff in USD.`)
	cards.Set("tariff", dollars.ID.String())
	v.post("/cards", cards).want(t, http.StatusOK)
	v.post("/tariffs/"+h.retail.ID.String(), url.Values{
		"name": {"retail"}, "currency": {"USD"}, "timezone": {"UTC"}, "per": {"60"}, "decimals": {"6"},
	}).want(t, http.StatusUnprocessableEntity, `id="currency-error">Account`, "pays by this tariff: make another tariff in USD.")
	v.get("/devices/"+h.device.ID.String()+"?extension=999&dialed=00442071838750&code=777").
		want(t, http.StatusOK, "would be refused: tariff is in EUR", "/accounts/"+room.ID.String()).
		lacks(t, "Give the tariff a price")
}

// TestAccountsAreAddedBelow: the page of a company leads to a form that knows
// whose account it will be.
func TestAccountsAreAddedBelow(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("reader", access.RoleReader, 0)
	company, below := h.hotel.ID.String(), "/accounts/new?kind=user&amp;below="+h.hotel.ID.String()
	h.login("reader").get("/accounts/"+company).lacks(t, "/accounts/new")
	v := h.login("admin")
	v.get("/accounts/"+company).want(t, http.StatusOK, below)
	v.get(html.UnescapeString(below)).want(t, http.StatusOK, `value="user" selected`, `value="EUR"`).
		want(t, http.StatusOK, `value="`+company+`" selected>Hotel Adlerhof</option>`)
	v.get("/accounts/new?kind=user&below=1").want(t, http.StatusOK, "New account")
}
