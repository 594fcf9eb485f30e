//go:build linux

package lab

import (
	"context"
	"fmt"
	"io"
	"net"
)

// Record follows the manager interface and writes what it says to w, byte for
// byte, until the context ends or the Asterisk does. Ready is closed when it is
// logged in.
func (p *PBX) Record(ctx context.Context, w io.Writer, ready chan<- struct{}) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.AMI)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_, err = fmt.Fprintf(conn, "Action: Login\r\nUsername: %s\r\nSecret: %s\r\n\r\n", p.Username, p.Secret)
	if err != nil {
		return err
	}
	close(ready)
	if _, err := io.Copy(w, conn); err != nil && ctx.Err() == nil {
		return fmt.Errorf("record %s: %w", p.Name, err)
	}
	return nil
}
