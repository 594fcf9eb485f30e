package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/live"
	"tollgate/store/storetest"
)

// held is a hold of a new call on an account and its enterprise, if that has a limit.
func (s *shop) held(unique string, micro int64, by ...tollgate.Account) ledger.Hold {
	h := ledger.Hold{
		Enterprise: s.enterprise.ID, ID: s.db.NewID(), To: micro, Until: noon, Detail: []byte(`{"call":"` + unique + `"}`),
		Call: tollgate.CallID{Device: s.device.ID, UniqueID: unique, Leg: 1},
	}
	for _, a := range by {
		h.Accounts = append(h.Accounts, a.ID)
	}
	return h
}

func (s *shop) hold(h ledger.Hold) ledger.Held {
	s.Helper()
	held, err := s.book.Hold(s.Context(), h)
	if err != nil {
		s.Fatal(err)
	}
	return held
}

func (s *shop) recharge(a tollgate.Account, micro int64) {
	s.Helper()
	_, err := s.book.Recharge(s.Context(), clerk, a.ID, tollgate.Money{Micro: micro, Currency: a.Currency}, "", "")
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) account(a tollgate.Account) tollgate.Account {
	s.Helper()
	s.catchUp()
	a, err := s.db.Account(s.Context(), store.Everything, a.ID)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// allow gives the quota account so much to use.
func (s *shop) allow(micro int64) {
	s.Helper()
	s.quota.Allowance = micro
	s.change(func(c *store.Change) error { return c.PutAccount(&s.quota) })
}

// holdSome leaves a reservation on the quota account, which was corrected and reset.
func (s *shop) holdSome() {
	s.Helper()
	s.allow(1000)
	used := tollgate.Money{Micro: 7, Currency: "EUR"}
	if err := s.book.CorrectUsed(s.Context(), clerk, s.quota.ID, used, "", ""); err != nil {
		s.Fatal(err)
	}
	if done, err := s.book.ResetQuota(s.Context(), s.enterprise.ID, s.quota.ID, noon); err != nil || !done {
		s.Fatal(done, err)
	}
	if held := s.hold(s.held("open", 100, s.quota)); held.Refused {
		s.Fatalf("%+v", held)
	}
}

func (s *shop) checkReserved(a tollgate.Account, want int64) {
	s.Helper()
	if got := s.account(a).Reserved; got != want {
		s.Errorf("%s: reserved %d, want %d", a.Name, got, want)
	}
}

func TestHoldGrowsShrinksAndIsSettled(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.recharge(s.prepaid, 1000)
		h := s.held("a", 600, s.prepaid)
		if got := s.hold(h); got != (ledger.Held{Short: s.prepaid.ID, Room: 400}) {
			s.Errorf("new: %+v", got)
		}
		if got := s.hold(h); got != (ledger.Held{Short: s.prepaid.ID, Room: 400}) { // as after an answer that was lost
			s.Errorf("the same again: %+v", got)
		}
		h.From, h.To = 600, 1001
		if got := s.hold(h); got != (ledger.Held{Refused: true, Short: s.prepaid.ID, Room: 400}) {
			s.Errorf("more than there is: %+v", got)
		}
		s.checkReserved(s.prepaid, 600)
		h.To, h.Until, h.Detail = 1000, noon.Add(time.Minute), []byte("later")
		if got := s.hold(h); got != (ledger.Held{Short: s.prepaid.ID}) {
			s.Errorf("all there is: %+v", got)
		}
		s.catchUp()
		rows, err := s.db.Reservations(s.Context(), store.Everything, store.ReservationFilter{}, store.Paging{})
		if err != nil || len(rows.Items) != 1 || rows.Items[0].Amount != 1000 || string(rows.Items[0].Detail) != "later" ||
			rows.Items[0].Call != h.Call || !rows.Items[0].Until.Equal(h.Until) || rows.Items[0].Accounts[0] != s.prepaid.ID {
			s.Errorf("stored: %+v, %v", rows, err)
		}
		h.From, h.To = 1000, 300
		if got := s.hold(h); got != (ledger.Held{Short: s.prepaid.ID, Room: 700}) {
			s.Errorf("less: %+v", got)
		}
		s.audit()
		call := s.paid(1, s.prepaid, 250)
		call.Reservation = h.ID
		for range 2 { // the second is a duplicate
			s.settle(call)
			a := s.account(s.prepaid)
			if a.Reserved != 0 || a.Balance != 750 {
				s.Errorf("settled: reserved %d, balance %d, want 0 and 750", a.Reserved, a.Balance)
			}
		}
		h.From = 300
		if _, err := s.book.Hold(s.Context(), h); tollgate.CodeOf(err) != tollgate.CodeConflict {
			s.Errorf("holding for a settled call: %v, want a conflict", err)
		}
		s.audit()
	})
}

