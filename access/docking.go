package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"tollgate"
)

// Dock returns the device that calls itself account, if the password is its
// own: else CodeUnauthenticated, *Throttled after too many failures, or
// CodeUnavailable while too many others dock. A device sends its password with
// every batch, so that one that was right is remembered and costs nothing again,
// from where it was right: others would guess it without ever having to wait.
func (a *Gate) Dock(ctx context.Context, account, password, address string) (tollgate.Device, error) {
	device, hash, err := a.db.DeviceLogin(ctx, account)
	unknown := tollgate.CodeOf(err) == tollgate.CodeNotFound
	if err != nil && !unknown {
		return tollgate.Device{}, err
	}
	if !unknown && a.docked.has(address, hash, password) {
		return device, nil
	}
	name := "device " + account
	right, err := a.proves(ctx, a.queues.docking, name, address, func() (bool, error) {
		if a.docked.has(address, hash, password) {
			return true, nil // found out while this one waited: a busy device asks many times at once
		}
		return a.hasher.verify(hash, password)
	})
	if err != nil {
		return tollgate.Device{}, err
	}
	if !right {
		return tollgate.Device{}, tollgate.Errorf(tollgate.CodeUnauthenticated,
			"the device's account or password is wrong")
	}
	a.throttle.succeeded(name, address, a.now())
	a.docked.add(address, hash, password)
	return device, nil
}

// verifiedMax bounds how many passwords are remembered as right; beyond it all
// are forgotten and checked anew.
const verifiedMax = 10_000

// verified remembers which passwords were right for which hash and from where,
// under a key that dies with the process. Hashes are salted: each is one device's.
// A changed password has another, so that the old one is wrong at once.
type verified struct {
	key  [sha256.Size]byte
	mu   sync.Mutex
	seen map[[sha256.Size]byte]struct{}
}

func newVerified(random io.Reader) (*verified, error) {
	v := &verified{seen: map[[sha256.Size]byte]struct{}{}}
	if _, err := io.ReadFull(random, v.key[:]); err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	return v, nil
}

func (v *verified) sum(address, hash, password string) (out [sha256.Size]byte) {
	mac := hmac.New(sha256.New, v.key[:])
	fmt.Fprintf(mac, "%q %q %q", Network(address), hash, password)
	mac.Sum(out[:0])
	return out
}

func (v *verified) has(address, hash, password string) bool {
	sum := v.sum(address, hash, password)
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.seen[sum]
	return ok
}

func (v *verified) add(address, hash, password string) {
	sum := v.sum(address, hash, password)
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.seen) >= verifiedMax {
		clear(v.seen)
	}
	v.seen[sum] = struct{}{}
}
