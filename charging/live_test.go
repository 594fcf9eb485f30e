package charging

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

// caller is a prepaid user of the house with ten euros, on extension 101, who
// pays a cent a second.
func (h *house) caller(t *testing.T, kind tollgate.AccountKind, name string) tollgate.Account {
	t.Helper()
	a := tollgate.Account{
		Enterprise: h.company.ID, Parent: h.company.ID, Kind: kind, Mode: tollgate.ModePrepaid, Name: name,
		Currency: "EUR", Timezone: "Europe/Berlin",
	}
	h.change(t, func(c *store.Change) error { return c.PutAccount(&a) })
	_, err := h.office.book.Recharge(t.Context(), store.Actor{Name: "test"}, a.ID,
		tollgate.Money{Micro: 10_000_000, Currency: "EUR"}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (h *house) standing(t *testing.T, id tollgate.ID) tollgate.Account {
	t.Helper()
	a, err := h.db.Account(t.Context(), store.Everything, id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (h *house) attempt(id, extension string) tollgate.Attempt {
	return tollgate.Attempt{
		Call:      tollgate.CallID{Device: h.device.ID, UniqueID: id},
		Extension: extension, Originator: extension, Dialed: "0301234567",
	}
}

// What one node authorised another may have to settle: with the payer that was
// decided, and what was held is free.
func TestFinishOnAnotherNode(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
		card := h.caller(t, tollgate.KindCard, "card")
		other := newOffice(t, h.db, scriptNow)
		a := h.attempt("1", "101")
		a.Card = card.ID
		if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
			t.Fatal(g, err)
		}
		r := h.record("1", "0301234567", h.device.ID)
		odd := h.record("no \x00text\xff", "0301234567", h.device.ID)
		results, err := other.Finish(t.Context(), []tollgate.Record{r, odd})
		if err != nil || results[0].Outcome != tollgate.OutcomeStored {
			t.Fatal(results, err)
		}
		if got := h.standing(t, card.ID); got.Balance != 9_400_000 || got.Reserved != 0 {
			t.Errorf("the card has %d and %d held, want 9400000 and nothing", got.Balance, got.Reserved)
		}
		if got := h.balance(t); got != -600_000 {
			t.Errorf("the company has %d, want what its own call costs", got)
		}
	})
}

// What one node authorised goes on at another with the payer that was decided.
func TestRenewOnAnotherNode(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	card := h.caller(t, tollgate.KindCard, "card")
	other := newOffice(t, h.db, scriptNow)
	a := h.attempt("1", "101")
	a.Card = card.ID
	if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	if err := other.Answer(t.Context(), a.Call, scriptNow()); err != nil {
		t.Fatal(err)
	}
	if g, err := other.Renew(t.Context(), a.Call, 5*time.Second); err != nil || g.For <= sliceMin {
		t.Errorf("%+v and %v", g, err)
	}
	live := other.Live(0)
	if len(live) != 1 || live[0].Payer != card.ID || !live[0].Answered.Equal(scriptNow()) {
		t.Errorf("in progress: %+v", live)
	}
	if n := other.LiveCount(); n != 1 {
		t.Errorf("%d calls are counted, want 1", n)
	}
	if _, err := other.Renew(t.Context(), h.attempt("2", "").Call, 0); tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Errorf("a call that nobody knows: %v", err)
	}
}

// A call without limit that another node authorised goes on here.
func TestUnlimitedOnAnotherNode(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	other := newOffice(t, h.db, scriptNow)
	for _, office := range []*Office{h.office, other} {
		if g, err := office.Authorize(t.Context(), h.attempt("1", "")); err != nil || !g.Unlimited {
			t.Errorf("%+v and %v, want it without limit", g, err)
		}
	}
}

// A call that ends while somebody asks for more leaves nothing held behind.
func TestFinishWhileRenewing(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	anna := h.caller(t, tollgate.KindUser, "Anna")
	h.change(t, func(c *store.Change) error {
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: anna.ID})
	})
	for i := range 300 {
		a := h.attempt(string(rune('A'+i)), "101")
		if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
			t.Fatal(g, err)
		}
		r := h.record(a.Call.UniqueID, "0301234567", h.device.ID)
		r.Extension, r.Originator, r.End = "101", "101", r.Answer.Add(time.Second)
		if err := h.office.Answer(t.Context(), a.Call, r.Answer); err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		both.Go(func() {
			for used := range 5 {
				h.office.Renew(t.Context(), a.Call, time.Duration(used)*10*time.Second) //nolint:errcheck // it may be over
			}
		})
		both.Go(func() {
			if _, err := h.office.Finish(t.Context(), []tollgate.Record{r}); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if got := h.standing(t, anna.ID); got.Reserved != 0 {
			t.Fatalf("call %d: %d is still held", i, got.Reserved)
		}
	}
}