func TestHoldsThatCannotBe(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.recharge(s.prepaid, 1000)
		other := &shop{T: s.T, db: s.db, book: s.book}
		other.furnish("umbra")
		first := s.held("a", 100, s.prepaid)
		s.hold(first)
		for name, c := range map[string]struct {
			edit func(*ledger.Hold)
			want tollgate.ErrorCode
		}{
			"another of the call": {func(h *ledger.Hold) { h.Call = first.Call }, tollgate.CodeConflict},
			"not there":           {func(h *ledger.Hold) { h.From = 5 }, tollgate.CodeConflict},
			"there with another":  {func(h *ledger.Hold) { *h = first; h.From, h.To = 99, 200 }, tollgate.CodeConflict},
			"there, and not new":  {func(h *ledger.Hold) { *h = first; h.To = 200 }, tollgate.CodeConflict},
			"of another enterprise": {
				func(h *ledger.Hold) { *h = first; h.Enterprise = other.enterprise.ID }, tollgate.CodeConflict,
			},
			"another's account": {func(h *ledger.Hold) { h.Accounts[0] = other.prepaid.ID }, tollgate.CodeNotFound},
			"no account":        {func(h *ledger.Hold) { h.Accounts[0] = 5 }, tollgate.CodeNotFound},
			"an account twice": {
				func(h *ledger.Hold) { h.Accounts = append(h.Accounts, s.prepaid.ID) }, tollgate.CodeInvalid,
			},
			"no id":                {func(h *ledger.Hold) { h.ID = 0 }, tollgate.CodeInvalid},
			"no call":              {func(h *ledger.Hold) { h.Call.UniqueID = "" }, tollgate.CodeInvalid},
			"less than nothing":    {func(h *ledger.Hold) { h.To = -1 }, tollgate.CodeInvalid},
			"more than there is":   {func(h *ledger.Hold) { h.To = 1 << 60 }, tollgate.CodeInvalid},
			"an endless detail":    {func(h *ledger.Hold) { h.Detail = make([]byte, 1<<20) }, tollgate.CodeInvalid},
			"accounts without end": {func(h *ledger.Hold) { h.Accounts = make([]tollgate.ID, 17) }, tollgate.CodeInvalid},
		} {
			h := s.held("b", 50, s.prepaid)
			c.edit(&h)
			if _, err := s.book.Hold(s.Context(), h); tollgate.CodeOf(err) != c.want {
				s.Errorf("%s: %v, want %s", name, err, c.want)
			}
			s.checkReserved(s.prepaid, 100)
		}
		s.audit()
	})
}

// A hold takes from all its accounts or from none; shrinking is never refused.
func TestHoldTakesFromAllOrNone(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.recharge(s.prepaid, 500)
		s.allow(300)
		h := s.held("a", 400, s.prepaid, s.quota)
		if got := s.hold(h); got != (ledger.Held{Refused: true, Short: s.quota.ID, Room: 300}) {
			s.Errorf("too much for the quota: %+v", got)
		}
		s.checkReserved(s.prepaid, 0)
		h.To = 300
		if got := s.hold(h); got != (ledger.Held{Short: s.quota.ID}) {
			s.Errorf("all of the quota: %+v", got)
		}
		s.checkReserved(s.prepaid, 300)
		s.checkReserved(s.quota, 300)
		s.settle(s.paid(1, s.prepaid, 450)) // spends what is held for another
		h.From, h.To = 300, 290
		if got := s.hold(h); got.Refused || got.Room >= 0 {
			s.Errorf("less, of an account that is overdrawn: %+v", got)
		}
		h.From, h.To = 290, 291
		if got := s.hold(h); !got.Refused || got.Short != s.prepaid.ID {
			s.Errorf("more, of an account that is overdrawn: %+v", got)
		}
		h.To, h.Accounts = 300, []tollgate.ID{s.quota.ID} // the prepaid one is not limited any more
		if got := s.hold(h); got != (ledger.Held{Short: s.quota.ID}) {
			s.Errorf("of one account alone: %+v", got)
		}
		s.checkReserved(s.prepaid, 0)
		s.checkReserved(s.quota, 300)
		shown := s.held("b", 1<<40)
		if got := s.hold(shown); got != (ledger.Held{}) {
			s.Errorf("of nobody: %+v", got)
		}
		if got := s.audit(); got.Overdrawn != 0 {
			s.Errorf("%d accounts are below their limit", got.Overdrawn)
		}
	})
}

func TestReleaseGivesBackOnce(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.recharge(s.prepaid, 1000)
		h := s.held("a", 100, s.prepaid)
		s.hold(h)
		for _, c := range []struct {
			enterprise tollgate.ID
			want       bool
		}{{5, false}, {s.enterprise.ID, true}, {s.enterprise.ID, false}, {0, false}} {
			got, err := s.book.Release(s.Context(), c.enterprise, h.ID)
			if err != nil || got != c.want {
				s.Errorf("releasing for %d: %v, %v, want %v", c.enterprise, got, err, c.want)
			}
		}
		s.checkReserved(s.prepaid, 0)
		// What cannot be settled gives back too, whatever it is.
		h.ID, h.Call.UniqueID = s.db.NewID(), "b"
		s.hold(h)
		bad := s.paid(1, s.prepaid, 10)
		bad.Reason, bad.Reservation = "no such trunk", h.ID
		s.settle(bad)
		s.checkReserved(s.prepaid, 0)
		s.audit()
	})
}

