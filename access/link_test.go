package access

import (
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"
)

func TestFirstLink(t *testing.T) {
	d := newDoor(t)
	first, needed, err := d.FirstLink(t.Context())
	if err != nil || !needed {
		t.Fatalf("first link: needed %v, %v", needed, err)
	}
	second, _, err := d.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := d.browser()
	b.want("/link", "not_found", "link", first, "name", "anna", "password", password) // the newer one counts
	b.want("/link", "invalid", "link", second, "name", "anna", "password", "short")
	b.want("/link", "invalid", "link", second, "name", "", "password", password)
	b.want("/link", "", "link", second, "name", "Anna", "password", password)
	b.want("/", "anna admin 127.0.0.1")
	b.want("/link", "not_found", "link", second, "name", "bert", "password", password)
	if _, needed, err = d.FirstLink(t.Context()); needed || err != nil {
		t.Errorf("with an administrator: needed %v, %v", needed, err)
	}
	d.browser().want("/in", "", "name", "anna", "password", password)
}

// TestFirstLinkOnce shows that of many who use one link at once, one becomes
// the administrator.
func TestFirstLinkOnce(t *testing.T) {
	d := newDoor(t)
	link, _, err := d.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	answers := make([]string, 4)
	for i := range answers {
		wg.Go(func() {
			answers[i] = d.browser().post("/link", "link", link, "name", string(rune('a'+i)), "password", password)
		})
	}
	wg.Wait()
	won := 0
	for _, a := range answers {
		if a == "" {
			won++
		}
	}
	users, err := d.db.Users(t.Context(), store.Everything)
	if err != nil || won != 1 || len(users) != 1 {
		t.Errorf("answers %q, %d users, %v: want one winner", answers, len(users), err)
	}
}

func TestFirstLinkAfterAdmin(t *testing.T) {
	d := newDoor(t)
	link, _, err := d.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.user("anna", RoleAdmin) // by the command, meanwhile
	d.browser().want("/link", "not_found", "link", link, "name", "mallory", "password", password)
}

func TestPasswordLink(t *testing.T) {
	d := newDoor(t)
	u := d.user("anna", RoleReader)
	link := func() string {
		t.Helper()
		secret, err := d.NewLink(t.Context(), house, "Anna")
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	secret := link()
	if name, err := d.Link(t.Context(), secret); name != "anna" || err != nil {
		t.Errorf("link of %q, %v", name, err)
	}
	d.browser().want("/link", "", "link", secret, "name", "mallory", "password", "a brand new one")
	d.browser().want("/in", "unauthenticated", "name", "anna", "password", password)
	d.browser().want("/in", "", "name", "anna", "password", "a brand new one")
	d.browser().want("/link", "not_found", "link", secret, "password", password)

	secret = link()
	d.ahead += linkLifeMax
	d.browser().want("/link", "not_found", "link", secret, "password", password)
	if _, err := d.NewLink(t.Context(), house, "nobody"); tollgate.CodeOf(err) != tollgate.CodeNotFound {
		t.Errorf("link for nobody: %v", err)
	}

	secret = link()
	u.Disabled = true
	d.change(func(c *store.Change) error { return c.PutUser(&u) })
	d.browser().want("/link", "forbidden", "link", secret, "password", password)
	d.browser().want("/link", "not_found", "link", "", "password", password)
}

// TestLinkRows runs the statements on both engines.
func TestLinkRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, err := New(db, Options{Now: time.Now, Random: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		secret, needed, err := a.FirstLink(t.Context())
		if err != nil || !needed {
			t.Fatal(needed, err)
		}
		if _, err := a.Link(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		for _, want := range []tollgate.ErrorCode{"", tollgate.CodeNotFound} {
			err := db.Change(t.Context(), house, "test", func(c *store.Change) error {
				_, err := c.TakeLink(fingerprint(secret))
				return err
			})
			if tollgate.CodeOf(err) != want {
				t.Errorf("take: %v, want code %q", err, want)
			}
		}
	})
}
