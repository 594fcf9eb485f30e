//go:build linux

package debian_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// calls is the name that a certificate is issued for.
const calls = "calls.example.org"

// background is a program that runs until the test ends.
type background struct {
	*exec.Cmd
	mu   sync.Mutex
	said bytes.Buffer
}

func (b *background) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.Write(p)
}

func (b *background) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.String()
}

// start starts a program.
func start(t *testing.T, env []string, args ...string) *background {
	t.Helper()
	b := &background{Cmd: exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...)}
	b.Env = append(os.Environ(), env...)
	b.Stdout, b.Stderr = b, b
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.end)
	return b
}

// end asks the program to end.
func (b *background) end() {
	if b.ProcessState == nil {
		b.Process.Signal(syscall.SIGTERM) //nolint:errcheck // gone already is as good
		b.Wait()                          //nolint:errcheck // it was told to
	}
}

// port is one on loopback that nobody listens on.
func port(t *testing.T) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	address, _ := l.Addr().(*net.TCPAddr)
	return address.Port
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// authority is a Pebble: the ACME server that the makers of Let's Encrypt test
// clients with. It looks for names at a server that sends everybody to loopback.
type authority struct {
	directory  string
	roots      string // URL of what it signs with
	trusted    string // file of what its own pages are signed with
	https      *x509.CertPool
	tls, plain int // where it looks whether a name is ours
}

func newAuthority(t *testing.T, programs string, tlsPort, httpPort int) *authority {
	t.Helper()
	dir, acme, management, dns := t.TempDir(), port(t), port(t), port(t)
	lent := httptest.NewUnstartedServer(nil) // has a certificate for 127.0.0.1
	lent.StartTLS()
	pair := lent.TLS.Certificates[0]
	lent.Close()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, content []byte) string {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, name)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	a := &authority{
		directory: "https://" + loopback(acme) + "/dir", roots: "https://" + loopback(management) + "/roots/0",
		trusted: file("cert.pem", certificate), https: x509.NewCertPool(), tls: tlsPort, plain: httpPort,
	}
	a.https.AppendCertsFromPEM(certificate)
	private := file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	settings, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": loopback(acme), "managementListenAddress": loopback(management),
		"certificate": a.trusted, "privateKey": private,
		"httpPort": httpPort, "tlsPort": tlsPort, "retryAfter": map[string]int{"authz": 1, "order": 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	start(t, nil, filepath.Join(programs, "pebble-challtestsrv"),
		"-dnsserver", loopback(dns), "-management", loopback(port(t)),
		"-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "")
	pebble := start(t, []string{"PEBBLE_VA_NOSLEEP=1"}, filepath.Join(programs, "pebble"),
		"-config", file("pebble.json", settings), "-dnsserver", loopback(dns))
	within(t, "pebble answers: "+pebble.String(), func() error {
		_, err := fetch(t, a.https, a.roots)
		return err
	})
	return a
}

// within waits until something is so.
func within(t *testing.T, what string, so func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for err := so(); err != nil; err = so() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// fetch gets a page.
func fetch(t *testing.T, trusted *x509.CertPool, url string) ([]byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// shown shakes hands with a server and returns the number of its certificate.
func shown(t *testing.T, trusted *x509.CertPool, address, name string) (*big.Int, error) {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{RootCAs: trusted, ServerName: name}}
	c, err := d.DialContext(t.Context(), "tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	spoken, ok := c.(*tls.Conn)
	if !ok {
		return nil, errors.New("no TLS")
	}
	return spoken.ConnectionState().PeerCertificates[0].SerialNumber, nil
}

// TestACME has a certificate issued by a real ACME server, by each way that it
// has to look whether a name is ours.
func TestACME(t *testing.T) {
	programs := t.TempDir() + "/"
	for _, args := range [][]string{
		{"-modfile=packaging/tools.mod", "-o", programs, "github.com/letsencrypt/pebble/v2/cmd/..."},
		{"-o", programs, "./cmd/tollgate"},
	} {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"build"}, args...)...)
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("build %q: %v\n%s", args, err, out)
		}
	}
	t.Run("over TLS", func(t *testing.T) {
		t.Parallel()
		listen := port(t)
		testACME(t, programs, newAuthority(t, programs, listen, port(t)), listen)
	})
	t.Run("over HTTP", func(t *testing.T) {
		t.Parallel()
		plain := port(t)
		testACME(t, programs, newAuthority(t, programs, port(t), plain), port(t), "--http", loopback(plain))
	})
}

func testACME(t *testing.T, programs string, a *authority, listen int, flags ...string) {
	data := filepath.Join(t.TempDir(), "books")
	text, err := fetch(t, a.https, a.roots)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(text) {
		t.Fatalf("no root: %s", text)
	}
	serve := func() *background {
		return start(t, []string{"SSL_CERT_FILE=" + a.trusted}, append([]string{
			filepath.Join(programs, "tollgate"), "serve", "--data", data, "--listen", loopback(listen),
			"--agi", "off", "--acme-directory", a.directory, "--acme-domain", calls, "--acme-email", "operator@example.org",
		}, flags...)...)
	}
	s := serve()
	var first *big.Int
	within(t, "a certificate is issued", func() error {
		if first, err = shown(t, trusted, loopback(listen), calls); err != nil {
			err = fmt.Errorf("%w\n%s", err, s)
		}
		return err
	})
	if _, err := shown(t, trusted, loopback(listen), "other.example.org"); err == nil {
		t.Error("it has a certificate for a name that is not its own")
	}
	health := func() error {
		out, err := exec.CommandContext(t.Context(), filepath.Join(programs, "tollgate"), "health",
			"--url", "https://"+loopback(listen), "--data", data).CombinedOutput()
		if err == nil && !bytes.Contains(out, []byte("• certificate  running  "+calls+" until ")) {
			err = errors.New("the certificate is not told of")
		}
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	}
	within(t, "health tells of it", health)
	s.end()

	s = serve()
	within(t, "it runs again: "+s.String(), health)
	again, err := shown(t, trusted, loopback(listen), calls)
	if err != nil || again.Cmp(first) != 0 {
		t.Errorf("started again it shows %v after %v, %v", again, first, err)
	}
}
