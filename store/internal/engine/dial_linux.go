package engine

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT of linux/tcp.h (RFC 5482), which package syscall lacks.
const tcpUserTimeout = 18

// limitSilence has the system break a connection on which nothing that was sent
// has been acknowledged for silenceMax.
func limitSilence(fd int) error {
	return syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpUserTimeout, int(silenceMax.Milliseconds()))
}
