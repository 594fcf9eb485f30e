package access

import (
	"context"
	"time"

	"tollgate"
	"tollgate/store"
)

// linkLifeMax is how long a one-time link can be used.
const linkLifeMax = 24 * time.Hour

// FirstLink returns the secret of a link with which somebody becomes the first
// administrator, and false once there are people. An older such link dies.
func (a *Gate) FirstLink(ctx context.Context) (secret string, needed bool, err error) {
	people, err := a.db.Users(ctx, store.Everything)
	if err != nil || len(people) > 0 {
		return "", false, err
	}
	err = a.db.Change(ctx, store.Actor{Name: "tollgate"}, "make setup link", func(c *store.Change) error {
		n, err := c.CountUsers()
		if err != nil || n > 0 {
			return err
		}
		needed = true
		secret, err = a.putLink(c, "")
		return err
	})
	return secret, needed, err
}

// NewLink returns the secret of a link with which a person sets a new password.
// An older one of theirs dies. CodeNotFound says that there is no such person.
func (a *Gate) NewLink(ctx context.Context, by store.Actor, name string) (secret string, err error) {
	if name, err = checkName(name); err != nil {
		return "", err
	}
	if _, err := a.db.UserByName(ctx, name); err != nil {
		return "", err
	}
	err = a.db.Change(ctx, by, "make password link", func(c *store.Change) error {
		secret, err = a.putLink(c, name)
		return err
	})
	return secret, err
}

func (a *Gate) putLink(c *store.Change, name string) (string, error) {
	secret, err := newSecret(a.random)
	if err != nil {
		return "", err
	}
	return secret, c.PutLink(store.Link{
		Hash: fingerprint(secret), Name: name, Expires: a.now().Add(linkLifeMax),
	})
}

// Link tells whose password a link sets; empty: the first administrator's, who
// still chooses a name. CodeNotFound says that it was used, has expired or
// never was.
func (a *Gate) Link(ctx context.Context, secret string) (name string, err error) {
	l, err := a.db.Link(ctx, fingerprint(secret))
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return "", errLinkGone()
	}
	return l.Name, err
}

// Redeem uses a link up: it sets the password and opens a session in the
// context, which must come from Sessions. The name counts for the first
// administrator only. All other sessions of the person end.
func (a *Gate) Redeem(ctx context.Context, secret, name, password, address string) (Principal, error) {
	whose, err := a.Link(ctx, secret)
	if err != nil {
		return Principal{}, err
	}
	u := store.User{Role: string(RoleAdmin)}
	if whose == "" {
		if u.Name, err = checkName(name); err != nil {
			return Principal{}, err
		}
	} else if u, err = a.db.UserByName(ctx, whose); err != nil {
		return Principal{}, err
	}
	if u.Disabled {
		return Principal{}, tollgate.Errorf(tollgate.CodeForbidden, "%s is disabled", u.Name)
	}
	if u.PasswordHash, err = a.HashPassword(ctx, password); err != nil {
		return Principal{}, err
	}
	by := store.Actor{Name: u.Name, Enterprise: u.Enterprise, Address: address}
	err = a.db.Change(ctx, by, "set password by link", func(c *store.Change) error {
		return a.take(c, fingerprint(secret), whose, u)
	})
	if err != nil {
		return Principal{}, err
	}
	if err := a.db.LogLogin(ctx, store.Login{
		Enterprise: u.Enterprise, Name: u.Name, Address: address, Success: true, Reason: "one-time link",
	}); err != nil {
		return Principal{}, err
	}
	a.throttle.proved("user "+u.Name, address, a.now()) // who is kept out by guessers comes in by a link
	return principalOf(u, address), a.open(ctx, u)
}

// take uses the link up and stores the person, both or neither.
func (a *Gate) take(c *store.Change, hash, whose string, u store.User) error {
	l, err := c.TakeLink(hash)
	if err != nil || l.Name != whose {
		return errLinkGone()
	}
	if whose == "" {
		n, err := c.CountUsers()
		if err != nil {
			return err
		}
		if n > 0 {
			return errLinkGone()
		}
	}
	return c.PutUser(&u)
}

func errLinkGone() error {
	return tollgate.Errorf(tollgate.CodeNotFound,
		"this link was used, has expired or never was: have a new one made with tollgate admin link")
}