// A card has its own money alone, also where a device's calls are not controlled.
func TestCardNeedsControl(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	card := h.caller(t, tollgate.KindCard, "card")
	h.device.Kind, h.device.Asterisk.Address = tollgate.DeviceAsterisk, "127.0.0.1:1"
	h.change(t, func(c *store.Change) error { return c.PutDevice(&h.device, "") })
	a := h.attempt("1", "101")
	a.Card = card.ID
	if g, err := h.office.Authorize(t.Context(), a); err != nil || g.Allowed && g.Unlimited {
		t.Errorf("%+v and %v, want a limit or a refusal", g, err)
	}
}

// A call is charged by the tariff that it was held by, whatever the account has
// been given since.
func TestTariffChangedInCall(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	anna := h.caller(t, tollgate.KindUser, "Anna")
	dear := h.tariff
	dear.ID, dear.Name, dear.DefaultCustomer, dear.Default.Price = 0, "dear", false, "600"
	h.change(t, func(c *store.Change) error {
		if err := c.PutTariff(&dear); err != nil {
			return err
		}
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: anna.ID})
	})
	if g, err := h.office.Authorize(t.Context(), h.attempt("1", "101")); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	anna.Tariff = dear.ID
	h.change(t, func(c *store.Change) error { return c.PutAccount(&anna) })
	r := h.record("1", "0301234567", h.device.ID)
	r.Extension, r.Originator = "101", "101"
	h.finish(t, r)
	if got := h.standing(t, anna.ID).Balance; got != 9_400_000 {
		t.Errorf("Anna has %d, want 9400000", got)
	}
}

// Where nobody was found who pays before the call, its record may know.
func TestPayerFoundByTheRecord(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	anna := h.caller(t, tollgate.KindUser, "Anna")
	h.device.Kind, h.device.Asterisk.Address, h.device.DefaultAccount = tollgate.DeviceAsterisk, "127.0.0.1:1", 0
	h.change(t, func(c *store.Change) error {
		if err := c.PutDevice(&h.device, ""); err != nil {
			return err
		}
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: anna.ID})
	})
	if g, err := h.office.Authorize(t.Context(), h.attempt("1", "")); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	r := h.record("1", "0301234567", h.device.ID)
	r.Extension, r.Originator = "101", "101"
	h.finish(t, r)
	if got := h.standing(t, anna.ID).Balance; got != 9_400_000 {
		t.Errorf("Anna has %d, want 9400000", got)
	}
}

// That a call may go on without credit does not say that a frozen account calls.
func TestAlertIsForWantOfCredit(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	anna := h.caller(t, tollgate.KindUser, "Anna")
	on := tollgate.Action{Kind: tollgate.ActionAlert}
	h.device.Rules = []tollgate.CallRule{{Name: "patience", Charge: true, NoCredit: on, Exhausted: on}}
	h.change(t, func(c *store.Change) error {
		if err := c.PutDevice(&h.device, ""); err != nil {
			return err
		}
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: anna.ID})
	})
	if g, err := h.office.Authorize(t.Context(), h.attempt("1", "101")); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	if err := h.office.Answer(t.Context(), h.attempt("1", "101").Call, scriptNow()); err != nil {
		t.Fatal(err)
	}
	anna.Frozen = true
	h.change(t, func(c *store.Change) error { return c.PutAccount(&anna) })
	if g, err := h.office.Renew(t.Context(), h.attempt("1", "101").Call, 5*time.Second); err != nil ||
		!g.Final || g.Then.Kind == tollgate.ActionAlert {
		t.Errorf("in the call: %+v and %v", g, err)
	}
	if g, err := h.office.Authorize(t.Context(), h.attempt("2", "101")); err != nil || g.Allowed ||
		g.Then.Kind == tollgate.ActionAlert {
		t.Errorf("at the start: %+v and %v", g, err)
	}
}

// A record that is sent again raises no second alert.
func TestAlertOncePerCall(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.device.Plan.PrivateCodes = []string{"*7*"}
	h.change(t, func(c *store.Change) error { return c.PutDevice(&h.device, "") })
	call := h.record("1", "*7*0301234567", h.device.ID)
	call.Extension = "203" // an ordinary call has no originator
	for range 3 {
		h.finish(t, call)
	}
	if got := len(h.office.bell.raised); got != 1 {
		t.Fatalf("%d alerts, want 1", got)
	}
	const want = "a call of extension 203 was marked private without the permission"
	if got := <-h.office.bell.raised; got.Text != want {
		t.Errorf("the alert says %q, want %q", got.Text, want)
	}
}

