package access

import (
	"errors"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
)

// device adds a device with a docking account and the test's password.
func (d *door) device(account string) tollgate.Device {
	d.t.Helper()
	hash, err := d.HashPassword(d.t.Context(), password)
	if err != nil {
		d.t.Fatal(err)
	}
	v := tollgate.Device{
		Name: account, Account: account, Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true,
	}
	d.change(func(c *store.Change) error { return c.PutDevice(&v, hash) })
	return v
}

func TestDock(t *testing.T) {
	d := newDoor(t)
	want := d.device("hq")
	ctx := t.Context()
	dock := func(account, password string) error {
		got, err := d.Dock(ctx, account, password, "192.0.2.1")
		if err == nil && got.ID != want.ID {
			t.Errorf("docked as %d, want %d", got.ID, want.ID)
		}
		return err
	}
	if err := dock("hq", password); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][2]string{{"hq", "wrong"}, {"nobody", password}, {"", ""}, {"hq", ""}} {
		if err := dock(wrong[0], wrong[1]); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
			t.Errorf("dock %q: %v", wrong, err)
		}
	}

	// With no place left to hash in, only a remembered password comes through.
	d.hold(d.queues.docking)
	d.hold(d.queues.trusted)
	if err := dock("hq", password); err != nil {
		t.Errorf("the second batch: %v", err)
	}
}

func TestDockPasswordChanges(t *testing.T) {
	d := newDoor(t)
	device := d.device("hq")
	ctx := t.Context()
	dock := func(password string) error {
		_, err := d.Dock(ctx, "hq", password, "192.0.2.1")
		return err
	}
	if err := dock(password); err != nil {
		t.Fatal(err)
	}
	hash, err := d.HashPassword(ctx, "another password")
	if err != nil {
		t.Fatal(err)
	}
	d.change(func(c *store.Change) error { return c.PutDevice(&device, hash) })
	if err := dock(password); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
		t.Errorf("the old password: %v", err)
	}
	if err := dock("another password"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	device.Enabled = false
	d.change(func(c *store.Change) error { return c.PutDevice(&device, "") })
	if err := dock("another password"); tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
		t.Errorf("disabled: %v", err)
	}
}

// TestDockWhileAttacked shows that somebody who tries passwords on a device's
// account does not keep the device itself out.
func TestDockWhileAttacked(t *testing.T) {
	d := newDoor(t)
	d.device("hq")
	if _, err := d.Dock(t.Context(), "hq", password, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	for range failuresFreePair {
		_, err := d.Dock(t.Context(), "hq", "guess", "198.51.100.1")
		if tollgate.CodeOf(err) != tollgate.CodeUnauthenticated {
			t.Fatal(err)
		}
	}
	_, err := d.Dock(t.Context(), "hq", "guess", "198.51.100.1")
	if _, ok := errors.AsType[*Throttled](err); !ok {
		t.Errorf("the guesser: %v, want *Throttled", err)
	}
	if _, err := d.Dock(t.Context(), "hq", password, "192.0.2.1"); err != nil {
		t.Errorf("the device: %v", err)
	}
}

// TestDockManyAtOnce shows that a busy device is let in after a restart, though
// it asks more often at once than anybody may guess.
func TestDockManyAtOnce(t *testing.T) {
	d := newDoor(t)
	d.device("hq")
	release := d.hold(d.queues.docking)
	answers := make(chan error)
	for range passwordsWaitingMax {
		go func() { answers <- d.dock("hq", password, home) }()
	}
	for len(d.queues.docking.present) < cap(d.queues.docking.present) {
		time.Sleep(time.Millisecond)
	}
	release()
	for range passwordsWaitingMax {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

// TestDockedIsNoOracle shows that a password which is right for the device is
// not found out by whoever has to wait elsewhere.
func TestDockedIsNoOracle(t *testing.T) {
	d := newDoor(t)
	d.device("hq")
	if err := d.dock("hq", password, home); err != nil {
		t.Fatal(err)
	}
	for range failuresFreePair {
		_ = d.dock("hq", guess, "198.51.100.1")
	}
	if err := d.dock("hq", password, "198.51.100.1"); !isThrottled(err) {
		t.Errorf("the right one: %v, want *Throttled", err)
	}
}

func TestVerifiedIsBounded(t *testing.T) {
	d := newDoor(t)
	for i := range verifiedMax + 1 {
		d.docked.add("a", "h", string(rune(i)))
	}
	if n := len(d.docked.seen); n != 1 {
		t.Errorf("%d remembered, want all forgotten but the last", n)
	}
	if d.docked.has("a", "h", "x") || !d.docked.has("a", "h", string(rune(verifiedMax))) {
		t.Error("remembers the wrong ones")
	}
}
