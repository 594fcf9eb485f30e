package access

import (
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/card"
)

const cardNumber, cardPIN = "12345678", "4711"

// wallet is a door with one card of one enterprise.
type wallet struct {
	*door
	enterprise, other      tollgate.ID
	shared, own, strangers tollgate.ID // devices
	account                tollgate.ID // of the card
	expires                time.Time
	days                   int
}

func newWallet(t *testing.T, days int, life time.Duration) *wallet {
	t.Helper()
	w := &wallet{door: newDoor(t), days: days}
	if life != 0 {
		w.expires = w.now().Add(life)
	}
	w.enterprise, w.other = w.company("Acme"), w.company("Umbra")
	w.shared, w.own, w.strangers = w.pbx("shared", 0), w.pbx("own", w.enterprise), w.pbx("strange", w.other)
	issue := card.Issue{
		Batch:   card.Batch{Enterprise: w.enterprise, Name: "one", Count: 1, Amount: 1, Currency: "EUR"},
		Expires: w.expires, ValidDays: days, Draw: func() (string, error) { return cardNumber, nil },
	}
	w.change(func(c *store.Change) error { return card.Add(c, w.now(), &issue) })
	cards, err := card.InBatch(t.Context(), w.db, issue.ID)
	if err != nil || len(cards) != 1 {
		t.Fatal(cards, err)
	}
	w.account = cards[0].Account
	w.answers("not handed out", cardNumber, "", w.shared, tollgate.CodeUnauthenticated)
	hashes, err := w.HashPINs(t.Context(), []string{cardPIN})
	if err != nil {
		t.Fatal(err)
	}
	cards[0].PINHash = hashes[0]
	if err := card.Finish(t.Context(), w.db, issue.ID, w.now(), cards); err != nil {
		t.Fatal(err)
	}
	w.change(func(c *store.Change) error { return card.Unlock(c, store.Everything, w.account) })
	return w
}

func (w *wallet) change(do func(*store.Change) error) {
	w.t.Helper()
	if err := w.db.Change(w.t.Context(), house, "test", do); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wallet) company(name string) tollgate.ID {
	a := tollgate.Account{
		Name: name, Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Currency: "EUR", Timezone: "UTC",
	}
	w.change(func(c *store.Change) error { return c.PutAccount(&a) })
	return a.ID
}

func (w *wallet) pbx(name string, of tollgate.ID) tollgate.ID {
	d := tollgate.Device{Name: name, Enterprise: of, Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true}
	w.change(func(c *store.Change) error { return c.PutDevice(&d, "") })
	return d.ID
}

// answers opens the card and wants an error of that code, or none.
func (w *wallet) answers(when, number, pin string, device tollgate.ID, want tollgate.ErrorCode) OpenCard {
	w.t.Helper()
	c, err := w.OpenCard(w.t.Context(), number, pin, device)
	if tollgate.CodeOf(err) != want {
		w.t.Errorf("%s: %v, want %q", when, err, want)
	}
	return c
}

func TestOpenCard(t *testing.T) {
	w := newWallet(t, 0, 0)
	c := w.answers("right", cardNumber, cardPIN, w.shared, "")
	if c.Account != w.account || c.Enterprise != w.enterprise || c.Left.Currency != "EUR" || !c.Expires.IsZero() {
		t.Errorf("the card is %+v", c)
	}
	w.answers("own device", cardNumber, cardPIN, w.own, "")
	const no = tollgate.CodeUnauthenticated
	w.answers("another enterprise's device", cardNumber, cardPIN, w.strangers, no)
	w.answers("no device", cardNumber, cardPIN, 4711, no)
	w.answers("no such number", "87654321", cardPIN, w.shared, no)
	w.answers("no number", "", "", w.shared, no)
	w.answers("a long PIN", cardNumber, strings.Repeat("1", 100_000), w.shared, no)
	w.answers("a wrong PIN", cardNumber, "4712", w.shared, no)
	w.answers("the right PIN forgives", cardNumber, cardPIN, w.shared, "")
	w.answers("a wrong PIN", cardNumber, "4712", w.shared, no)
	w.answers("another", cardNumber, "4713", w.shared, no)
	w.answers("still open", cardNumber, cardPIN, w.shared, "")
}

