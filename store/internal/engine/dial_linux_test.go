package engine

import (
	"net"
	"syscall"
	"testing"
)

// TestSilenceIsBounded asks the system what it was told about a connection.
func TestSilenceIsBounded(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := dialer(0).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for name, option := range map[string]struct{ level, key, want int }{
		"unacknowledged": {syscall.IPPROTO_TCP, tcpUserTimeout, 20_000},
		"probed":         {syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		"first probe":    {syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 5},
		"between probes": {syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 5},
		"probes in vain": {syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 3},
	} {
		var got int
		failed := raw.Control(func(fd uintptr) {
			got, err = syscall.GetsockoptInt(int(fd), option.level, option.key)
		})
		if failed != nil || err != nil || got != option.want {
			t.Errorf("%s: %d (%v, %v), want %d", name, got, failed, err, option.want)
		}
	}
}
