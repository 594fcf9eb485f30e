package charging

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/audit"
	"tollgate/store/outbox"
	"tollgate/store/storetest"
)

// orphaned is a house as somebody has it who follows the README: the company has
// a tariff of its own, no tariff is the default, and nobody pays for what comes
// from an extension that is not mapped.
func orphaned(t *testing.T, url string) *house {
	t.Helper()
	h := newHouse(t, url)
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
	h.tariff.DefaultCustomer, h.company.Tariff, h.device.DefaultAccount = false, h.tariff.ID, 0
	h.device.Plan.PrivateCodes = []string{"*7*"}
	h.device.Rules = []tollgate.CallRule{{
		Name: "desk", Conditions: []tollgate.Condition{{Variable: "caller_id_number", Pattern: "^199$"}},
	}}
	h.change(t, func(c *store.Change) error {
		if err := c.PutTariff(&h.tariff); err != nil {
			return err
		}
		if err := c.PutAccount(&h.company); err != nil {
			return err
		}
		return c.PutDevice(&h.device, "")
	})
	return h
}

// from finishes a call of an extension.
func (h *house) from(t *testing.T, extension, dialed string, edit func(*tollgate.Record)) tollgate.ID {
	t.Helper()
	r := h.record("call of "+extension+" to "+dialed, dialed, h.device.ID)
	r.Extension, r.Originator = extension, extension
	if edit != nil {
		edit(&r)
		r.Call.UniqueID += " " + string(r.Direction) + r.Caller
	}
	got := h.finish(t, r)
	if got.Outcome != tollgate.OutcomeStored {
		t.Fatalf("%s to %s: %+v", extension, dialed, got)
	}
	return got.CDR
}

func (h *house) mapped(t *testing.T, extension string, a tollgate.Account) {
	t.Helper()
	h.change(t, func(c *store.Change) error {
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: extension, Account: a.ID})
	})
}

