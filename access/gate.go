// Package access knows who may do what: people with passwords and sessions,
// programs with tokens, devices with docking passwords, and the one-time links
// that set a password. It keeps no secret in a form that could be used again:
// passwords as Argon2id (RFC 9106) in PHC strings, random secrets as SHA-256.
package access

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"tollgate/store"

	"github.com/alexedwards/scs/v2"
)

// Options is what the outside world gives.
type Options struct {
	Now    func() time.Time // required
	Random io.Reader        // required: a source of secrets, such as crypto/rand.Reader
	Log    *slog.Logger     // nil: silent
	Secure bool             // pages are reached over TLS alone: cookies say so
}

// Gate checks who somebody is. It is safe for concurrent use.
type Gate struct {
	db       *store.DB
	now      func() time.Time
	random   io.Reader
	hasher   *hasher
	throttle *throttle
	queues   queues
	docked   *verified
	sessions *scs.SessionManager
}

// New returns the gate of a store.
func New(db *store.DB, o Options) (*Gate, error) {
	docked, err := newVerified(o.Random)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Gate{
		db: db, now: o.Now, random: o.Random,
		hasher: newHasher(o.Random), throttle: newThrottle(), queues: newQueues(), docked: docked,
		sessions: newSessions(db, o.Log, o.Secure),
	}, nil
}

// Address is where a request came from, without the port. A proxy on the same
// machine is believed about whom it speaks for, or everybody would wait for
// one who guesses passwords.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	peer, err := netip.ParseAddr(host)
	if err != nil || !peer.IsLoopback() {
		return host
	}
	forwarded := r.Header.Values("X-Forwarded-For")
	if len(forwarded) == 0 {
		return host
	}
	// The last address is the one that this proxy saw; those before it are hearsay.
	last := forwarded[len(forwarded)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	if _, err := netip.ParseAddr(last); err != nil {
		return host
	}
	return last
}
