package access

import (
	"context"
	"regexp"
	"strings"

	"tollgate"
	"tollgate/store"
)

// nameForm is what the name of a person or token looks like.
const nameForm = `^[a-z0-9][a-z0-9._@-]{0,63}$`

// checkName brings a name to the form it is stored in: names differ by more
// than capitals.
func checkName(name string) (string, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if !regexp.MustCompile(nameForm).MatchString(name) {
		return "", tollgate.Errorf(tollgate.CodeInvalid,
			"name %.80q: want 1 to 64 letters, digits and . _ @ -, beginning with a letter or digit", name)
	}
	return name, nil
}

// AddUser makes a person known. Without a password they come in by a link
// first: see NewLink. CodeConflict says that the name is taken.
func (a *Gate) AddUser(ctx context.Context, by store.Actor, u store.User, password string) (
	store.User, error,
) {
	var err error
	if u.Name, err = checkName(u.Name); err != nil {
		return store.User{}, err
	}
	if !Role(u.Role).Valid() {
		return store.User{}, tollgate.Errorf(tollgate.CodeInvalid,
			"role %q: want admin, operator or reader", u.Role)
	}
	if password != "" {
		if u.PasswordHash, err = a.HashPassword(ctx, password); err != nil {
			return store.User{}, err
		}
	}
	err = a.db.Change(ctx, by, "add user", func(c *store.Change) error { return c.PutUser(&u) })
	return u, err
}

// SignIn checks a name and password and opens a session in the context, which
// must come from Sessions. It returns a *Throttled after too many failures,
// CodeUnavailable while too many others log in, and else CodeUnauthenticated,
// without saying what was wrong. Each attempt that is heard is written to the
// login log.
func (a *Gate) SignIn(ctx context.Context, name, password, address string) (Principal, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if len(name) > loggedNameMax {
		name = strings.ToValidUTF8(name[:loggedNameMax], "")
	}
	u, reason, err := a.checkUser(ctx, name, password, address)
	if err != nil {
		return Principal{}, err
	}
	if err := a.db.LogLogin(ctx, store.Login{
		Enterprise: u.Enterprise, Name: name, Address: address, Success: reason == "", Reason: reason,
	}); err != nil {
		return Principal{}, err
	}
	if reason != "" {
		return Principal{}, tollgate.Errorf(tollgate.CodeUnauthenticated, "the name or the password is wrong")
	}
	a.throttle.succeeded("user "+name, address, a.now())
	return principalOf(u, address), a.open(ctx, u)
}

// loggedNameMax bounds what strangers can write to the login log.
const loggedNameMax = 64

// checkUser returns why somebody may not come in, empty if they may. All
// reasons take as long as a wrong password.
func (a *Gate) checkUser(ctx context.Context, name, password, address string) (
	u store.User, reason string, err error,
) {
	u, err = a.db.UserByName(ctx, name)
	unknown := tollgate.CodeOf(err) == tollgate.CodeNotFound
	if err != nil && !unknown {
		return u, "", err
	}
	right, err := a.proves(ctx, a.queues.logins, "user "+name, address, func() (bool, error) {
		return a.hasher.verify(u.PasswordHash, password)
	})
	switch {
	case err != nil:
		return u, "", err
	case unknown:
		return u, "unknown name", nil
	case !right:
		return u, "wrong password", nil
	case u.Disabled:
		return u, "disabled", nil
	}
	return u, "", nil
}

func principalOf(u store.User, address string) Principal {
	return Principal{Name: u.Name, Role: Role(u.Role), Enterprise: u.Enterprise, Address: address}
}
