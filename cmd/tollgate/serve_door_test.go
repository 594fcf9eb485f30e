package main

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/cmd/tollgate/cert"
	"tollgate/cmd/tollgate/door"
	"tollgate/store"
	"tollgate/store/storetest"
	"tollgate/web/frame"
)

// hasty is how long a server of these tests waits for a request, and for an answer to be taken.
const hasty = 500 * time.Millisecond

// quickly serves pages and API with limits of half a second, and returns the address.
func quickly(t *testing.T, change func(*server)) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &program{ctx: ctx, stdout: io.Discard, stderr: io.Discard, now: time.Now, log: discard()}
	s, err := newServer(p, storetest.Open(t, storetest.SQLite(t)), serverOptions{listen: "127.0.0.1:0", zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	outside := s.listener.(*door.Doorway)
	outside.Listener = narrow{outside.Listener}
	if change != nil {
		change(s)
	}
	h := s.newHTTP(ctx, s.handler)
	if h.ReadTimeout <= 0 || h.ReadTimeout > time.Minute || h.WriteTimeout <= 0 || h.WriteTimeout > 2*time.Minute ||
		h.HTTP2 == nil || h.HTTP2.WriteByteTimeout <= 0 || h.HTTP2.WriteByteTimeout > time.Minute {
		t.Errorf("strangers have %s to ask and %s to take the answer; HTTP/2: %+v", h.ReadTimeout, h.WriteTimeout, h.HTTP2)
	}
	h.ReadTimeout, h.WriteTimeout, h.HTTP2 = hasty, hasty, &http.HTTP2Config{WriteByteTimeout: hasty}
	if s.certs != nil {
		h.TLSConfig = s.certs.Config()
	}
	ended := make(chan error, 1)
	go func() { ended <- runHTTP(ctx, h, s.listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended: %v", err)
		}
	})
	return s.listener.Addr().String()
}

// narrow gives connections little memory in the system, so that they are full soon.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(4 << 10) // what the system makes of it
	}
	return c, err
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// isLeft reports whether the other side ends the connection before the test would.
func isLeft(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(20 * hasty)) // never fails
	_, err := io.Copy(io.Discard, c)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// A body that never ends does not hold a connection for longer than a request may take,
// whoever answers, and whether it is read or not.
func TestBodyNeverEnds(t *testing.T) {
	address := quickly(t, nil)
	for _, head := range []string{
		"POST /login", "POST /setup/x", "POST /accounts", "POST /none", "GET /healthz", "GET /api/docs",
		"POST /api/v1/calls", "POST /api/v1/devices/x/records", "PUT /api/v1/attribution", "PUT /api/v1/calls/1/finish",
		"POST /api/v1/none", "POST /api/2/admin/billing/", "POST /api/2/authentication/", "POST /api/2/none",
		"GET /metrics",
	} {
		t.Run(head, func(t *testing.T) {
			t.Parallel()
			for _, length := range []string{
				"Content-Length: 100\r\n\r\nuser", "Transfer-Encoding: chunked\r\n\r\n4\r\nuser\r\n",
			} {
				c := dial(t, address)
				if _, err := io.WriteString(c, head+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
					length); err != nil {
					t.Fatal(err)
				}
				if !isLeft(c) {
					t.Errorf("still connected after %s", 20*hasty)
				}
			}
		})
	}
}

// An answer that nobody takes does not hold a connection.
func TestAnswerIsNotTaken(t *testing.T) {
	address := quickly(t, nil)
	for _, path := range []string{"/api/openapi.json", "/api/v1/cdrs", "/login", "/healthz", "/none", "/api/2/none"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c := dial(t, address)
			_ = c.SetReadBuffer(4 << 10) // what the system makes of it
			asked := strings.Repeat("GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n", 1000)
			deadline := time.Now().Add(20 * hasty)
			for {
				_ = c.SetWriteDeadline(deadline) // never fails
				if _, err := io.WriteString(c, asked); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("still connected after %s", 20*hasty)
				} else if err != nil {
					return
				}
			}
		})
	}
}

// Over HTTP/2 one connection carries many answers. Who takes none of them is let go.
func TestAnswerIsNotTakenHTTP2(t *testing.T) {
	address := quickly(t, func(s *server) {
		var err error
		s.certs, err = cert.SelfSigned(cert.Options{Now: time.Now, Log: discard(), Agent: "test"}, t.TempDir(), "localhost")
		if err != nil {
			t.Fatal(err)
		}
	})
	raw := dial(t, address)
	_ = raw.SetReadBuffer(4 << 10)
	c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // our own
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	frame := func(kind, flags byte, stream uint32, payload string) string { // RFC 9113 §4.1
		head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
		return string(binary.BigEndian.AppendUint32(append(head, flags), stream)) + payload
	}
	const (
		headers, settings, window = 1, 4, 8
		wide                      = "\x7f\x00\x00\x00"
		// :method GET, :scheme https, :authority and :path as they are written, RFC 7541 §6.
		ask = "\x82\x87\x01\x01x\x04\x11/api/openapi.json"
	)
	begin := "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0, "\x00\x04"+wide) + frame(window, 0, 0, wide)
	if _, err := io.WriteString(c, begin); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * hasty)
	for stream := uint32(1); ; stream += 2 {
		_ = raw.SetWriteDeadline(deadline)
		if _, err := io.WriteString(c, frame(headers, 5, stream, ask)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("still connected after %s", 20*hasty)
		} else if err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still connected after %s", 20*hasty)
		}
		time.Sleep(time.Millisecond)
	}
}

