package web

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tollgate/access"
)

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
	ask("030 555 123", line, "0:30").want(
		t, http.StatusOK, "&#43;4930555123", "Berlin", "0.01<", "retail", "carrier 2026", "Rounded once",
	)
	ask("+49 40 1234567", "", "180").want(t, http.StatusOK, "&#43;49401234567", "0.18<")
	ask("", line, "30").want(t, http.StatusUnprocessableEntity, "Please fill this in.")
	ask("030", line, "soon").want(t, http.StatusUnprocessableEntity, "minutes and seconds")
	ask("030 555 123", "", "30").want(
		t, http.StatusUnprocessableEntity, `id="number-error">Without a device write it`,
	)
	v.get("/simulator?number=030&line=999").want(t, http.StatusNotFound)
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
		"default.price": {"0,05", "aria-invalid"}, "peak.from": {"8 am", "aria-invalid"},
		"peak.weekend":  {"Samstag", "sunday, monday"},
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
	a := v.post("/tariffs", url.Values{"name": {"empty"}, "currency": {"EUR"}})
	a.want(t, http.StatusSeeOther)
	v.get(a.header.Get("Location")).want(t, http.StatusOK, "calls stay unpriced", "1 / 1 s")
	a = v.post("/tariffs", good)
	a.want(t, http.StatusSeeOther)
	path, _, _ := strings.Cut(a.header.Get("Location"), "?")
	v.get(path).want(
		t, http.StatusOK, "night", "0.05 per minute", "08:00–18:00", "de-by", "Import rates",
		"Every call costs the default price",
	)
	v.get(path+"/edit").want(t, http.StatusOK, `value="saturday, sunday"`, `value="60"`)
	good.Set("name", "day")
	good.Set("per", "1")
	v.post(path, good).want(t, http.StatusSeeOther)
	v.get(path).want(t, http.StatusOK, "day", "0.05 per second")
}

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
	v.post(
		path, url.Values{"name": {"retail"}, "currency": {"EUR"}, "default_customer": {"yes"}},
	).want(t, http.StatusSeeOther)
	id := h.call("201", "00302101234567", time.Minute)
	v.get("/").want(t, http.StatusOK, `href="/cdrs?from=`, "unpriced")
	v.get("/cdrs/"+id.String()).want(
		t, http.StatusOK, "No deck of the tariff retail", "add it to that deck", `href="/cdrs?status=unpriced"`,
	)
	v.get("/cdrs?status=unpriced_anywhere").want(t, http.StatusOK, "2101234567", "Price again", "unpriced_anywhere")
	v.post("/cdrs/price", url.Values{"status": {"unpriced"}}).want(t, http.StatusSeeOther)
	v.get("/cdrs?status=unpriced&priced=0").want(t, http.StatusOK, "No deck that was in force", "Price again")
	v.upload(path+"/decks", "prefix,price\n30,0.30\n", nil).want(t, http.StatusSeeOther)
	a := v.post("/cdrs/price", url.Values{"status": {"unpriced"}})
	a.want(t, http.StatusSeeOther)
	v.get(a.header.Get("Location")).want(t, http.StatusOK, "1 call has a price now.")
	v.get("/cdrs/"+id.String()).want(t, http.StatusOK, "0.30<")
}
