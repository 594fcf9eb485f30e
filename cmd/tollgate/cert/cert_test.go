package cert

import (
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

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
	p := Options{Now: time.now, Log: slog.New(slog.DiscardHandler)}
	first, err := SelfSigned(p, dir, "pbx.example.org", "localhost", "127.0.0.1", "pbx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	leaf := first.current.Leaf
	if leaf.NotAfter.Sub(leaf.NotBefore) != selfSignedFor || len(leaf.DNSNames) != 2 || len(leaf.IPAddresses) != 1 {
		t.Errorf("from %s until %s for %q %v", leaf.NotBefore, leaf.NotAfter, leaf.DNSNames, leaf.IPAddresses)
	}
	if first.Name() != "pbx.example.org" {
		t.Errorf("it is for %q", first.Name())
	}
	for name, mode := range map[string]os.FileMode{"self-signed.key": 0o600, "self-signed.pem": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	again, err := SelfSigned(p, dir, "other.example.org")
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
	f, err := Files(Options{Now: time.now, Log: slog.New(slog.DiscardHandler)}, cert, key)
	if err != nil {
		t.Fatal(err)
	}
	shown := func() string {
		t.Helper()
		time.add(certPoll)
		c, err := f.Config().GetCertificate(nil)
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
	if part := f.Part(); part.State != "failed" || !strings.Contains(part.Detail, "old.example.org until") {
		t.Errorf("half renewed it is %+v", part)
	}
	if err := os.WriteFile(key, fits, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got != "new.example.org" {
		t.Errorf("renewed it shows %s", got)
	}
	if part := f.Part(); part.State != "running" {
		t.Errorf("renewed it is %+v", part)
	}
	time.add(selfSignedFor)
	if part := f.Part(); part.State != "failed" || !strings.HasSuffix(part.Detail, "expired") {
		t.Errorf("at the end it is %+v", part)
	}
}

func TestDamagedCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := writePair(t, dir, "calls.example.org", time.Now())
	p := Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	damaged := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no")})
	if err := os.WriteFile(cert, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Files(p, cert, key); err == nil || !strings.Contains(err.Error(), "fullchain.pem") {
		t.Errorf("a damaged certificate: %v", err)
	}
}