// Money that one operation of a commit frees or brings is there for the holds
// of the same commit, which see what those before them took.
func TestHoldsOfOneCommit(t *testing.T) {
	eachShop(t, func(s *shop) {
		book := ledger.New(s.db, ledger.Options{Now: time.Now})
		s.recharge(s.prepaid, 100)
		old := s.held("old", 100, s.prepaid)
		s.hold(old)
		s.catchUp()
		ended := s.paid(1, s.prepaid, 30)
		ended.Reservation, ended.CDR.ID = old.ID, s.db.NewID()
		var holds []ledger.Hold
		var operations []*ledger.Operation
		for _, micro := range []int64{50, 30, 15, 5, 1} {
			holds = append(holds, s.held(fmt.Sprint("new ", micro), micro, s.prepaid))
			operations = append(operations, ledger.OpHold(holds[len(holds)-1]))
		}
		operations = append(operations, ledger.OpSettle([]ledger.Settlement{ended}))
		book.Together(s.Context(), operations...)
		for i, want := range []ledger.Held{
			{Short: s.prepaid.ID, Room: 20},
			{Refused: true, Short: s.prepaid.ID, Room: 20},
			{Short: s.prepaid.ID, Room: 5},
			{Short: s.prepaid.ID},
			{Refused: true, Short: s.prepaid.ID},
		} {
			if _, got, _, err := ledger.Answer(operations[i]); err != nil || got != want {
				s.Errorf("hold of %d: %+v, %v, want %+v", holds[i].To, got, err, want)
			}
		}
		s.checkReserved(s.prepaid, 70)
		s.audit()
	})
}

// Terms that a person changes leave alone what is held and used.
func TestTermsLeaveWhatIsHeld(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.holdSome()
		s.recharge(s.prepaid, 100)
		s.hold(s.held("a", 100, s.prepaid))
		stale := s.prepaid
		stale.Reserved, stale.Balance, stale.PeriodStart = 0, 7, noon
		stale.Mode, stale.Frozen = tollgate.ModePostpaid, true
		s.change(func(c *store.Change) error { return c.PutAccount(&stale) })
		stale.Mode, stale.CreditLimit = tollgate.ModePrepaid, 0
		s.change(func(c *store.Change) error { return c.PutAccount(&stale) })
		s.checkReserved(s.prepaid, 100)
		s.quota.Allowance, s.quota.LowCredit = 1, 5
		s.change(func(c *store.Change) error { return c.PutAccount(&s.quota) })
		if a := s.account(s.quota); a.Reserved != 100 || !a.PeriodStart.Equal(noon) || a.LowCredit != 5 {
			s.Errorf("the quota account is %+v", a)
		}
		err := s.db.Change(s.Context(), clerk, "test", func(c *store.Change) error { return c.DeleteAccount(s.quota.ID) })
		if tollgate.CodeOf(err) != tollgate.CodeConflict {
			s.Errorf("deleting an account whose money is held: %v", err)
		}
		s.audit()
	})
}

// Many calls of one account at once never hold more than there is, on two
// nodes where there are two.
func TestNoCreditIsHeldTwice(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := openShop(t, storetest.Open(t, url))
		books := []*ledger.Book{s.book, openBook(t, storetest.Open(t, url))}
		const credit = 10_000
		s.recharge(s.prepaid, credit)
		s.spendAll(credit, books...)
	})
}

// While one node decides what an account can spend, another waits.
func TestRoomStaysUntilTheCommit(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := openShop(t, storetest.Open(t, url))
		node := storetest.Open(t, url)
		s.recharge(s.prepaid, 100)
		read, answered := make(chan bool), make(chan ledger.Held)
		go func() {
			<-read
			held, err := s.book.Hold(t.Context(), s.held("here", 100, s.prepaid))
			if err != nil {
				t.Error(err)
			}
			answered <- held
		}()
		there := s.held("there", 100, s.prepaid)
		tries := 0
		err := node.Post(t.Context(), func(p *store.Posting) error {
			rooms, err := live.On(p).Rooms(there.Accounts, nil)
			if err != nil || len(rooms) != 1 || rooms[0].Micro != 100 {
				return fmt.Errorf("rooms %+v, %w", rooms, err)
			}
			if tries++; tries == 1 {
				close(read)
			}
			select {
			case held := <-answered:
				return fmt.Errorf("the other did not wait: %+v", held)
			case <-time.After(50 * time.Millisecond):
			}
			if _, err := live.On(p).Reserve([]store.Reservation{{
				Enterprise: there.Enterprise, ID: there.ID, Call: there.Call, Accounts: there.Accounts, Amount: 100,
			}}); err != nil {
				return err
			}
			return p.AddBalances([]store.Delta{{Enterprise: there.Enterprise, Account: s.prepaid.ID, Reserved: 100}})
		})
		if err != nil {
			t.Fatal(err)
		}
		if held := <-answered; !held.Refused {
			t.Errorf("both were granted all there is: %+v", held)
		}
		s.audit()
	})
}