func TestCardLocks(t *testing.T) {
	w := newWallet(t, 0, 0)
	const wrong = tollgate.CodeUnauthenticated
	for range 3 {
		w.answers("wrong", cardNumber, "0000", w.shared, wrong)
	}
	w.answers("right, but locked", cardNumber, cardPIN, w.shared, tollgate.CodeForbidden)
	w.ahead = pinLock - time.Second
	w.answers("nearly over", cardNumber, cardPIN, w.shared, tollgate.CodeForbidden)
	w.ahead = pinLock + time.Second
	w.answers("over, wrong", cardNumber, "0000", w.shared, wrong)
	w.answers("over", cardNumber, cardPIN, w.shared, "")
	for range 3 {
		w.answers("wrong", cardNumber, "0000", w.shared, wrong)
	}
	again, err := New(w.db, Options{Now: w.now, Random: w.random})
	if err != nil {
		t.Fatal(err)
	}
	_, err = again.OpenCard(t.Context(), cardNumber, cardPIN, w.shared)
	if tollgate.CodeOf(err) != tollgate.CodeForbidden {
		t.Errorf("after a restart: %v", err)
	}
	err = w.db.Change(t.Context(), house, "unlock card", func(c *store.Change) error {
		return card.Unlock(c, store.Scope(w.other), w.account)
	})
	if tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Errorf("another enterprise unlocks it: %v", err)
	}
	w.change(func(c *store.Change) error { return card.Unlock(c, store.Scope(w.enterprise), w.account) })
	w.answers("unlocked", cardNumber, cardPIN, w.shared, "")
}

// TestCardLocksUnderFire tries many PINs at once: no more than three are looked at.
func TestCardLocksUnderFire(t *testing.T) {
	w := newWallet(t, 0, 0)
	var mu sync.Mutex
	looked := 0
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			_, err := w.OpenCard(t.Context(), cardNumber, "0000", w.shared)
			mu.Lock()
			defer mu.Unlock()
			if tollgate.CodeOf(err) == tollgate.CodeUnauthenticated {
				looked++
			}
		})
	}
	all.Wait()
	if looked != pinTries {
		t.Errorf("%d PINs were looked at", looked)
	}
}

func TestCardExpires(t *testing.T) {
	t.Run("on a day", func(t *testing.T) {
		w := newWallet(t, 0, time.Hour)
		w.answers("before", cardNumber, cardPIN, w.shared, "")
		w.ahead = time.Hour + time.Second
		w.answers("after", cardNumber, cardPIN, w.shared, tollgate.CodeForbidden)
		w.answers("wrong PIN", cardNumber, "0000", w.shared, tollgate.CodeUnauthenticated)
	})
	t.Run("days after the first use", func(t *testing.T) {
		w := newWallet(t, 2, 0)
		w.ahead = 100 * 24 * time.Hour
		w.answers("first use", cardNumber, cardPIN, w.shared, "")
		w.ahead += 47 * time.Hour
		c := w.answers("second day", cardNumber, cardPIN, w.shared, "")
		if left := c.Expires.Sub(w.now()).Round(time.Hour); left != time.Hour {
			t.Errorf("%s are left", left)
		}
		w.ahead += 2 * time.Hour
		w.answers("third day", cardNumber, cardPIN, w.shared, tollgate.CodeForbidden)
	})
	t.Run("the earlier of both", func(t *testing.T) {
		w := newWallet(t, 2, time.Hour)
		if c := w.answers("first use", cardNumber, cardPIN, w.shared, ""); c.Expires.Sub(w.now()) > time.Hour {
			t.Errorf("it expires %s", c.Expires)
		}
	})
}

func TestCardFrozen(t *testing.T) {
	w := newWallet(t, 0, 0)
	for _, id := range []tollgate.ID{w.account, w.enterprise} {
		a, err := w.db.Account(t.Context(), store.Everything, id)
		if err != nil {
			t.Fatal(err)
		}
		freeze := func(frozen bool) {
			a.Frozen = frozen
			w.change(func(c *store.Change) error { return c.PutAccount(&a) })
		}
		freeze(true)
		w.answers("frozen "+a.Name, cardNumber, cardPIN, w.shared, tollgate.CodeFrozen)
		freeze(false)
		w.answers("thawed "+a.Name, cardNumber, cardPIN, w.shared, "")
	}
}

func TestDigits(t *testing.T) {
	d := newDoor(t)
	seen := map[byte]int{}
	for range 1000 {
		text, err := d.Digits(4)
		if err != nil || len(text) != 4 || text[0] == '0' {
			t.Fatalf("drew %q, %v", text, err)
		}
		for i := range 4 {
			seen[text[i]]++
		}
	}
	if len(seen) != 10 || seen['0'] < 200 || seen['9'] > 600 {
		t.Errorf("drew %v", seen)
	}
}

// BenchmarkHashPINs says what a batch costs.
func BenchmarkHashPINs(b *testing.B) {
	gate, err := New(nil, Options{Now: time.Now, Random: strings.NewReader(strings.Repeat("x", 1<<20))})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		gate.random = strings.NewReader(strings.Repeat("x", 1<<16))
		if _, err := gate.HashPINs(b.Context(), make([]string, 1000)); err != nil {
			b.Fatal(err)
		}
	}
}