// nobodys are the extensions whose calls nobody pays, as a list finds them.
func (h *house) nobodys(t *testing.T) string {
	t.Helper()
	page, err := h.db.CDRs(t.Context(), store.Everything, store.CDRFilter{Unpaid: true}, store.Paging{})
	if err != nil {
		t.Fatal(err)
	}
	totals, err := h.db.Totals(t.Context(), store.Everything, store.CDRFilter{})
	if err != nil || totals.Unpaid != int64(len(page.Items)) {
		t.Errorf("%d calls are unpaid and %v, but %d are listed", totals.Unpaid, err, len(page.Items))
	}
	var found []string
	for i := range page.Items {
		found = append(found, page.Items[i].Extension)
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func (h *house) findPayers(t *testing.T) Found {
	t.Helper()
	found, err := h.office.FindPayers(t.Context(), store.Actor{Name: "test"}, store.Everything, store.CDRFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (h *house) cdr(t *testing.T, id tollgate.ID) tollgate.CDR {
	t.Helper()
	c, err := h.db.CDR(t.Context(), store.Everything, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (h *house) audit(t *testing.T) {
	t.Helper()
	report, err := audit.Run(t.Context(), h.db)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("audit: %s: %s", f.Rule, f.What)
	}
}

// What nobody was found to pay is listed, priced or not; what nobody has to pay is not.
func TestNobodysCalls(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := orphaned(t, url)
		h.from(t, "101", "0301234567", nil)
		h.from(t, "102", "112", nil)
		h.from(t, "103", "0301234567", func(r *tollgate.Record) { r.Answer = time.Time{} })
		h.from(t, "104", "0301234567", func(r *tollgate.Record) { r.Direction = tollgate.Inbound })
		h.from(t, "105", "106", func(r *tollgate.Record) { r.Direction = tollgate.Internal })
		h.from(t, "107", "0301234567", func(r *tollgate.Record) { r.Caller = "199" }) // rated only
		h.mapped(t, "108", h.account(t, tollgate.Account{
			Name: "Selma", Mode: tollgate.ModePostpaid, Currency: "EUR", Bills: tollgate.BillPrivate,
		}))
		h.from(t, "108", "0301234567", nil) // selective billing leaves it out
		if got := h.nobodys(t); got != "101" {
			t.Errorf("nobody pays for %q, want 101", got)
		}
		h.tariff.DefaultCustomer = true
		h.change(t, func(c *store.Change) error { return c.PutTariff(&h.tariff) })
		h.from(t, "201", "0301234567", nil)
		h.from(t, "207", "0301234567", func(r *tollgate.Record) { r.Caller = "199" })
		h.from(t, "208", "00441234567", nil)
		if got := h.nobodys(t); got != "101 201 208" {
			t.Errorf("with a default tariff nobody pays for %q, want 101, 201 and 208", got)
		}
		totals, err := h.db.Totals(t.Context(), store.Everything, store.CDRFilter{})
		if err != nil || len(totals.Charged) > 0 && totals.Charged[0].Micro != 0 {
			t.Errorf("charged %+v and %v, want nothing", totals.Charged, err)
		}
	})
}

// A call for which no account was found is charged once its extension is mapped:
// once, however many people press the button, and with its time's own price.
func TestFindPayers(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := orphaned(t, url)
		first, other := h.from(t, "101", "0301234567", nil), h.from(t, "102", "0301234567", nil)
		if got, want := h.findPayers(t), (Found{Unmapped: 2}); got != want {
			t.Errorf("nothing changed: %+v, want %+v", got, want)
		}
		anna := h.account(t, tollgate.Account{
			Name: "Anna", Mode: tollgate.ModeParent, Parent: h.company.ID, Currency: "EUR",
		})
		h.mapped(t, "101", anna)
		h.change(t, func(c *store.Change) error {
			return c.PutDeck(&tollgate.Deck{
				Tariff: h.tariff.ID, Effective: scriptNow(), Rates: []tollgate.Rate{{Prefix: "49", Price: "9"}},
			})
		})
		second := newOffice(t, h.db, scriptNow) // another node
		var charged [4]Found
		var pressed sync.WaitGroup
		for i := range charged {
			office := []*Office{h.office, second}[i%2]
			pressed.Go(func() {
				found, err := office.FindPayers(t.Context(), store.Actor{Name: "test"}, store.Everything, store.CDRFilter{})
				if charged[i] = found; err != nil {
					t.Error(err)
				}
			})
		}
		pressed.Wait()
		sum := 0
		for _, found := range charged {
			sum += found.Charged
		}
		if sum != 1 || h.findPayers(t) != (Found{Unmapped: 1}) {
			t.Errorf("charged %+v, want one call once", charged)
		}
		if got := h.balance(t); got != -250_000 {
			t.Errorf("the balance is %d, want -250000", got)
		}
		c := h.cdr(t, first)
		if c.Payer != anna.ID || c.PaidBy != tollgate.PaidByExtension || c.Enterprise != h.company.ID ||
			c.Customer.Micro != 250_000 || c.Customer.Status != tollgate.ChargePriced {
			t.Errorf("got %+v", c)
		}
		if c := h.cdr(t, other); c.Payer != 0 || c.Enterprise != 0 || c.Customer.Status != tollgate.ChargeNone {
			t.Errorf("the other: %+v", c)
		}
		again := h.record("call of 101 to 0301234567", "0301234567", h.device.ID)
		if got := h.finish(t, again); got.Outcome != tollgate.OutcomeDuplicate || got.CDR != first {
			t.Errorf("sent again: %+v", got)
		}
		h.audit(t)
	})
}

// What is decided about a call late is what would have been decided then: it is
// private, it is the company's, a rule has nobody pay. The accounting's copy follows.
func TestFindPayersDecides(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := orphaned(t, url)
		private := h.from(t, "101", "*7*0301234567", nil)
		ruled := h.from(t, "102", "0301234567", nil)
		spared := h.from(t, "103", "0301234567", nil)
		business := h.from(t, "104", "0301234567", nil)
		user := func(extension, name string, edit func(*tollgate.Account)) tollgate.Account {
			a := tollgate.Account{Name: name, Mode: tollgate.ModePostpaid, Currency: "EUR"}
			if edit != nil {
				edit(&a)
			}
			a = h.account(t, a)
			h.mapped(t, extension, a)
			return a
		}
		anna := user("101", "Anna", nil)
		selma := user("103", "Selma", func(a *tollgate.Account) { a.Bills = tollgate.BillPrivate })
		user("104", "Bert", func(a *tollgate.Account) { a.Business = tollgate.BusinessEnterprise })
		h.device.Rules = append(h.device.Rules, tollgate.CallRule{
			Name: "gift", Conditions: []tollgate.Condition{{Variable: "extension", Pattern: "^102$"}},
		})
		h.change(t, func(c *store.Change) error {
			if err := c.PutPermit(tollgate.Permit{
				Permission: tollgate.PermissionPrivateCall, Device: h.device.ID, Account: anna.ID,
			}); err != nil {
				return err
			}
			return c.PutDevice(&h.device, "")
		})
		if got, want := h.findPayers(t), (Found{Charged: 2, Spared: 2}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		for _, want := range []struct {
			id      tollgate.ID
			payer   tollgate.ID
			by      tollgate.PayerRule
			micro   int64
			private bool
		}{
			{private, anna.ID, tollgate.PaidByPrivate, 250_000, true},
			{ruled, 0, tollgate.PaidByRule, 0, false},
			{spared, selma.ID, tollgate.PaidByExtension, 0, false},
			{business, h.company.ID, tollgate.PaidByBusiness, 250_000, false},
		} {
			if c := h.cdr(t, want.id); c.Payer != want.payer || c.PaidBy != want.by ||
				c.Customer.Micro != want.micro || c.Number.Private != want.private {
				t.Errorf("want %+v, got %+v", want, c)
			}
		}
		if got := h.nobodys(t) + h.findPayers(t).text(); got != "" {
			t.Errorf("still nobody's: %s", got)
		}
		rows, err := outbox.Unpaid(t.Context(), h.db, store.Scope(h.company.ID), 0, 10)
		if err != nil || len(rows) != 2 || !rows[0].Private || rows[1].Private || rows[1].Extension != "104" {
			t.Errorf("the accounting gets %+v, %v", rows, err)
		}
		h.audit(t)
	})
}

