package charging

import (
	"fmt"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// account stores an account of the house's company.
func (h *house) account(t *testing.T, a tollgate.Account) tollgate.Account {
	t.Helper()
	a.Enterprise, a.Kind, a.Timezone = h.company.ID, tollgate.KindUser, "Europe/Berlin"
	h.change(t, func(c *store.Change) error { return c.PutAccount(&a) })
	return a
}

// An account that stands directly in its enterprise, without a parent, is sold
// calls by the enterprise's tariff all the same; so is a call that nobody pays.
func TestEnterpriseTariffNeedsNoParent(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
	business := h.tariff
	business.ID, business.Name, business.DefaultCustomer = 0, "business", false
	business.Default.Price = "0.10"
	h.account(t, tollgate.Account{Name: "Anna", Mode: tollgate.ModePostpaid, Code: "4711", Currency: "EUR"})
	h.change(t, func(c *store.Change) error {
		if err := c.PutTariff(&business); err != nil {
			return err
		}
		h.company.Tariff = business.ID
		h.device.Enterprise, h.device.DefaultAccount = h.company.ID, 0
		if err := c.PutAccount(&h.company); err != nil {
			return err
		}
		return c.PutDevice(&h.device, "")
	})
	for _, code := range []string{"4711", ""} {
		r := h.record("call "+code, "0301234567", h.device.ID)
		r.AccountCode = code
		cdr, err := h.db.CDR(t.Context(), store.Everything, h.finish(t, r).CDR)
		if err != nil || cdr.Customer.Tariff != business.ID || cdr.Customer.Micro != 100_000 {
			t.Errorf("account code %q: %s by tariff %d and %v, want 0.10 by %d",
				code, cdr.Customer.Money(), cdr.Customer.Tariff, err, business.ID)
		}
	}
}

// However deep accounts have come to nest, somebody pays.
func TestDeepAccountsPay(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
	// Two chains of the depth that one change allows, and then one below the other.
	chain := func(name string, top tollgate.ID) (first, last tollgate.Account) {
		for i := range 5 {
			a := h.account(t, tollgate.Account{
				Name: fmt.Sprint(name, i), Mode: tollgate.ModeParent, Parent: top, Currency: "EUR",
			})
			if top = a.ID; i == 0 {
				first = a
			}
			last = a
		}
		return first, last
	}
	_, foot := chain("upper", h.company.ID)
	head, deepest := chain("lower", h.company.ID)
	head.Parent = foot.ID
	h.change(t, func(c *store.Change) error {
		if err := c.PutAccount(&head); err != nil {
			return err
		}
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: deepest.ID})
	})
	r := h.record("1", "0301234567", h.device.ID)
	r.Extension = "101"
	if got := h.finish(t, r); got.Outcome != tollgate.OutcomeStored {
		t.Errorf("got %+v", got)
	}
	if got := h.balance(t); got != -250_000 {
		t.Errorf("the balance is %d, want -250000", got)
	}
}

// A quota in another currency than the tariff's cannot be used up by it: the
// call waits for a fix and is not lost.
func TestQuotaInAnotherCurrency(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
	h.account(t, tollgate.Account{
		Name: "Anna", Mode: tollgate.ModeQuota, Parent: h.company.ID, Code: "4711", Currency: "CREDIT",
	})
	r := h.record("1", "0301234567", h.device.ID)
	r.AccountCode = "4711"
	if got := h.finish(t, r); got.Outcome != tollgate.OutcomeQuarantined {
		t.Errorf("got %+v, want it in quarantine", got)
	}
}

// A call whose tariff has come to be in another currency than its account stays
// unpriced: as a priced one that was not charged it could never be charged.
func TestPriceUnpricedInAnotherCurrency(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		unpriced := h.finish(t, h.record("1", "0301234567", h.device.ID))
		h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
		for _, round := range []struct {
			currency tollgate.Currency
			priced   int
			status   tollgate.ChargeStatus
			balance  int64
		}{{"USD", 0, tollgate.ChargeUnpriced, 0}, {"EUR", 1, tollgate.ChargePriced, -250_000}} {
			h.tariff.DefaultCustomer = false // while accounts pay by it, its currency stays
			h.change(t, func(c *store.Change) error { return c.PutTariff(&h.tariff) })
			h.tariff.Currency = round.currency
			h.change(t, func(c *store.Change) error { return c.PutTariff(&h.tariff) })
			n, err := h.office.PriceUnpriced(t.Context(), store.Actor{Name: "test"}, store.Everything, store.CDRFilter{})
			if err != nil || n != round.priced {
				t.Errorf("%s: %d calls priced and %v, want %d", round.currency, n, err, round.priced)
			}
			cdr, err := h.db.CDR(t.Context(), store.Everything, unpriced.CDR)
			if err != nil || cdr.Customer.Status != round.status {
				t.Errorf("%s: got %+v and %v", round.currency, cdr.Customer, err)
			}
			if got := h.balance(t); got != round.balance {
				t.Errorf("%s: the balance is %d, want %d", round.currency, got, round.balance)
			}
		}
	})
}

// A record that a device's clock, or its letters, made unreadable is kept: the
// good ones beside it are settled, it is kept once however often it is tried,
// and the enterprise whose device it is can see it.
func TestUnreadableRecordIsKeptOnce(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.25"})
		h.device.Enterprise = h.company.ID
		h.change(t, func(c *store.Change) error { return c.PutDevice(&h.device, "") })
		bad := h.record("bad", "0301234567", h.device.ID)
		bad.Caller = "M\xfcller" // ISO 8859-1
		bad.Start, bad.Answer, bad.End = bad.Start.AddDate(50_000, 0, 0), bad.Answer.AddDate(50_000, 0, 0),
			bad.End.AddDate(50_000, 0, 0)
		results, err := h.office.Finish(t.Context(),
			[]tollgate.Record{bad, h.record("good", "0301234567", h.device.ID)})
		if err != nil || results[0].Outcome != tollgate.OutcomeQuarantined ||
			results[1].Outcome != tollgate.OutcomeStored {
			t.Fatalf("got %+v, %v", results, err)
		}
		scope := store.Scope(h.company.ID)
		page, err := h.db.Quarantine(t.Context(), scope, store.Paging{})
		if err != nil || len(page.Items) != 1 {
			t.Fatalf("%d records in the enterprise's quarantine, %v", len(page.Items), err)
		}
		ids := []tollgate.ID{page.Items[0].ID}
		still, err := h.office.Replay(t.Context(), store.Actor{Name: "test"}, scope, ids)
		if err != nil || still[0].Outcome != tollgate.OutcomeQuarantined {
			t.Errorf("replayed: %+v, %v", still, err)
		}
		if n, err := h.db.QuarantineCount(t.Context(), store.Everything); err != nil || n != 1 {
			t.Errorf("%d records in quarantine and %v, want 1", n, err)
		}
	})
}
