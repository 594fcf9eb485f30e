package engine

import (
	"cmp"
	"net"
	"syscall"
	"time"
)

// silenceMax is how long a database server may leave unanswered, on the level of
// TCP, what was sent to it. One whose machine has vanished never answers again, and
// the system alone would wait for it a quarter of an hour, everybody who writes with it.
const silenceMax = 20 * time.Second

// dialer connects to a server that may vanish. Limit bounds a try to connect, of which
// there are two where TLS may be left out; 0 means half of silenceMax.
func dialer(limit time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout: cmp.Or(limit, silenceMax/2),
		// For a server that vanishes while all that was sent has arrived and it owes an answer.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silenceMax / 4, Interval: silenceMax / 4, Count: 3},
		Control: func(network, _ string, c syscall.RawConn) error {
			if network == "unix" {
				return nil
			}
			var err error
			if failed := c.Control(func(fd uintptr) { err = limitSilence(int(fd)) }); failed != nil {
				return failed
			}
			return err
		},
	}
}
