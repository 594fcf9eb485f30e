package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate/cmd/tollgate/cert"
)

// quietBuffer is a log that may be read while it is written.
type quietBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *quietBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *quietBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// trusting is a browser that trusts the certificates of a PEM file, and does not follow.
func trusting(t *testing.T, file string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", file)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// heard is an answer without its body.
type heard struct {
	status, major int
	header        http.Header
	shown         []*x509.Certificate
}

// ask makes one request.
func ask(t *testing.T, client *http.Client, method, url string) heard {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	h := heard{status: answer.StatusCode, major: answer.ProtoMajor, header: answer.Header}
	if answer.TLS != nil {
		h.shown = answer.TLS.PeerCertificates
	}
	return h
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestServeSelfSigned(t *testing.T) {
	data, plain := filepath.Join(t.TempDir(), "books"), freePort(t)
	var log quietBuffer
	public, local := serveLogged(t, &log, "--data", data, "--tls-self-signed", "--http", plain)
	client := trusting(t, filepath.Join(data, "certificates", "self-signed.pem"))
	for _, path := range []string{"/login", "/healthz", "/api/v1/health", "/none"} {
		answer := ask(t, client, http.MethodGet, local+path)
		if got := answer.header.Get("Strict-Transport-Security"); got != "max-age=31536000" || answer.major != 2 {
			t.Errorf("%s: HTTP/%d, strict %q", path, answer.major, got)
		}
		if path == "/healthz" {
			sum := cert.Fingerprint(answer.shown[0].Raw)
			if !strings.Contains(log.String(), "sha256="+sum) || len(sum) != 95 {
				t.Errorf("fingerprint %s is not in the log:\n%s", sum, &log)
			}
		}
	}
	if host, err := os.Hostname(); err != nil || !strings.HasPrefix(public, "https://"+strings.ToLower(host)+":") {
		t.Errorf("people are sent to %s, the host is %s, %v", public, host, err)
	}

	answer := ask(t, client, http.MethodGet, "http://"+plain+"/accounts?page=2")
	if at := answer.header.Get("Location"); answer.status != 308 || at != public+"/accounts?page=2" {
		t.Errorf("redirected with %d to %q", answer.status, at)
	}
	if answer = ask(t, client, http.MethodPost, "http://"+plain+"/login"); answer.status != http.StatusMisdirectedRequest {
		t.Errorf("what changes something is answered with %d", answer.status)
	}

	out, problems, code := command(t, "health", "--url", local)
	if code != 0 || !strings.Contains(out, "• certificate  running\n") {
		t.Errorf("health: %d\n%s%s", code, out, problems)
	}
	out, problems, code = command(t, "health", "--url", local, "--data", data)
	until := time.Now().Add(825*24*time.Hour - time.Hour).UTC().Format(time.DateOnly)
	if code != 0 || !strings.Contains(out, "until "+until) {
		t.Errorf("health: %d\n%s%s", code, out, problems)
	}
}

func TestServeBehindProxy(t *testing.T) {
	address := serve(t, filepath.Join(t.TempDir(), "books"), "--behind-tls-proxy", "--url", "https://calls.example.org/")
	if address != "https://calls.example.org" {
		t.Errorf("people are sent to %s", address)
	}
}

func TestOrigin(t *testing.T) {
	for _, c := range []struct {
		scheme, host string
		port         int
		want         string
	}{
		{"https", "calls.example.org", 443, "https://calls.example.org"},
		{"https", "calls.example.org", 8443, "https://calls.example.org:8443"},
		{"http", "::1", 80, "http://[::1]"},
		{"http", "::1", 8080, "http://[::1]:8080"},
		{"https", "127.0.0.1", 80, "https://127.0.0.1:80"},
	} {
		if got := origin(c.scheme, c.host, c.port); got != c.want {
			t.Errorf("%s %s %d: %s, want %s", c.scheme, c.host, c.port, got, c.want)
		}
	}
}

func TestRedirectorStaysHome(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://evil.example.com//evil.example.com/x", nil)
	redirector("https://calls.example.org").ServeHTTP(w, r)
	if at := w.Header().Get("Location"); !strings.HasPrefix(at, "https://calls.example.org/") {
		t.Errorf("sent to %q", at)
	}
}
