package agi

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tollgate"
)

func unlimited(context.Context, tollgate.Attempt) (tollgate.Grant, error) {
	return tollgate.Grant{Allowed: true, Unlimited: true}, nil
}

// TestServeTCP asks over a real socket.
func TestServeTCP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed by the test
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- house(chargerFunc(unlimited), nil).Serve(ctx, l) }()
	for range 3 {
		conn, err := net.Dial("tcp", l.Addr().String()) //nolint:noctx // it is there
		if err != nil {
			t.Fatal(err)
		}
		a := newFakeAsterisk(t, plainCall("hq"))
		a.serve(conn)
		if a.verdict() != "ALLOW" {
			t.Errorf("it said %q", a.said())
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is still open")
	}
}

// TestServeFault: a call that runs into a fault of ours stays undecided, and the next is
// served.
func TestServeFault(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed by the test
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	charger := func(ctx context.Context, a tollgate.Attempt) (tollgate.Grant, error) {
		if calls++; calls == 1 {
			panic("a fault")
		}
		return unlimited(ctx, a)
	}
	go house(chargerFunc(charger), nil).Serve(t.Context(), l) //nolint:errcheck // it ends with the test
	for _, want := range []string{"", "ALLOW"} {
		conn, err := net.Dial("tcp", l.Addr().String()) //nolint:noctx // it is there
		if err != nil {
			t.Fatal(err)
		}
		a := newFakeAsterisk(t, plainCall("hq"))
		a.serve(conn)
		if a.verdict() != want {
			t.Errorf("verdict %q, want %q", a.verdict(), want)
		}
	}
}

// TestServeMute has an Asterisk that stops talking, before and after it has said
// what its channel is.
func TestServeMute(t *testing.T) {
	t.Parallel()
	for name, hello := range map[string]string{
		"says nothing": "", "says half": "agi_channel: PJSIP/1001-1\n",
		"never answers": "agi_network_script: hq\nagi_channel: PJSIP/1001-1\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				l, done := newPipes(), make(chan error, 1)
				go func() { done <- house(chargerFunc(unlimited), nil).Serve(ctx, l) }()
				conn := l.dial("127.0.0.1:1")
				begun := time.Now()
				go io.WriteString(conn, hello) //nolint:errcheck // the other end may go
				if _, err := io.Copy(io.Discard, conn); err != nil {
					t.Error(err)
				}
				// The reason is sent to the console in vain: once more the time.
				if took := time.Since(begun); took < DefaultTimeout || took > 2*DefaultTimeout {
					t.Errorf("it was let go after %v", took)
				}
				cancel()
				if err := <-done; err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		})
	}
}

// TestServeEnds ends the server in the middle of a session.
func TestServeEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l, done := newPipes(), make(chan error, 1)
		go func() { done <- house(chargerFunc(unlimited), nil).Serve(ctx, l) }()
		conn := l.dial("127.0.0.1:1")
		synctest.Wait()
		cancel()
		begun := time.Now()
		if err := <-done; err != nil || time.Since(begun) != 0 {
			t.Errorf("Serve: %v after %v", err, time.Since(begun))
		}
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // a pipe returns it as it is
			t.Errorf("the connection: %v", err)
		}
	})
}

func TestServeClosed(t *testing.T) {
	t.Parallel()
	l := newPipes()
	close(l.closed)
	err := house(chargerFunc(unlimited), nil).Serve(t.Context(), l)
	if err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("Serve on a closed listener: %v", err)
	}
}

// TestServeFull turns away whom there is no place for, and serves again when
// there is.
func TestServeFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := house(chargerFunc(unlimited), nil)
		s.MaxSessions = 2
		ctx, cancel := context.WithCancel(t.Context())
		l, done := newPipes(), make(chan error, 1)
		go func() { done <- s.Serve(ctx, l) }()
		first, second := l.dial("127.0.0.1:1"), l.dial("127.0.0.1:2")
		third := l.dial("127.0.0.1:3")
		if _, err := third.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // a pipe returns it as it is
			t.Errorf("the third: %v", err)
		}
		first.Close()
		synctest.Wait()
		a := newFakeAsterisk(t, plainCall("hq"))
		a.serve(l.dial("127.0.0.1:4"))
		if a.verdict() != "ALLOW" {
			t.Errorf("the fourth: %q", a.said())
		}
		second.Close()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}
