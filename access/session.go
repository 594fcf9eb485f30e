package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"tollgate"
	"tollgate/store"

	"github.com/alexedwards/scs/v2"
)

// How long a session lasts.
const (
	sessionIdleMax  = 8 * time.Hour      // without a request
	sessionLifeMax  = 7 * 24 * time.Hour // from the login on, whatever happens
	sessionKeepMax  = 10 * time.Second   // for keeping it
	sessionSeenStep = time.Minute        // how exactly the last request is kept: each note is a write
)

// What a session holds.
const (
	sessionUser  = "user"  // name
	sessionStamp = "stamp" // of the password it was opened with
	sessionSince = "since" // seconds since 1970
	sessionSeen  = "seen"  // seconds since 1970
)

// newSessions sets up the cookies. SameSite=Lax lets somebody who follows a
// link from a mail be logged in; what changes anything is a POST and not sent along.
func newSessions(db *store.DB, log *slog.Logger, secure bool) *scs.SessionManager {
	m := scs.New()
	m.Store = sessionRows{db}
	m.Lifetime = sessionLifeMax
	m.Cookie.Name = "tollgate"
	if secure {
		m.Cookie.Name = "__Host-tollgate" // browsers take it from this host over TLS alone
	}
	m.Cookie.Secure = secure
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		log.ErrorContext(r.Context(), "session failed", "error", err)
		http.Error(w, "The session could not be read or kept: try again.", http.StatusServiceUnavailable)
	}
	return m
}

// Sessions finds out who a browser belongs to: next sees the Principal in the
// context, or none. It must be around every handler that calls SignIn or SignOut.
func (a *Gate) Sessions(next http.Handler) http.Handler {
	return a.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, found, err := a.resume(r.Context())
		if err != nil {
			a.sessions.ErrorFunc(w, r, err)
			return
		}
		if found {
			who.Address = Address(r)
			r = r.WithContext(WithPrincipal(r.Context(), who))
		}
		next.ServeHTTP(w, r)
	}))
}

// resume reads the session of the context, and ends one that is too old, whose
// person has gone, or whose password has changed since.
func (a *Gate) resume(ctx context.Context) (Principal, bool, error) {
	name := a.sessions.GetString(ctx, sessionUser)
	if name == "" {
		return Principal{}, false, nil
	}
	now := a.now()
	since := time.Unix(a.sessions.GetInt64(ctx, sessionSince), 0)
	seen := time.Unix(a.sessions.GetInt64(ctx, sessionSeen), 0)
	if now.Sub(since) >= sessionLifeMax || now.Sub(seen) >= sessionIdleMax {
		return Principal{}, false, a.sessions.Destroy(ctx)
	}
	u, err := a.db.UserByName(ctx, name)
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return Principal{}, false, a.sessions.Destroy(ctx)
	}
	if err != nil {
		return Principal{}, false, err
	}
	if u.Disabled || stampOf(u) != a.sessions.GetString(ctx, sessionStamp) {
		return Principal{}, false, a.sessions.Destroy(ctx)
	}
	if now.Sub(seen) >= sessionSeenStep {
		a.sessions.Put(ctx, sessionSeen, now.Unix())
	}
	return principalOf(u, ""), true, nil
}

// Still reports whether a request would be answered to the same principal if it
// came now: not after a logout, nor when the person has another password or role.
func (a *Gate) Still(ctx context.Context, r *http.Request, who Principal) (bool, error) {
	token := ""
	if cookie, err := r.Cookie(a.sessions.Cookie.Name); err == nil {
		token = cookie.Value
	}
	ctx, err := a.sessions.Load(ctx, token) // which must not have the session as it was
	if err != nil {
		return false, fmt.Errorf("read the session: %w", err)
	}
	now, found, err := a.resume(ctx)
	now.Address = who.Address
	return found && now == who, err
}

// open starts the session of a person who has proved who they are, under a new
// token, so that one planted in the browser before is worth nothing.
func (a *Gate) open(ctx context.Context, u store.User) error {
	if err := a.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew the session: %w", err)
	}
	now := a.now().Unix()
	a.sessions.Put(ctx, sessionUser, u.Name)
	a.sessions.Put(ctx, sessionStamp, stampOf(u))
	a.sessions.Put(ctx, sessionSince, now)
	a.sessions.Put(ctx, sessionSeen, now)
	return nil
}

// SignOut ends the session of the context.
func (a *Gate) SignOut(ctx context.Context) error {
	if err := a.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return nil
}

// stampOf changes when the password does: older sessions end then.
func stampOf(u store.User) string {
	sum := sha256.Sum256([]byte(u.PasswordHash))
	return hex.EncodeToString(sum[:8])
}

// sessionRows keeps sessions in the store under the hash of their token, so
// that whoever reads the store cannot take a session over.
type sessionRows struct{ db *store.DB }

var _ scs.CtxStore = sessionRows{}

// FindCtx returns what is kept of a session.
func (s sessionRows) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	content, err := s.db.Session(ctx, fingerprint(token))
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return nil, false, nil
	}
	return content, err == nil, err
}

// CommitCtx keeps a session, also when the browser has gone meanwhile: that is no fault.
func (s sessionRows) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sessionKeepMax)
	defer cancel()
	return s.db.PutSession(ctx, fingerprint(token), b, expiry)
}

// DeleteCtx forgets a session.
func (s sessionRows) DeleteCtx(ctx context.Context, token string) error {
	return s.db.DeleteSession(ctx, fingerprint(token))
}

// errNoContext answers the half of the interface that the session manager does
// not use where the other exists.
var errNoContext = errors.New("sessions are kept with a context")

// Find is not used: see FindCtx.
func (sessionRows) Find(string) ([]byte, bool, error) { return nil, false, errNoContext }

// Commit is not used: see CommitCtx.
func (sessionRows) Commit(string, []byte, time.Time) error { return errNoContext }

// Delete is not used: see DeleteCtx.
func (sessionRows) Delete(string) error { return errNoContext }
