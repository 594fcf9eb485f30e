package access

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tollgate"
)

// What strangers do to a name, and what its owner at another address gets for it.

const (
	home  = "192.0.2.1" // the owner's address
	guess = "guessed pass"
)

// sign tries to log in from an address.
func (d *door) sign(name, password, address string) error {
	d.t.Helper()
	ctx, err := d.sessions.Load(d.t.Context(), "")
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = d.SignIn(ctx, name, password, address)
	return err
}

// dock tries to dock from an address.
func (d *door) dock(account, password, address string) error {
	_, err := d.Dock(d.t.Context(), account, password, address)
	return err
}

// ways are the two places at which a name and a password are asked for.
func ways(d *door) map[string]func(name, password, address string) error {
	d.t.Helper()
	d.user("anna", RoleAdmin)
	d.device("anna")
	return map[string]func(string, string, string) error{"login": d.sign, "docking": d.dock}
}

func isThrottled(err error) bool {
	_, ok := errors.AsType[*Throttled](err)
	return ok
}

// TestStrangerAtOneAddress shows that whoever guesses from one address waits,
// and nobody else, though the owner was never let in before.
func TestStrangerAtOneAddress(t *testing.T) {
	for _, stranger := range []string{"198.51.100.1", "2001:db8:1:2::1"} {
		d := newDoor(t)
		for what, try := range ways(d) {
			heard := 0
			for range 500 {
				err := try("anna", guess, stranger)
				switch {
				case tollgate.CodeOf(err) == tollgate.CodeUnauthenticated:
					heard++
				case !isThrottled(err):
					t.Fatalf("%s: %v", what, err)
				}
			}
			if heard != failuresFreePair {
				t.Errorf("%s from %s: %d guesses were heard, want %d", what, stranger, heard, failuresFreePair)
			}
			if err := try("anna", password, home); err != nil {
				t.Errorf("%s: the owner: %v", what, err)
			}
			if err := try("anna", password, stranger); !isThrottled(err) {
				t.Errorf("%s: right in the end: %v, want *Throttled", what, err)
			}
		}
	}
}

// TestManyStrangers shows that guessing from many addresses is slowed, and that
// the owner comes in all the same from where they were let in before.
func TestManyStrangers(t *testing.T) {
	d := newDoor(t)
	for what, try := range ways(d) {
		if err := try("anna", password, home); err != nil {
			t.Fatal(err)
		}
		d.docked = forgotten(t, d)
		heard := 0
		for i := range 1000 {
			err := try("anna", guess, fmt.Sprintf("2001:db8:%x::1", i))
			switch {
			case tollgate.CodeOf(err) == tollgate.CodeUnauthenticated:
				heard++
			case !isThrottled(err):
				t.Fatalf("%s: %v", what, err)
			}
		}
		if heard != failuresFreeName {
			t.Errorf("%s: %d guesses were heard, want %d", what, heard, failuresFreeName)
		}
		if err := try("anna", guess, home); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
			t.Errorf("%s: the owner mistypes: %v", what, err)
		}
		if err := try("anna", password, home); err != nil {
			t.Errorf("%s: the owner: %v", what, err)
		}
	}
}

