package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
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
			sum := fingerprint(answer.shown[0].Raw)
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
	until := time.Now().Add(selfSignedFor - time.Hour).UTC().Format(time.DateOnly)
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

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestSelfSignedLastsAndIsRenewed(t *testing.T) {
	dir, time := t.TempDir(), &clock{at: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	p := &program{now: time.now, log: discard()}
	first, err := newSelfSigned(p, dir, "pbx.example.org", "localhost", "127.0.0.1", "pbx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	leaf := first.current.Leaf
	if leaf.NotAfter.Sub(leaf.NotBefore) != selfSignedFor || len(leaf.DNSNames) != 2 || len(leaf.IPAddresses) != 1 {
		t.Errorf("from %s until %s for %q %v", leaf.NotBefore, leaf.NotAfter, leaf.DNSNames, leaf.IPAddresses)
	}
	if first.name() != "pbx.example.org" {
		t.Errorf("it is for %q", first.name())
	}
	for name, mode := range map[string]os.FileMode{"self-signed.key": 0o600, "self-signed.pem": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	again, err := newSelfSigned(p, dir, "other.example.org")
	if err != nil || !again.current.Leaf.Equal(leaf) {
		t.Errorf("a second start made another one, %v", err)
	}
	time.add(selfSignedFor - selfSignedRenew)
	next, err := again.get()
	if err != nil || next.Leaf.Equal(leaf) || next.Leaf.DNSNames[0] != "other.example.org" {
		t.Errorf("a month before its end it is still the old one, %v", err)
	}
}

// writePair writes a certificate for one name.
func writePair(t *testing.T, dir, name string, now time.Time) (cert, key string) {
	t.Helper()
	cert, key = filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")
	if err := writeSelfSigned(now, cert, key, []string{name}); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestCertificateFilesAreReadAgain(t *testing.T) {
	dir, time := t.TempDir(), &clock{at: time.Now()}
	cert, key := writePair(t, dir, "old.example.org", time.now())
	f, err := newFileCertificate(&program{now: time.now, log: discard()}, cert, key)
	if err != nil {
		t.Fatal(err)
	}
	shown := func() string {
		t.Helper()
		time.add(certPoll)
		c, err := f.config().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.DNSNames[0]
	}
	if got := shown(); got != "old.example.org" {
		t.Fatalf("shows %s", got)
	}
	before, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	writePair(t, dir, "new.example.org", time.now())
	fits, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, append(before, '\n'), 0o600); err != nil { // half renewed
		t.Fatal(err)
	}
	if got := shown(); got != "old.example.org" {
		t.Errorf("half renewed it shows %s", got)
	}
	if part := f.part(); part.State != "failed" || !strings.Contains(part.Detail, "old.example.org until") {
		t.Errorf("half renewed it is %+v", part)
	}
	if err := os.WriteFile(key, fits, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got != "new.example.org" {
		t.Errorf("renewed it shows %s", got)
	}
	if part := f.part(); part.State != "running" {
		t.Errorf("renewed it is %+v", part)
	}
	time.add(selfSignedFor)
	if part := f.part(); part.State != "failed" || !strings.HasSuffix(part.Detail, "expired") {
		t.Errorf("at the end it is %+v", part)
	}
}

func TestDamagedCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := writePair(t, dir, "calls.example.org", time.Now())
	p := &program{now: time.Now, log: discard()}
	damaged := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no")})
	if err := os.WriteFile(cert, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newFileCertificate(p, cert, key); err == nil || !strings.Contains(err.Error(), "fullchain.pem") {
		t.Errorf("a damaged certificate: %v", err)
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
