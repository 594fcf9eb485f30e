package ami

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tollgate"
)

func silent(net.Conn, string, map[string]string) {}

func TestClientLogsInWithChallenge(t *testing.T) {
	t.Parallel()
	f := newFake(t, silent)
	c, err := f.dialer().Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Banner() != "Asterisk Call Manager/11.0.0" {
		t.Errorf("banner %q", c.Banner())
	}
}

func TestClientIsRefused(t *testing.T) {
	t.Parallel()
	d := newFake(t, silent).dialer()
	d.Secret = "guess"
	_, err := d.Connect(t.Context())
	if tollgate.CodeOf(err) != tollgate.CodeUnauthenticated || !strings.Contains(err.Error(), "Authentication failed") {
		t.Errorf("error %v, want unauthenticated", err)
	}
}

func TestClientOverTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	f := newFake(t, silent)
	address := f.Addr().String()
	f.Close()
	l, err := tls.Listen("tcp", address, &tls.Config{Certificates: web.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	secure := &fake{Listener: l, t: t, answer: silent}
	go secure.serve()

	d := secure.dialer()
	d.TLS = &tls.Config{ServerName: "example.com", RootCAs: x509.NewCertPool()}
	if _, err := d.Connect(t.Context()); tollgate.CodeOf(err) != tollgate.CodeUnavailable {
		t.Errorf("a certificate nobody vouches for: error %v, want unavailable", err)
	}
	d.TLS.RootCAs.AddCert(web.Certificate())
	c, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestClientAnswers(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(c net.Conn, action string, headers map[string]string) {
		id := headers["ActionID"]
		switch action {
		case "Ping": // events in between must not confuse anybody
			fmt.Fprintf(c, "Event: Newchannel\r\nChannel: A\r\n\r\nResponse: Success\r\nActionID: %s\r\nPing: Pong\r\n\r\n", id)
		case "Status":
			fmt.Fprintf(c, "Response: Success\r\nEventList: start\r\nActionID: %s\r\n\r\n", id)
			for _, name := range []string{"A", "B"} {
				fmt.Fprintf(c, "Event: Status\r\nActionID: %s\r\nChannel: %s\r\n\r\n", id, name)
			}
			fmt.Fprintf(c, "Event: StatusComplete\r\nActionID: %s\r\nEventList: Complete\r\n\r\n", id)
		case "Setvar":
			if headers["Value"] != "a  Action: Originate" {
				t.Errorf("value %q: a line end got through", headers["Value"])
			}
			fmt.Fprintf(c, "Response: Error\r\nActionID: %s\r\nMessage: No such channel\r\n\r\n", id)
		}
	})
	c, err := f.dialer().Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if m, err := c.Do(t.Context(), "Ping"); err != nil || m.Get("Ping") != "Pong" {
		t.Errorf("ping: %+v, %v", m, err)
	}
	if m := <-c.Events(); m.Event() != "Newchannel" {
		t.Errorf("event %+v", m)
	}
	list, err := c.List(t.Context(), "Status")
	if err != nil || len(list) != 2 || list[1].Get("Channel") != "B" {
		t.Errorf("list %+v, %v", list, err)
	}
	_, err = c.Do(t.Context(), "Setvar", Header("Value", "a\r\nAction: Originate"))
	if refused, ok := errors.AsType[*Refused](err); !ok || refused.Message != "No such channel" {
		t.Errorf("error %v, want a refusal", err)
	}
}

func TestClientWaitsOnlySoLong(t *testing.T) {
	t.Parallel()
	d := newFake(t, silent).dialer()
	d.ActionTimeout = 50 * time.Millisecond
	c, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Do(t.Context(), "Ping"); tollgate.CodeOf(err) != tollgate.CodeUnavailable {
		t.Errorf("error %v, want unavailable", err)
	}
	if len(c.pending) != 0 {
		t.Errorf("%d actions still waited for", len(c.pending))
	}
}

func TestClientSeesTheEnd(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(c net.Conn, _ string, _ map[string]string) { c.Close() })
	c, err := f.dialer().Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), "Ping"); err == nil {
		t.Error("an answer from a closed connection")
	}
	if _, more := <-c.Events(); more || c.Err() == nil {
		t.Errorf("more events %t, error %v after the end", more, c.Err())
	}
}

// TestClientNobodyReads proves that a reader who stops does not keep the
// connection from being closed.
func TestClientNobodyReads(t *testing.T) {
	t.Parallel()
	f := newFake(t, func(c net.Conn, _ string, headers map[string]string) {
		for range 100 {
			fmt.Fprint(c, "Event: Newchannel\r\nChannel: A\r\n\r\n")
		}
		fmt.Fprintf(c, "Response: Success\r\nActionID: %s\r\n\r\n", headers["ActionID"])
	})
	d := f.dialer()
	d.EventBuffer, d.ActionTimeout = 10, 50*time.Millisecond
	c, err := d.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), "Ping"); err == nil {
		t.Error("the answer overtook events nobody took")
	}
	c.Close()
	taken := 0
	for range c.Events() {
		taken++
	}
	if taken > 2*d.EventBuffer {
		t.Errorf("%d events were kept, want about %d", taken, d.EventBuffer)
	}
}

// TestClientNoManager connects to what waits for the client to begin, as HTTP does.
func TestClientNoManager(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	d := Dialer{Address: web.Listener.Addr().String(), ConnectTimeout: 50 * time.Millisecond, Now: time.Now}
	_, err := d.Connect(t.Context())
	if tollgate.CodeOf(err) != tollgate.CodeUnavailable ||
		!strings.Contains(err.Error(), "the port of the manager interface") {
		t.Errorf("error %v", err)
	}
}

func TestClientUnreachable(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	mute := Dialer{Address: address, ConnectTimeout: 50 * time.Millisecond, Now: time.Now}
	if _, err := mute.Connect(t.Context()); tollgate.CodeOf(err) != tollgate.CodeUnavailable {
		t.Errorf("nobody greets: error %v, want unavailable", err)
	}
	l.Close()
	if _, err := mute.Connect(t.Context()); tollgate.CodeOf(err) != tollgate.CodeUnavailable {
		t.Errorf("nobody listens: error %v, want unavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mute.Connect(ctx); err == nil {
		t.Error("connected although nobody wants to any more")
	}
}