// forgotten is what a restart leaves of the passwords that were right.
func forgotten(t *testing.T, d *door) *verified {
	t.Helper()
	v, err := newVerified(d.random)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestFloodOfLogins shows that nobody waits for the logins of strangers: no
// device that never docked, no card, nobody who was let in from there before, no
// new password. Those who wait are few.
func TestFloodOfLogins(t *testing.T) {
	w := newWallet(t, 0, 0)
	w.user("anna", RoleAdmin)
	w.device("hq")
	if err := w.sign("anna", password, home); err != nil {
		t.Fatal(err)
	}
	w.hold(w.queues.logins)
	answers := make(chan error)
	flood, end := context.WithCancel(t.Context())
	for i := range 720 {
		go func() {
			_, err := w.SignIn(flood, "anna", guess, fmt.Sprintf("198.51.100.%d", i%40))
			answers <- err
		}()
	}
	for i := range 700 {
		if err := <-answers; tollgate.CodeOf(err) != tollgate.CodeUnavailable {
			t.Fatalf("login %d: %v, want that it is busy", i, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := w.Dock(ctx, "hq", password, home); err != nil {
		t.Errorf("a device that never docked: %v", err)
	}
	if _, err := w.OpenCard(ctx, cardNumber, cardPIN, w.shared); err != nil {
		t.Errorf("a card: %v", err)
	}
	if err := w.sign("anna", password, home); err != nil {
		t.Errorf("the owner: %v", err)
	}
	if _, err := w.HashPassword(ctx, password); err != nil {
		t.Errorf("a new password: %v", err)
	}
	end()
	for range 20 {
		if err := <-answers; !errors.Is(err, context.Canceled) {
			t.Errorf("who waited: %v, want to have given up", err)
		}
	}
}

// hold takes every place of a queue until the test ends.
func (d *door) hold(q *queue) (release func()) {
	d.t.Helper()
	for range cap(q.places) {
		q.places <- struct{}{}
		q.present <- struct{}{}
	}
	return func() {
		for range cap(q.places) {
			<-q.places
			<-q.present
		}
	}
}

// TestBusyIsNoFailure shows that a password or PIN that was not looked at, for
// want of a place, is not counted against anybody.
func TestBusyIsNoFailure(t *testing.T) {
	w := newWallet(t, 0, 0)
	w.user("anna", RoleAdmin)
	w.device("hq")
	tries := map[string]struct {
		line *queue
		do   func() error
	}{
		"login":   {w.queues.logins, func() error { return w.sign("anna", password, home) }},
		"docking": {w.queues.docking, func() error { return w.dock("hq", password, home) }},
		"card": {w.queues.pins, func() error {
			_, err := w.OpenCard(t.Context(), cardNumber, cardPIN, w.shared)
			return err
		}},
	}
	for what, try := range tries {
		for range cap(try.line.present) {
			try.line.present <- struct{}{}
		}
		for range 2 * failuresFreeAddress {
			if err := try.do(); tollgate.CodeOf(err) != tollgate.CodeUnavailable {
				t.Fatalf("%s: %v, want that it is busy", what, err)
			}
		}
		for range cap(try.line.present) {
			<-try.line.present
		}
		if err := try.do(); err != nil {
			t.Errorf("%s afterwards: %v", what, err)
		}
	}
}

// TestManyAtOnceCountAsMany shows that guesses which wait together for a place
// are not heard together.
func TestManyAtOnceCountAsMany(t *testing.T) {
	d := newDoor(t)
	for what, try := range ways(d) {
		line := map[string]*queue{"login": d.queues.logins, "docking": d.queues.docking}[what]
		release := d.hold(line)
		answers := make(chan error)
		for range passwordsWaitingMax {
			go func() { answers <- try("anna", guess, "198.51.100.1") }()
		}
		for len(line.present) < cap(line.present) {
			time.Sleep(time.Millisecond)
		}
		release()
		heard := 0
		for range passwordsWaitingMax {
			if !isThrottled(<-answers) {
				heard++
			}
		}
		if heard != failuresFreePair {
			t.Errorf("%s: %d guesses were heard, want %d", what, heard, failuresFreePair)
		}
	}
}

// TestLinkLetsTheOwnerIn shows what somebody does whose name strangers keep
// busy, at an address from which they were never let in.
func TestLinkLetsTheOwnerIn(t *testing.T) {
	d := newDoor(t)
	d.user("anna", RoleAdmin)
	for i := range failuresFreeName {
		err := d.sign("anna", guess, fmt.Sprintf("2001:db8:%x::1", i))
		if tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
			t.Fatal(err)
		}
	}
	const away = "127.0.0.1"
	if err := d.sign("anna", password, away); !isThrottled(err) {
		t.Errorf("away: %v, want *Throttled", err)
	}
	link, err := d.NewLink(t.Context(), house, "anna")
	if err != nil {
		t.Fatal(err)
	}
	d.browser().want("/link", "", "link", link, "password", "a brand new one")
	if err := d.sign("anna", "a brand new one", away); err != nil {
		t.Errorf("after the link: %v", err)
	}
}
