package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
)

const (
	tokenPrefix = "tg_"
	tokenShown  = len(tokenPrefix) + 6 // how much of a token is kept to tell it from others
)

// NewToken makes a program's key and returns it, this once. Whoever makes it
// cannot give away more than they have: a token of their enterprise at most.
// The name must be free.
func (a *Gate) NewToken(ctx context.Context, by Principal, t store.Token) (
	secret string, _ store.Token, err error,
) {
	if err := by.Require(Administer); err != nil {
		return "", t, err
	}
	if t.Name, err = checkName(t.Name); err != nil {
		return "", t, err
	}
	if !Role(t.Role).Valid() {
		return "", t, tollgate.Errorf(tollgate.CodeInvalid,
			"role %q: want admin, operator or reader", t.Role)
	}
	if by.Enterprise != 0 && t.Enterprise != by.Enterprise {
		return "", t, tollgate.Errorf(tollgate.CodeForbidden,
			"a token for another enterprise than your own is not yours to make")
	}
	if now := a.now(); !t.Expires.IsZero() && !t.Expires.After(now) {
		return "", t, tollgate.Errorf(tollgate.CodeInvalid, "expires: %s has passed",
			t.Expires.Format(time.RFC3339))
	}
	drawn, err := newSecret(a.random)
	if err != nil {
		return "", t, err
	}
	secret = tokenPrefix + drawn
	t.Hash, t.Prefix = fingerprint(secret), secret[:tokenShown]
	err = a.db.Change(ctx, by.Actor(), "add token", func(c *store.Change) error { return c.PutToken(&t) })
	return secret, t, err
}

// Revoke takes a token of the principal's scope away; whoever holds it is out.
func (a *Gate) Revoke(ctx context.Context, by Principal, token tollgate.ID) error {
	if err := by.Require(Administer); err != nil {
		return err
	}
	known, err := a.db.Tokens(ctx, by.Scope())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(known, func(t store.Token) bool { return t.ID == token }) {
		return tollgate.Errorf(tollgate.CodeNotFound, "token %d does not exist", token)
	}
	return a.db.Change(ctx, by.Actor(), "revoke token", func(c *store.Change) error {
		return c.DeleteToken(token)
	})
}

// RenewToken returns a fresh token with the rights of one that is valid. It lives
// as long from now as the old one did from when it was made. The old one stays
// valid until it expires; a token that is revoked takes those renewed from it along.
func (a *Gate) RenewToken(ctx context.Context, secret, address string) (fresh string, err error) {
	who, err := a.Token(ctx, secret, address)
	if err != nil {
		return "", err
	}
	old, err := a.db.TokenByHash(ctx, fingerprint(secret))
	if err != nil {
		return "", err
	}
	drawn, err := newSecret(a.random)
	if err != nil {
		return "", err
	}
	fresh = tokenPrefix + drawn
	t := store.Token{
		Hash: fingerprint(fresh), Prefix: fresh[:tokenShown], Role: old.Role, Enterprise: old.Enterprise,
	}
	name, _, _ := strings.Cut(old.Name, " "+tokenPrefix) // of the first of them
	t.Name = name + " " + t.Prefix
	if !old.Expires.IsZero() {
		t.Expires = a.now().Add(old.Expires.Sub(old.Created))
	}
	err = a.db.Change(ctx, who.Actor(), "renew token", func(c *store.Change) error {
		return c.RenewToken(old, &t)
	})
	return fresh, err
}

// Token returns who holds a token. A wrong one is CodeUnauthenticated, or
// *Throttled after too many of them from one address. A right one always comes
// in: 256 bits are not guessed, the wait only keeps the guessers quiet.
func (a *Gate) Token(ctx context.Context, secret, address string) (Principal, error) {
	if len(secret) != len(tokenPrefix)+secretDigits || !strings.HasPrefix(secret, tokenPrefix) {
		return Principal{}, a.wrongToken(address)
	}
	t, err := a.db.TokenByHash(ctx, fingerprint(secret))
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return Principal{}, a.wrongToken(address)
	}
	if err != nil {
		return Principal{}, err
	}
	if err := a.db.TouchToken(ctx, t); err != nil {
		return Principal{}, err
	}
	return Principal{
		Name: "token " + t.Name, Role: Role(t.Role), Enterprise: t.Enterprise, Address: address,
	}, nil
}

func (a *Gate) wrongToken(address string) error {
	if err := a.throttle.attempt("", address, a.now()); err != nil {
		return err
	}
	return tollgate.Errorf(tollgate.CodeUnauthenticated, "the token is wrong, has expired or was revoked")
}