func (f Found) text() string {
	if f == (Found{}) {
		return ""
	}
	return "found"
}

// A call gets somebody who pays together with a price, or stays where it is and
// the reason is counted; with the price it is charged.
func TestFindPayersWithoutPrice(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := orphaned(t, url)
		late := h.from(t, "101", "00441234567", nil)
		h.company.Tariff = 0
		h.change(t, func(c *store.Change) error { return c.PutAccount(&h.company) })
		h.mapped(t, "101", h.company)
		if got, want := h.findPayers(t), (Found{NoTariff: 1}); got != want {
			t.Errorf("without a tariff: %+v, want %+v", got, want)
		}
		h.company.Tariff = h.tariff.ID
		h.change(t, func(c *store.Change) error {
			if err := c.PutAccount(&h.company); err != nil {
				return err
			}
			return c.PutDeck(&tollgate.Deck{
				Tariff: h.tariff.ID, Effective: scriptNow(), Rates: []tollgate.Rate{{Prefix: "44", Price: "9"}},
			})
		})
		if got, want := h.findPayers(t), (Found{NoRate: 1}); got != want {
			t.Errorf("with a later deck: %+v, want %+v", got, want)
		}
		if c := h.cdr(t, late); c.Payer != 0 || c.Customer.Status != tollgate.ChargeNone {
			t.Errorf("got %+v", c)
		}
		h.change(t, func(c *store.Change) error {
			return c.PutDeck(&tollgate.Deck{
				Tariff: h.tariff.ID, Effective: scriptNow().AddDate(0, 0, -2),
				Rates: []tollgate.Rate{{Prefix: "44", Price: "0.50"}},
			})
		})
		if got, want := h.findPayers(t), (Found{Charged: 1}); got != want || h.balance(t) != -500_000 {
			t.Errorf("with a rate: %+v and a balance of %d, want %+v", got, h.balance(t), want)
		}
		h.audit(t)
	})
}

// A device that came to another company brings no old calls with it.
func TestFindPayersOfAnotherCompany(t *testing.T) {
	h := orphaned(t, storetest.SQLite(t))
	h.device.Enterprise = h.company.ID
	h.change(t, func(c *store.Change) error { return c.PutDevice(&h.device, "") })
	h.from(t, "101", "0301234567", nil)
	other := h.company
	other.ID, other.Enterprise, other.Name = 0, 0, "Umbra"
	h.change(t, func(c *store.Change) error {
		if err := c.PutAccount(&other); err != nil {
			return err
		}
		h.device.Enterprise, h.device.DefaultAccount = other.ID, other.ID
		return c.PutDevice(&h.device, "")
	})
	if got, want := h.findPayers(t), (Found{Stuck: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
