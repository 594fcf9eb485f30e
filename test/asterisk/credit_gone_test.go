//go:build linux

package asterisk_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// line is what is between Tollgate and a manager interface. It can be cut.
type line struct {
	listener net.Listener
	to       string
	ctx      context.Context //nolint:containedctx // of the test
	mu       sync.Mutex
	down     bool
	open     map[net.Conn]struct{}
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, to: to, ctx: t.Context(), open: map[net.Conn]struct{}{}}
	go l.serve()
	t.Cleanup(func() {
		listener.Close()
		l.cut(true)
	})
	return l
}

func (l *line) address() string { return l.listener.Addr().String() }

func (l *line) serve() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := new(net.Dialer).DialContext(l.ctx, "tcp", l.to)
		l.mu.Lock()
		if err != nil || l.down {
			near.Close()
			if far != nil {
				far.Close()
			}
			l.mu.Unlock()
			continue
		}
		l.open[near], l.open[far] = struct{}{}, struct{}{}
		l.mu.Unlock()
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			go func() {
				io.Copy(way[0], way[1]) //nolint:errcheck // it ends when either side does
				way[0].Close()
				way[1].Close()
			}()
		}
	}
}

// cut ends what is open, and lets nothing through until it is mended.
func (l *line) cut(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down = down; down {
		for c := range l.open {
			c.Close()
		}
		clear(l.open)
	}
}

// alone makes sure that only one of several trials stops the one Tollgate.
var alone sync.Mutex //nolint:gochecknoglobals // of this test only

// killedInCall kills Tollgate while a call is up. Asterisk's own timer ends it;
// when Tollgate is back it is charged, once, and nothing stays held.
func killedInCall(t *testing.T, h *house, _ *line) {
	p := h.with("killed", 60, nil, "1020")
	if _, err := h.f.Phone("1020").Call(t.Context(), "*8*"+away(20)); err != nil {
		t.Error(err)
		return
	}
	time.Sleep(2 * time.Second)
	alone.Lock()
	first := h.process != nil
	if first {
		h.kill()
	}
	alone.Unlock()
	talk, err := h.leg(away(20))
	t.Logf("%s: the switch's own timer ended it after %.3f s", h.f.Name, talk.Seconds())
	if err != nil || talk > 60*time.Second {
		t.Errorf("%s: without Tollgate it talked %v, %v", h.f.Name, talk, err)
	}
	if _, err := h.f.Phone("1020").Call(t.Context(), "*8*"+away(21)); err == nil || h.rang(away(21)) {
		t.Errorf("%s: a call that nobody decided about: %v", h.f.Name, err)
	}
	if c, err := h.f.Phone("1020").Call(t.Context(), "*8*112"); err != nil {
		t.Errorf("%s: an emergency call that nobody decided about: %v", h.f.Name, err)
	} else {
		c.Hangup()
	}
	alone.Lock()
	if h.process == nil {
		h.start()
	}
	alone.Unlock()
	h.f.connected(t)
	h.charged(t, p, 60, talk)
}

// charged waits until a call is settled, and holds what is left against its talk.
func (h *house) charged(t *testing.T, p purse, credit float64, talk time.Duration) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		left, err := p.settles()
		spent := credit - left
		if err == nil && spent >= talk.Seconds()-0.1 && spent <= talk.Seconds()+1.1 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: %v s talked, %v s charged, %v", h.f.Name, talk, spent, err)
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// linkCut cuts the link for 30 seconds: a call that is limited ends by
// Asterisk's timer, one that is not goes on, and both are charged once.
func linkCut(t *testing.T, h *house, l *line) {
	p := h.with("cut", 60, nil, "1021")
	free := h.with("free", 0, map[string]any{"mode": "postpaid"}, "1022")
	if _, err := h.f.Phone("1021").Call(t.Context(), "*8*"+away(22)); err != nil {
		t.Error(err)
		return
	}
	c, err := h.f.Phone("1022").Call(t.Context(), "*8*"+away(23))
	if err != nil {
		t.Error(err)
		return
	}
	time.Sleep(2 * time.Second)
	l.cut(true)
	time.Sleep(30 * time.Second)
	l.cut(false)
	talk, err := h.leg(away(22))
	if err != nil || talk > 31*time.Second {
		t.Errorf("%s: without the link it talked %v, %v", h.f.Name, talk, err)
	}
	h.f.connected(t)
	time.Sleep(3 * time.Second)
	c.Hangup()
	long, err := h.leg(away(23))
	if err != nil || long < 33*time.Second {
		t.Errorf("%s: a call without limit talked %v, %v", h.f.Name, long, err)
	}
	h.charged(t, p, 60, talk)
	h.charged(t, free, 0, long)
}

// asteriskKilled kills the Asterisk in a call: it does not stay open for ever.
func asteriskKilled(t *testing.T, h *house, _ *line) {
	p := h.with("dead", 60, nil, "1023")
	if _, err := h.f.Phone("1023").Call(t.Context(), "*8*"+away(24)); err != nil {
		t.Error(err)
		return
	}
	time.Sleep(3 * time.Second)
	if err := h.f.Kill(); err != nil {
		t.Error(err)
	}
	h.f.Carrier.HangupAll()
	h.f.Phone("1023").HangupAll()
	if err := h.f.Start(t.Context()); err != nil {
		t.Error(err)
		return
	}
	h.f.connected(t)
	h.charged(t, p, 60, 3*time.Second)
}
