// Package cert is what a server shows to prove its name: certificates from files
// that somebody else renews, one that it makes itself, or ones that an ACME
// server issues (RFC 8555).
package cert

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"tollgate/api"
)

// certPoll is how soon a changed certificate is shown.
const certPoll = time.Second

// Options is what the outside world gives.
type Options struct {
	Now   func() time.Time
	Log   *slog.Logger
	Agent string // what an ACME server is told about us
}

// File is a certificate in two files, read again when they change:
// whoever renews it need not tell us.
type File struct {
	cert, key string // names of the files
	now       func() time.Time
	log       *slog.Logger
	// renew is called from time to time and may write the files anew; nil: somebody else does.
	renew func(*x509.Certificate) error

	mu      sync.Mutex
	current *tls.Certificate
	stamp   string    // of the files as they were read
	looked  time.Time // at the files
	problem error     // why they could not be read again
}

// Files reads the files; a fault in them is told at once.
func Files(o Options, cert, key string) (*File, error) {
	f := &File{cert: cert, key: key, now: o.Now, log: o.Log}
	if err := f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// read takes what is in the files. It keeps what was there before if that fails.
func (f *File) read() error {
	stamp, err := stampOf(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("read the certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("read the certificate %s with the key %s: %w", f.cert, f.key, err)
	}
	f.current, f.stamp = &pair, stamp
	return nil
}

// stampOf changes when a file does, also when a link comes to point elsewhere.
func stampOf(names ...string) (string, error) {
	var stamp strings.Builder
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&stamp, info.Size(), info.ModTime().UnixNano())
	}
	return stamp.String(), nil
}

// get is the certificate of the moment.
func (f *File) get() (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) >= certPoll || now.Before(f.looked) {
		f.looked = now
		f.refresh()
	}
	return f.current, f.problem
}

// refresh looks whether the files have changed. The two are not written in one
// moment: what does not fit together now may fit at the next look.
func (f *File) refresh() {
	if f.renew != nil {
		if err := f.renew(f.current.Leaf); err != nil {
			f.fail(err)
			return
		}
	}
	stamp, err := stampOf(f.cert, f.key)
	if err == nil && stamp == f.stamp {
		f.problem = nil
		return
	}
	if err := f.read(); err != nil {
		f.fail(err)
		return
	}
	f.problem = nil
	f.log.Info("certificate read again", "file", f.cert, "until", f.current.Leaf.NotAfter)
}

// fail notes a fault and logs it once.
func (f *File) fail(err error) {
	if f.problem == nil || f.problem.Error() != err.Error() {
		f.log.Error("the certificate from before is shown on", "error", err)
	}
	f.problem = err
}

// Config is for a listener.
func (f *File) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			current, _ := f.get() // an old one is better than none; Part tells of the fault
			return current, nil
		},
	}
}

// Name is one that the certificate is made out for, "" if it says none.
func (f *File) Name() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return madeOutFor(f.current.Leaf)
}

// madeOutFor is the first name of a certificate that others can use.
func madeOutFor(leaf *x509.Certificate) string {
	for _, name := range leaf.DNSNames {
		if name != "localhost" && !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return ""
}

// Part says how the certificate is doing.
func (f *File) Part() api.Part {
	current, problem := f.get()
	return part(f.now(), current.Leaf, problem)
}

// part says how a certificate is doing; leaf may be nil if there is a problem.
func part(now time.Time, leaf *x509.Certificate, problem error) api.Part {
	part := api.Part{Name: "certificate", State: "running"}
	if leaf != nil {
		name := cmp.Or(madeOutFor(leaf), leaf.Subject.CommonName)
		part.Detail = name + " until " + leaf.NotAfter.UTC().Format(time.DateOnly)
		if now.After(leaf.NotAfter) {
			part.State, part.Detail = "failed", part.Detail+": expired"
		}
	}
	if problem != nil {
		part.State = "failed"
		part.Detail = strings.TrimPrefix(part.Detail+"; "+problem.Error(), "; ")
	}
	return part
}

// Challenges has nothing to answer.
func (f *File) Challenges(next http.Handler) http.Handler { return next }

// Run has nothing to do: the files are looked at when somebody comes.
func (f *File) Run(context.Context) error { return nil }
