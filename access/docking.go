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
// own: else CodeUnauthenticated, or *Throttled after too many failures. A
// device sends its password with every batch, so that one that was right is
// remembered and costs nothing again.
func (a *Gate) Dock(ctx context.Context, account, password, address string) (tollgate.Device, error) {
	device, hash, err := a.db.DeviceLogin(ctx, account)
	unknown := tollgate.CodeOf(err) == tollgate.CodeNotFound
	if err != nil && !unknown {
		return tollgate.Device{}, err
	}
	if !unknown && a.docked.has(account, hash, password) {
		return device, nil
	}
	name := "device " + account
	if err := a.throttle.attempt(name, address, a.now()); err != nil {
		return tollgate.Device{}, err
	}
	right, err := a.hasher.verify(ctx, hash, password)
	if err != nil {
		return tollgate.Device{}, err
	}
	if !right {
		return tollgate.Device{}, tollgate.Errorf(tollgate.CodeUnauthenticated,
			"the device's account or password is wrong")
	}
	a.throttle.succeeded(name, address)
	a.docked.add(account, hash, password)
	return device, nil
}

// HashPassword makes what is stored of a device's docking password.
// CodeInvalid says why it cannot be one.
func (a *Gate) HashPassword(ctx context.Context, password string) (string, error) {
	return a.hasher.hash(ctx, password)
}

// verifiedMax bounds how many passwords are remembered as right; beyond it all
// are forgotten and checked anew.
const verifiedMax = 10_000

// verified remembers which passwords were right for which hash, under a key
// that dies with the process. A changed password has another hash, so that the
// old one is wrong at once.
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

func (v *verified) sum(account, hash, password string) (out [sha256.Size]byte) {
	mac := hmac.New(sha256.New, v.key[:])
	fmt.Fprintf(mac, "%q %q %q", account, hash, password)
	mac.Sum(out[:0])
	return out
}

func (v *verified) has(account, hash, password string) bool {
	sum := v.sum(account, hash, password)
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.seen[sum]
	return ok
}

func (v *verified) add(account, hash, password string) {
	sum := v.sum(account, hash, password)
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.seen) >= verifiedMax {
		clear(v.seen)
	}
	v.seen[sum] = struct{}{}
}
