package agi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"tollgate"
)

// The limits of a Server whose fields are zero.
const (
	DefaultMaxSessions = 2_000
	DefaultTimeout     = 5 * time.Second
	DefaultDecide      = 2 * time.Second
	DefaultEarly       = 250 * time.Millisecond
)

// Authorizer decides about calls; tollgate.Charger is one.
type Authorizer interface {
	Authorize(ctx context.Context, attempt tollgate.Attempt) (tollgate.Grant, error)
}

// Cards opens calling cards.
type Cards interface {
	// Open returns the card of a number if pin is its own. CodeUnauthenticated:
	// there is no such card, or the PIN is wrong. CodeForbidden: the card has expired,
	// or is locked after wrong PINs, which Open counts. CodeFrozen: it is blocked.
	// CodeNoCredit: it is used up. The caller hears only which of the codes it was.
	Open(ctx context.Context, number, pin string, device tollgate.ID) (Card, error)
}

// Card is what a calling card's owner may know of it.
type Card struct {
	Account tollgate.ID    // of kind card
	Left    tollgate.Money // what can be spent
	Expires time.Time      // when it places no more calls; zero: never
}

// Server answers the questions of Asterisks. Its fields are set before Serve and
// not changed afterwards.
type Server struct {
	Charger Authorizer
	Cards   Cards // nil: no calling cards
	// Device returns the device of a name. It is asked for peers on this machine,
	// which need no password.
	Device func(ctx context.Context, name string) (tollgate.Device, error)
	// Dock returns the device of a name if the password is its docking password. It
	// is asked for all who give one. Address is the peer's, without a port.
	Dock func(ctx context.Context, name, password, address string) (tollgate.Device, error)
	Now  func() time.Time
	Log  *slog.Logger // nil: silent

	MaxSessions int           // channels at once, more are turned away; 0: DefaultMaxSessions
	Timeout     time.Duration // for each thing Asterisk says or takes; 0: DefaultTimeout
	// Decide is how long the charger may think; then nobody has decided. It must be
	// less than the three seconds that the dialplan waits; 0: DefaultDecide.
	Decide time.Duration
	// Early is by how much Asterisk's own timer runs out before the granted time
	// does, so that what Asterisk takes to end a call does not begin another second;
	// 0: DefaultEarly.
	Early time.Duration
}

// acceptPause is between tries to accept after one failed, say for want of
// file descriptors.
const acceptPause = 50 * time.Millisecond

// Serve serves each connection that l accepts until ctx ends, and closes l. It
// returns nil then, and an error if l was closed by somebody else. What is being
// asked at the end stays undecided.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer l.Close()
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, cmp.Or(s.MaxSessions, DefaultMaxSessions))
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("serve AGI on %s: %w", l.Addr(), err)
		case err != nil:
			s.log().Warn("accept an AGI connection", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		select {
		case places <- struct{}{}:
			running.Go(func() {
				defer func() { <-places }()
				s.serve(ctx, conn)
			})
		default:
			s.log().Warn("too many AGI connections", "limit", cap(places), "peer", conn.RemoteAddr().String())
			conn.Close()
		}
	}
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// serve serves one connection.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	peer := conn.RemoteAddr().String()
	// A fault of ours in one call must not end the calls of all.
	defer func() {
		if fault := recover(); fault != nil {
			s.log().Error("an AGI session failed", "peer", peer, "fault", fault, "stack", string(debug.Stack()))
		}
	}()
	c, err := open(conn, s.Now, cmp.Or(s.Timeout, DefaultTimeout))
	if err != nil {
		s.log().Warn("an AGI session failed", "peer", peer, "error", err)
		return
	}
	channel := c.env["agi_channel"]
	if err := s.run(ctx, c); err != nil && !c.gone && !errors.Is(err, errGone) && ctx.Err() == nil {
		s.log().Warn("an AGI session failed", "peer", peer, "channel", channel, "error", err)
		c.explain(err)
	}
}

// run finds out what is wanted, and does it.
func (s *Server) run(ctx context.Context, c *session) error {
	want, err := c.script()
	if err != nil {
		return err
	}
	// Which device it is and what becomes of the call: both in the same time.
	deciding, cancel := context.WithTimeout(ctx, cmp.Or(s.Decide, DefaultDecide))
	defer cancel()
	device, err := s.device(deciding, c, want)
	if err != nil {
		return err
	}
	switch {
	case !device.Enabled:
		return tollgate.Errorf(tollgate.CodeInvalid, "the device %s is switched off", want.device)
	case want.name == "":
		return s.authorise(deciding, c, &device)
	case want.name == "card" && s.Cards != nil:
		return s.card(ctx, c, &device, want)
	}
	return tollgate.Errorf(tollgate.CodeInvalid, "there is no %q: want /%s or /%[2]s/card", want.name, want.device)
}

// device finds out which device a session is of, and whether it may say so.
func (s *Server) device(ctx context.Context, c *session, want script) (tollgate.Device, error) {
	peer := c.conn.RemoteAddr()
	password := want.query.Get("key")
	var device tollgate.Device
	var err error
	switch {
	case password != "":
		address, _, _ := net.SplitHostPort(peer.String())
		device, err = s.Dock(ctx, want.device, password, address)
	case loopback(peer):
		device, err = s.Device(ctx, want.device)
	default:
		return device, tollgate.Errorf(tollgate.CodeUnauthenticated,
			"an Asterisk on another machine must give its docking password: agi://host:4573/DEVICE?key=PASSWORD")
	}
	if err != nil {
		return device, fmt.Errorf("the device %s: %w", want.device, err)
	}
	return device, nil
}

// decide asks the charger, which must not think for ever.
func (s *Server) decide(ctx context.Context, attempt tollgate.Attempt) (tollgate.Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(s.Decide, DefaultDecide))
	defer cancel()
	grant, err := s.Charger.Authorize(ctx, attempt)
	if err != nil {
		return grant, fmt.Errorf("authorise %s: %w", attempt.Call, err)
	}
	return grant, nil
}

// timer is for how long Asterisk lets the granted time run, in the seconds that
// TIMEOUT(absolute) takes; empty: for ever.
func (s *Server) timer(grant tollgate.Grant) string {
	if grant.Unlimited {
		return ""
	}
	// 0 would switch the timer off.
	d := max(grant.For-cmp.Or(s.Early, DefaultEarly), 50*time.Millisecond)
	return fmt.Sprintf("%d.%03d", d/time.Second, d%time.Second/time.Millisecond)
}
