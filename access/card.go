package access

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/card"

	"golang.org/x/sync/errgroup"
)

// The lengths of what is dialled to open a card.
const (
	CardDigitsMin = 8
	CardDigitsMax = 16
	PINDigitsMin  = 4
	PINDigitsMax  = 8
)

// How wrong PINs are answered. What keeps a PIN from being guessed is this, not
// its length: three of ten thousand in a quarter of an hour.
const (
	pinTries = 3
	pinLock  = 15 * time.Minute
)

// A PIN is hashed with Argon2id and a salt of its own, cheaply: whoever steals
// the table tries all PINs of four digits in under a minute, and with the costs
// of a password it would be a quarter of an hour, so that more buys little,
// while a batch of 10,000 cards would take half an hour. A secret of the
// installation mixed in would help only if it were kept apart from the
// database, where a backup that lacks it would be a batch of dead cards. So the
// hash keeps PINs from being read, and equal ones from looking equal; a stolen
// table is answered by freezing the cards. The costs are in each hash and may
// be raised for new cards.
const (
	pinPasses    = 1
	pinMemoryKiB = 2 << 10
	pinLanes     = 1
)

// noPIN is verified for numbers that no card has, so that they take as long.
func noPIN() phc {
	return phc{
		memoryKiB: pinMemoryKiB, passes: pinPasses, lanes: pinLanes,
		salt: make([]byte, argonSaltBytes), key: make([]byte, argonKeyBytes),
	}
}

// Digits draws a number of n digits, each as likely as any other, except that
// the first is no 0: spreadsheets lose it.
func (a *Gate) Digits(n int) (string, error) {
	var b strings.Builder
	var drawn [1]byte
	for b.Len() < n {
		if _, err := io.ReadFull(a.random, drawn[:]); err != nil {
			return "", fmt.Errorf("draw digits: %w", err)
		}
		// 250 is the largest multiple of 10 in a byte: what is beyond would favour low digits.
		if drawn[0] < 250 && (b.Len() > 0 || drawn[0]%10 != 0) {
			b.WriteByte('0' + drawn[0]%10)
		}
	}
	return b.String(), nil
}

// HashPINs makes what is stored of PINs, each in the place of its PIN.
func (a *Gate) HashPINs(ctx context.Context, pins []string) ([]string, error) {
	made := make([]phc, len(pins))
	for i := range made { // one after the other: a source of random need not be safe for two
		made[i] = noPIN()
		if _, err := io.ReadFull(a.random, made[i].salt); err != nil {
			return nil, fmt.Errorf("salt a PIN: %w", err)
		}
	}
	hashes := make([]string, len(pins))
	var group errgroup.Group
	for first := range pinsAtOnceMax {
		group.Go(func() error {
			for i := first; i < len(pins); i += pinsAtOnceMax {
				if err := ctx.Err(); err != nil {
					return fmt.Errorf("hash PINs: %w", err)
				}
				made[i].key = made[i].derive(pins[i])
				hashes[i] = made[i].String()
			}
			return nil
		})
	}
	return hashes, group.Wait()
}

// OpenCard is a calling card whose PIN was right.
type OpenCard struct {
	Account    tollgate.ID // the card's own
	Enterprise tollgate.ID
	Number     string
	Left       tollgate.Money // can be spent
	Expires    time.Time      // zero: never
}

// OpenCard returns the card with that number, if the PIN is its own and the
// device may serve it. It answers CodeUnauthenticated for a wrong number or
// PIN, without saying which; CodeForbidden, with the reason, for a card that
// has expired, or that three wrong PINs have locked for 15 minutes, in which
// even the right one is not looked at; CodeFrozen for one that was blocked;
// CodeUnavailable, which is no try, while too many others open cards. The first
// use starts the days a card is valid.
func (a *Gate) OpenCard(ctx context.Context, number, pin string, device tollgate.ID) (OpenCard, error) {
	// The place comes first: a try that is not looked at must not count.
	leave, err := a.queues.pins.enter(ctx)
	if err != nil {
		return OpenCard{}, err
	}
	defer leave()
	found, err := card.Numbered(ctx, a.db, number, device)
	unknown := tollgate.CodeOf(err) == tollgate.CodeNotFound
	if err != nil && !unknown {
		return OpenCard{}, err
	}
	now := a.now()
	var locked time.Time
	if !unknown {
		if locked, err = card.Try(ctx, a.db, &found, now, pinTries, pinLock); err != nil {
			return OpenCard{}, err
		}
	}
	right, err := verifyPIN(found.PINHash, pin)
	switch {
	case err != nil:
		return OpenCard{}, err
	case !locked.IsZero():
		return OpenCard{}, tollgate.Errorf(tollgate.CodeForbidden,
			"the card is locked after wrong PINs: try again in %s", locked.Sub(now).Round(time.Second))
	case !right:
		return OpenCard{}, tollgate.Errorf(tollgate.CodeUnauthenticated, "the card's number or PIN is wrong")
	}
	return a.use(ctx, &found, now)
}

// use opens a card whose PIN was right.
func (a *Gate) use(ctx context.Context, c *card.Card, now time.Time) (OpenCard, error) {
	refused := a.cardRefused(ctx, c, now)
	if refused != nil {
		if err := card.Forgive(ctx, a.db, c); err != nil {
			return OpenCard{}, err
		}
		return OpenCard{}, refused
	}
	expires, err := card.Begin(ctx, a.db, c, now)
	if err != nil {
		return OpenCard{}, err
	}
	return OpenCard{
		Account: c.Account, Enterprise: c.Enterprise, Number: c.Number, Expires: expires,
		Left: tollgate.Money{Micro: c.Available, Currency: c.Currency},
	}, nil
}

// cardRefused says why a card places no calls, nil if it does.
func (a *Gate) cardRefused(ctx context.Context, c *card.Card, now time.Time) error {
	if !c.Expires.IsZero() && !now.Before(c.Expires) {
		return tollgate.Errorf(tollgate.CodeForbidden, "the card expired on %s", c.Expires.Format(time.DateOnly))
	}
	enterprise, err := a.db.Account(ctx, store.Scope(c.Enterprise), c.Enterprise)
	if err != nil {
		return err
	}
	if c.Frozen || enterprise.Frozen {
		return tollgate.Errorf(tollgate.CodeFrozen, "the card is blocked")
	}
	return nil
}

// verifyPIN reports whether pin is the one that was hashed. An empty hash is
// nobody's and takes as long as a wrong PIN.
func verifyPIN(hash, pin string) (bool, error) {
	want := noPIN()
	if hash != "" {
		var err error
		if want, err = parsePHC(hash); err != nil {
			return false, err
		}
	}
	if len(pin) > PINDigitsMax {
		pin = "" // nobody's, and as dear to look at as any other
	}
	same := subtle.ConstantTimeCompare(want.derive(pin), want.key) == 1
	return same && hash != "", nil
}
