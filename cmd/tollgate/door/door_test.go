package door

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Who finds no room waits until somebody goes.
func TestDoorwayIsFull(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := New(listener, 2, true)
	let := make(chan net.Conn)
	go func() {
		for {
			c, err := door.Accept()
			if err != nil {
				close(let)
				return
			}
			let <- c
		}
	}()
	for range 3 {
		dial(t, listener.Addr().String())
	}
	first, second := <-let, <-let
	select {
	case <-let:
		t.Error("three are let in where there is room for two")
	case <-time.After(100 * time.Millisecond):
	}
	first.Close()
	first.Close() // nobody leaves twice
	third := <-let
	dial(t, listener.Addr().String())
	select {
	case <-let:
		t.Error("who left twice made room for two")
	case <-time.After(100 * time.Millisecond):
	}
	if err := door.Close(); err != nil {
		t.Error(err)
	}
	if _, more := <-let; more {
		t.Error("the doorway is closed and lets somebody in")
	}
	second.Close()
	third.Close()
}

// One address alone does not have all of the room.
func TestShareOfOne(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := New(listener, 8, false)
	defer func() { _ = door.Close() }()                // ends what the test began
	door.trusts = func(net.Addr) bool { return false } // all of this test come from this machine
	taken := make(chan net.Conn, 10)
	go func() {
		for c, err := door.Accept(); err == nil; c, err = door.Accept() {
			taken <- c
		}
	}()
	for range 2 {
		dial(t, listener.Addr().String())
	}
	mine := <-taken
	if _, err := dial(t, listener.Addr().String()).Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("one address has more than its share: %v", err)
	}
	mine.Close()
	<-taken
	dial(t, listener.Addr().String())
	select {
	case <-taken:
	case <-time.After(10 * time.Second):
		t.Error("who went is still counted")
	}
}

// Pages and API leave files for the database, the devices and FastAGI.
func TestDoorwayLeavesFiles(t *testing.T) {
	for _, c := range []struct {
		files uint64
		want  int
	}{{200, 100}, {1024, 512}, {65_536, ConnectionsMax}, {1 << 63, ConnectionsMax}, {1, 1}} {
		if got := roomFor(c.files); got != c.want {
			t.Errorf("%d files: room for %d connections, want %d", c.files, got, c.want)
		}
	}
}