// An emergency number goes through, also where the dialling plan cannot be used.
func TestEmergencyWithoutPlan(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.device.Plan.AreaCode = "030"
	h.change(t, func(c *store.Change) error { return c.PutDevice(&h.device, "") })
	a := h.attempt("1", "101")
	a.Dialed = "112"
	if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
		t.Errorf("%+v and %v", g, err)
	}
}

// A call of which something was just heard is not taken for a silent one.
func TestSweepLeavesWhoWasJustHeard(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	anna := h.caller(t, tollgate.KindUser, "Anna")
	h.change(t, func(c *store.Change) error {
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: anna.ID})
	})
	a := h.attempt("1", "101")
	if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	due := h.office.board.due(2 * time.Hour)
	if _, err := h.office.Renew(t.Context(), a.Call, 0); err != nil || len(due) != 1 {
		t.Fatal(len(due), err)
	}
	if err := h.office.expire(t.Context(), due[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := h.office.Renew(t.Context(), a.Call, 0); err != nil {
		t.Error(err)
	}
}

// What a device says of a call for its rules is not kept with it: a hundred
// thousand calls are up.
func TestVariablesAreNotKept(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	a := h.attempt("1", "")
	a.Variables = map[string]string{}
	for i := range variablesMax {
		a.Variables[strings.Repeat("n", i)] = strings.Repeat("\"", 1000)
	}
	if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	page, err := h.db.Reservations(t.Context(), store.Everything, store.ReservationFilter{}, store.Paging{})
	if err != nil || len(page.Items) != 1 || len(page.Items[0].Detail) > 2_000 {
		t.Errorf("%d bytes are kept, %v", len(page.Items[0].Detail), err)
	}
}

// A call that waited long to be dialled, in a queue, can be asked for again.
func TestAskedAgainAfterSilence(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	anna := h.caller(t, tollgate.KindUser, "Anna")
	h.change(t, func(c *store.Change) error {
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: anna.ID})
	})
	a := h.attempt("1", "101")
	for range 2 {
		if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
			t.Fatal(g, err)
		}
		if err := h.office.sweep(t.Context(), unheardMax+sliceMin); err != nil {
			t.Fatal(err)
		}
		if got := h.standing(t, anna.ID).Reserved; got != 0 {
			t.Errorf("%d is still held", got)
		}
		if _, err := h.office.Renew(t.Context(), a.Call, 0); tollgate.CodeOf(err) != tollgate.CodeNotFound {
			t.Error(err)
		}
	}
}

// What was decided when a call was authorised holds, also when its record had to
// wait in quarantine until something was mended.
func TestReplayKeepsWhatWasDecided(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	card := h.caller(t, tollgate.KindCard, "card")
	a := h.attempt("1", "101")
	a.Card = card.ID
	if g, err := h.office.Authorize(t.Context(), a); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	area := h.device.Plan.AreaCode
	for _, plan := range []string{"030", area} {
		h.device.Plan.AreaCode = plan
		h.change(t, func(c *store.Change) error { return c.PutDevice(&h.device, "") })
		if plan == area {
			break
		}
		if got := h.finish(t, h.record("1", "0301234567", h.device.ID)); got.Outcome != tollgate.OutcomeQuarantined {
			t.Fatal(got)
		}
	}
	waiting, err := h.db.Quarantine(t.Context(), store.Everything, store.Paging{})
	if err != nil || len(waiting.Items) != 1 {
		t.Fatal(waiting, err)
	}
	results, err := h.office.Replay(t.Context(), store.Actor{Name: "test"}, store.Everything,
		[]tollgate.ID{waiting.Items[0].ID})
	if err != nil || results[0].Outcome != tollgate.OutcomeStored {
		t.Fatal(results, err)
	}
	if got := h.standing(t, card.ID); got.Balance != 9_400_000 || got.Reserved != 0 {
		t.Errorf("the card has %d and %d held, want 9400000 and nothing", got.Balance, got.Reserved)
	}
}

// Only the account that is low is called low.
func TestLowCreditIsItsOwn(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.deck(t, tollgate.Rate{Prefix: "49", Price: "0.60", First: "1", Next: "1"})
	anna := h.caller(t, tollgate.KindUser, "Anna")
	h.company.CreditLimit, h.company.LowCredit = 1_000_000_000, 50_000_000
	h.change(t, func(c *store.Change) error {
		if err := c.PutAccount(&h.company); err != nil {
			return err
		}
		return c.PutExtension(tollgate.Extension{Device: h.device.ID, Number: "101", Account: anna.ID})
	})
	if g, err := h.office.Authorize(t.Context(), h.attempt("1", "101")); err != nil || !g.Allowed {
		t.Fatal(g, err)
	}
	if got := len(h.office.bell.raised); got != 0 {
		t.Errorf("%d alerts, want none: %+v", got, <-h.office.bell.raised)
	}
}
