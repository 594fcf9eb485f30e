package web

import (
	"encoding/csv"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// sheet is an export, by the names of its columns.
func (v *visitor) sheet(t *testing.T, path string) []map[string]string {
	t.Helper()
	a := v.get(path).want(t, http.StatusOK)
	lines, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// added is what calls add up to, by currency.
type added map[tollgate.Currency]int64

func (a added) add(t *testing.T, currency, amount string) {
	t.Helper()
	if amount == "" {
		return
	}
	micro, err := tollgate.ParseMicro(amount)
	if err != nil {
		t.Fatal(err)
	}
	a[tollgate.Currency(currency)] += micro
}

// wants compares with a sum of Totals.
func (a added) wants(t *testing.T, what string, sums []store.Amount) {
	t.Helper()
	for _, sum := range sums {
		if a[sum.Currency] != sum.Micro {
			t.Errorf("%s in %s: the sheet adds up to %d, the tiles say %d", what, sum.Currency, a[sum.Currency], sum.Micro)
		}
		delete(a, sum.Currency)
	}
	for currency, micro := range a {
		if micro != 0 {
			t.Errorf("%s in %s: the sheet adds up to %d, the tiles know of none", what, currency, micro)
		}
	}
}

// abroad gives the device a trunk to a carrier that bills in dollars, into which
// no exchange rate leads.
func (h *house) abroad() {
	h.t.Helper()
	err := h.db.Change(h.t.Context(), store.Actor{Name: "test"}, "furnish", func(c *store.Change) error {
		dollars := h.carrier
		dollars.ID, dollars.Name, dollars.Currency = 0, "dollars", "USD"
		if err := c.PutTariff(&dollars); err != nil {
			return err
		}
		far := tollgate.Operator{Name: "Far Carrier", Tariff: dollars.ID}
		if err := c.PutOperator(&far); err != nil {
			return err
		}
		h.retail.Default.Price = "" // so that some calls have no price
		return errors.Join(c.PutTariff(&h.retail),
			c.PutTrunk(tollgate.Trunk{Device: h.device.ID, Name: "PJSIP/far", Operator: far.ID}))
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// finish puts one call into the books that is like others but for what change says.
func (h *house) finish(change func(*tollgate.Record)) tollgate.ID {
	h.t.Helper()
	h.calls++
	end := h.now().UTC().Truncate(time.Microsecond)
	record := tollgate.Record{
		Call:   tollgate.CallID{Device: h.device.ID, UniqueID: "finished " + strconv.Itoa(h.calls)},
		Source: tollgate.SourceHTTP, Direction: tollgate.Outbound, Extension: "201", Originator: "201",
		Dialed: "030555123", Trunk: "PJSIP/provider", Start: end.Add(-time.Minute), Answer: end.Add(-time.Minute), End: end,
	}
	change(&record)
	results, err := h.office.Finish(h.t.Context(), []tollgate.Record{record})
	if err != nil || results[0].Outcome != tollgate.OutcomeStored {
		h.t.Fatal(results, err)
	}
	return results[0].CDR
}

// TestSheetAddsUpToTheTiles: whoever adds up the rows finds what the tiles say,
// to the millionth, whatever calls there are.
func TestSheetAddsUpToTheTiles(t *testing.T) {
	h := newHouse(t).furnish()
	h.abroad()
	h.user("admin", access.RoleAdmin, 0)
	dice := rand.New(rand.NewChaCha8([32]byte{7}))
	one := func(of ...string) string { return of[dice.IntN(len(of))] }
	for range 200 {
		h.finish(func(r *tollgate.Record) {
			r.Extension = one("201", "301", "999") // of the last nobody is known
			r.Originator, r.Dialed = r.Extension, one("030555123", "0891234", "0043123456")
			r.Trunk = one("PJSIP/provider", "PJSIP/far", "PJSIP/unknown")
			r.Start = r.End.Add(-time.Duration(dice.IntN(300_000)) * time.Millisecond)
			if r.Answer = r.Start; dice.IntN(8) == 0 {
				r.Answer = time.Time{}
			}
		})
	}
	for path, scope := range map[string]store.Scope{
		"/cdrs.csv": store.Everything,
		"/cdrs.csv?account=" + h.hotel.ID.String(): store.Scope(h.hotel.ID),
	} {
		totals, err := h.db.Totals(t.Context(), scope, store.CDRFilter{})
		if err != nil {
			t.Fatal(err)
		}
		charged, cost, margin, unpaid := added{}, added{}, added{}, int64(0)
		for _, row := range h.login("admin").sheet(t, path) {
			if row["unpaid"] == "true" {
				unpaid++
			} else {
				charged.add(t, row["currency"], row["amount"])
			}
			cost.add(t, row["cost_currency"], row["cost_amount"])
			margin.add(t, row["currency"], row["margin"])
		}
		charged.wants(t, "charged", totals.Charged)
		cost.wants(t, "cost", totals.Cost)
		margin.wants(t, "margin", totals.Margin)
		if unpaid != totals.Unpaid || scope == store.Everything && unpaid == 0 {
			t.Errorf("%d unpaid in the sheet, %d in the tile", unpaid, totals.Unpaid)
		}
	}
}

// TestUnpaidCallsAreMarked wherever their price stands: nobody was charged, and
// what is left of them is their cost.
func TestUnpaidCallsAreMarked(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	const mark = `<span class="mark warn">unpaid</span> <span class="money"><span class="unit">EUR</span>0.03`
	paid := h.call("201", "030555123", time.Minute)
	v.get("/cdrs").lacks(t, ">unpaid<")
	v.get("/cdrs/"+paid.String()).lacks(t, ">unpaid<")
	id := h.call("999", "030555124", time.Minute)
	for _, path := range []string{"/", "/cdrs", "/cdrs/" + id.String()} {
		v.get(path).want(t, http.StatusOK, mark, `<span class="money minus"><span class="unit">EUR</span>−0.02`)
	}
}

// TestUnknownMarginsSayWhy: an exchange rate is missing, not a price.
func TestUnknownMarginsSayWhy(t *testing.T) {
	h := newHouse(t).furnish()
	h.abroad()
	h.user("admin", access.RoleAdmin, 0)
	v := h.login("admin")
	h.call("201", "030555123", time.Minute)
	v.get("/").lacks(t, "where it is known")
	far := h.finish(func(r *tollgate.Record) { r.Trunk = "PJSIP/far" })
	const why = "The margin is unknown: no exchange rate from USD into EUR was in force."
	v.get("/").want(t, http.StatusOK, "of 1 call where it is known", `title="`+why+`">unknown<`)
	v.get("/cdrs/"+far.String()).want(t, http.StatusOK, why)
	line := h.device.ID.String()
	v.get("/simulator?number=030555123&line="+line+"+PJSIP%2Ffar").want(t, http.StatusOK, why)
	v.get("/simulator?number=030555123&line="+line+"+PJSIP%2Fprovider").want(t, http.StatusOK, "Margin <").
		lacks(t, "The margin is unknown")
}

// TestCallersAndPayersStandApart: Eva's private calls are her own, her business
// calls the company's, and both are hers.
func TestCallersAndPayersStandApart(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	eva := tollgate.Account{
		Enterprise: h.hotel.ID, Parent: h.hotel.ID, Kind: tollgate.KindUser, Mode: tollgate.ModePrepaid,
		Name: "Eva", Currency: "EUR", Timezone: "Europe/Berlin", Business: tollgate.BusinessEnterprise,
	}
	err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "eva", func(c *store.Change) error {
		if err := c.PutAccount(&eva); err != nil {
			return err
		}
		return errors.Join(
			c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "202", Account: eva.ID}),
			c.PutPermit(tollgate.Permit{
				Permission: tollgate.PermissionPrivateCall, Device: h.device.ID, Account: eva.ID,
			}))
	})
	if err != nil {
		t.Fatal(err)
	}
	from202 := func(private bool) tollgate.ID {
		return h.finish(func(r *tollgate.Record) { r.Extension, r.Originator, r.Private = "202", "202", private })
	}
	business, private, room := from202(false), from202(true), h.call("201", "030555123", time.Minute)
	v := h.login("admin")
	v.get("/cdrs/"+business.String()).want(t, http.StatusOK, "202 · Eva", "Paid by Hotel Adlerhof.").
		lacks(t, "With the money of")
	v.get("/cdrs/"+private.String()).want(t, http.StatusOK, "202 · Eva", "Paid by Eva.")
	v.get("/cdrs/"+room.String()).want(t, http.StatusOK, "Paid by Reception with the money of Hotel Adlerhof.",
		`<dt>With the money of</dt><dd><a href="/accounts/`+h.hotel.ID.String()+`">Hotel Adlerhof</a>`)
	v.get("/cdrs").want(t, http.StatusOK, `202 <span class="sub">Eva</span>`, "Account, or whole company",
		`title="Reception, with the money of Hotel Adlerhof">Reception<`)
	desk := "/cdrs?account=" + h.hotel.ID.String() + "&amp;extension=202"
	v.get("/accounts/"+eva.ID.String()).want(t, http.StatusOK, `<a href="`+desk+`">Calls from 202</a>`, "All it paid")
	v.get("/accounts/"+h.reception.ID.String()).lacks(t, "Calls from 201")
	for private, want := range map[string]tollgate.ID{"true": private, "false": business} {
		rows := v.sheet(t, "/cdrs.csv?extension=202&private="+private)
		if len(rows) != 1 || rows[0]["id"] != want.String() {
			t.Errorf("private=%s: %v", private, rows)
		}
	}
	var got []string
	for _, row := range v.sheet(t, "/cdrs.csv?account="+h.hotel.ID.String()) {
		got = append(got, strings.Join([]string{
			row["extension"], row["extension_name"], row["company"], row["account"], row["purse"], row["private"], row["unpaid"],
		}, ","))
	}
	slices.Sort(got)
	want := []string{
		"201,Reception,Hotel Adlerhof,Reception,Hotel Adlerhof,false,false",
		"202,Eva,Hotel Adlerhof,Eva,Eva,true,false",
		"202,Eva,Hotel Adlerhof,Hotel Adlerhof,Hotel Adlerhof,false,false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestExtensionsOfOthersAreNotNamed: a company whose account code was used at the
// desk of another does not learn who sits there.
func TestExtensionsOfOthersAreNotNamed(t *testing.T) {
	h := newHouse(t).furnish()
	err := h.db.Change(t.Context(), store.Actor{Name: "test"}, "code", func(c *store.Change) error {
		h.hotel.Code = "777"
		return c.PutAccount(&h.hotel)
	})
	if err != nil {
		t.Fatal(err)
	}
	h.user("hotel", access.RoleReader, h.hotel.ID)
	h.finish(func(r *tollgate.Record) { r.Extension, r.Originator, r.AccountCode = "301", "301", "777" })
	v := h.login("hotel")
	v.get("/cdrs").want(t, http.StatusOK, `title="301">301<`).lacks(t, "Front desk")
	v.get("/cdrs.csv").want(t, http.StatusOK, ",301,").lacks(t, "Front desk")
}

// TestCustomersAreCharged: what is revenue to the house is spending to them.
func TestCustomersAreCharged(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleReader, h.hotel.ID)
	h.call("201", "030555123", time.Minute)
	for _, path := range []string{"/", "/cdrs?from=2025-01-01T00:00:00"} {
		h.login("admin").get(path).want(t, http.StatusOK, "<dt>Revenue</dt>").lacks(t, "<dt>Charged</dt>")
		h.login("hotel").get(path).want(t, http.StatusOK, "<dt>Charged</dt>").lacks(t, "Revenue")
	}
}
