package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A self-signed certificate lasts as long as browsers and phones accept of one
// that is trusted by hand; see Apple's HT210176. A new one is made a month before.
const (
	selfSignedFor   = 825 * 24 * time.Hour
	selfSignedRenew = 30 * 24 * time.Hour
)

// SelfSigned is the certificate in a directory, made for names and addresses if it
// is not there, and made anew a month before it ends.
func SelfSigned(o Options, dir string, names ...string) (*File, error) {
	f := &File{
		cert: filepath.Join(dir, "self-signed.pem"), key: filepath.Join(dir, "self-signed.key"),
		now: o.Now, log: o.Log,
	}
	f.renew = func(old *x509.Certificate) error {
		if old != nil && o.Now().Before(old.NotAfter.Add(-selfSignedRenew)) {
			return nil
		}
		return writeSelfSigned(o.Now(), f.cert, f.key, names)
	}
	if _, err := os.Stat(f.cert); errors.Is(err, fs.ErrNotExist) {
		if err := f.renew(nil); err != nil {
			return nil, err
		}
	}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("%w: remove both files and they are made anew", err)
	}
	o.Log.Info("self-signed certificate: compare this when a browser asks",
		"sha256", Fingerprint(f.current.Certificate[0]), "until", f.current.Leaf.NotAfter)
	return f, nil
}

// Fingerprint is the hash of a certificate as browsers write it.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// writeSelfSigned makes a certificate for names and addresses, RFC 5280.
func writeSelfSigned(now time.Time, cert, key string, names []string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return fmt.Errorf("make a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfSignedFor - time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, strings.ToLower(name))
		}
	}
	template.Subject = pkix.Name{CommonName: "Tollgate, made by itself"}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(cert), 0o700); err != nil {
		return fmt.Errorf("make a place for the certificate: %w", err)
	}
	// The certificate comes last: where it is, the key is.
	if err := replaceFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600); err != nil {
		return err
	}
	return replaceFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// replaceFile writes a file that others may be reading.
func replaceFile(name string, content []byte, mode fs.FileMode) error {
	next := name + ".new"
	if err := os.WriteFile(next, content, mode); err != nil {
		return err
	}
	if err := os.Chmod(next, mode); err != nil { // whatever the umask says
		return err
	}
	return os.Rename(next, name)
}