// trickle is a body that takes longer than strangers have.
func trickle(text string) io.Reader {
	read, write := io.Pipe()
	go func() {
		for piece := range slices.Chunk([]byte(text), len(text)/4+1) {
			time.Sleep(hasty / 2)
			_, _ = write.Write(piece) // the server says if it did not come
		}
		_ = write.Close() // never fails
	}()
	return read
}

// furnished is a server with a tariff, a device, and somebody who may send files to it.
func furnished(t *testing.T) (address, token, cookie, tariff string) {
	t.Helper()
	address = quickly(t, func(s *server) {
		ctx := t.Context()
		var err error
		if token, _, err = s.gate.NewToken(ctx, commandPrincipal(), store.Token{Name: "t", Role: "admin"}); err != nil {
			t.Fatal(err)
		}
		_, err = s.gate.AddUser(ctx, operatorActor(), store.User{Name: "u", Role: "admin"}, "a password of its own")
		if err != nil {
			t.Fatal(err)
		}
		rates := tollgate.Tariff{
			Name: "r", Currency: "EUR", Timezone: "UTC", Per: 60, Rounding: tollgate.RoundHalfUp,
			DurationRounding: tollgate.DurationUp,
		}
		device := tollgate.Device{
			Name: "pbx", Kind: tollgate.DevicePush, Timezone: "UTC", Enabled: true, Plan: tollgate.DialingPlan{Country: "DE"},
		}
		if err := s.db.Change(ctx, operatorActor(), "furnish", func(c *store.Change) error {
			return errors.Join(c.PutTariff(&rates), c.PutDevice(&device, ""))
		}); err != nil {
			t.Fatal(err)
		}
		tariff = rates.ID.String()
		login := httptest.NewRequestWithContext(ctx, http.MethodPost, "/login",
			strings.NewReader("user=u&password=a+password+of+its+own"))
		login.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, login)
		if cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";"); cookie == "" {
			t.Fatalf("log in: %d %s", w.Code, w.Body)
		}
	})
	return address, token, cookie, tariff
}

// Who may send files may send them over a slow line.
func TestFilesComeSlowly(t *testing.T) {
	address, token, cookie, tariff := furnished(t)
	send := func(method, path, kind string, body io.Reader) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Cookie", cookie)
		if strings.HasPrefix(path, "/api/") {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		return answer.StatusCode, string(text)
	}
	const line = "--x\r\nContent-Disposition: form-data; name="
	for _, c := range []struct{ do, kind, body, want string }{
		{"PUT /api/v1/attribution?dry_run=true", "application/json", `[{"prefix":"4930","destination":"Berlin"}]`, `"added":1`},
		{"PUT /api/v1/tariffs/" + tariff + "/decks?dry_run=true", "text/csv", "prefix,price\n49,0.05\n", `"added":1`},
		{"POST /api/v1/devices/pbx/records", "application/json", `[                    ]`, `"stored":0`},
		{
			"POST /api/2/admin/billing/", "application/json",
			`{"jsonrpc":"2.0","id":1,"method":"getAllUnbilled"}`, `"result":[]`,
		},
		{
			"POST /tariffs/" + tariff + "/decks", "multipart/form-data; boundary=x", line + "do\r\n\r\ncheck\r\n" + line +
				"sheet; filename=r.csv\r\n\r\nprefix,price\n49,0.05\n\r\n--x--\r\n", "What would change",
		},
	} {
		method, path, _ := strings.Cut(c.do, " ")
		status, text := send(method, path, c.kind, trickle(c.body))
		if status != http.StatusOK || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %.500s", c.do, status, text)
		}
	}
}

// TestStreamsOutliveDeadlines: a page that moves goes on after the deadlines of a
// request have passed, also while it has nothing to say.
func TestStreamsOutliveDeadlines(t *testing.T) {
	for name, secure := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := quickly(t, func(s *server) {
				s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					e := new(frame.Site).Stream(w)
					time.Sleep(10*time.Second + hasty) // longer than one event may take
					if r.Context().Err() == nil {
						_ = e.Event("end", []byte(r.Proto))
					}
				})
				if !secure {
					return
				}
				var err error
				s.certs, err = cert.SelfSigned(cert.Options{Now: time.Now, Log: discard(), Agent: "test"}, t.TempDir(), "localhost")
				if err != nil {
					t.Fatal(err)
				}
			})
			scheme := map[bool]string{true: "https://", false: "http://"}[secure]
			client := http.Client{Transport: &http.Transport{
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, //nolint:gosec // our own
			}}
			defer client.CloseIdleConnections()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+address+"/live", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			if err != nil || !strings.Contains(string(text), "event: end\ndata: "+name) {
				t.Errorf("%q (%v)", text, err)
			}
		})
	}
}
