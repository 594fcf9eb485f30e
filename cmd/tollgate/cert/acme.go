package cert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"tollgate"
	"tollgate/api"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// How often an issued certificate is looked at, and how soon one that was not
// issued is asked for again: public servers count failures by the hour.
const (
	acmeLook     = time.Hour
	acmeRetryMin = 2 * time.Minute
	acmeRetryMax = time.Hour
)

// Issued are issued and renewed by an ACME server, RFC 8555, which
// looks whether the name is ours over TLS (RFC 8737) or plain HTTP.
type Issued struct {
	manager *autocert.Manager
	domains []string
	now     func() time.Time
	log     *slog.Logger

	mu     sync.Mutex
	states map[string]acmeState // by domain
}

type acmeState struct {
	leaf    *x509.Certificate
	problem error
}

// Issue prepares; nobody is asked before Run. dir is where certificates and the
// account are kept, directory the server's URL, email may be empty.
func Issue(o Options, dir, directory, email string, domains ...string) (*Issued, error) {
	u, err := url.Parse(directory)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, tollgate.Errorf(tollgate.CodeInvalid,
			"--acme-directory %q: want the URL of an ACME server, such as https://acme-v02.api.letsencrypt.org/directory",
			directory)
	}
	if len(domains) == 0 {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "say with --acme-domain what name the certificate is for")
	}
	for _, domain := range domains {
		if !strings.Contains(domain, ".") || strings.ContainsAny(domain, "*:/ ") {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "--acme-domain %q: want a name such as calls.example.org", domain)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a place for certificates: %w", err)
	}
	return &Issued{
		manager: &autocert.Manager{
			Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(dir), HostPolicy: only(domains),
			Email: email, Client: &acme.Client{DirectoryURL: directory, UserAgent: o.Agent},
		},
		domains: domains, now: o.Now, log: o.Log, states: make(map[string]acmeState),
	}, nil
}

// only lets the named domains have a certificate. Who looks over HTTP at another
// port than 80 names that, too.
func only(domains []string) autocert.HostPolicy {
	listed := autocert.HostWhitelist(domains...)
	return func(ctx context.Context, host string) error {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		return listed(ctx, host)
	}
}

// Config is for a listener.
func (a *Issued) Config() *tls.Config {
	c := a.manager.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "" { // somebody who came by address
			hello.ServerName = a.domains[0]
		}
		return a.manager.GetCertificate(hello)
	}
	return c
}

// Name is the first that certificates are issued for.
func (a *Issued) Name() string { return a.domains[0] }

// Challenges answers who looks over plain HTTP whether a name is ours.
func (a *Issued) Challenges(next http.Handler) http.Handler {
	return a.manager.HTTPHandler(next)
}

// Run has the certificates issued, so that the first visitor need not wait, and
// keeps an eye on their renewal, which is the manager's.
func (a *Issued) Run(ctx context.Context) error {
	retry := acmeRetryMin
	for {
		wait := acmeLook
		if !a.look() {
			wait, retry = retry, min(2*retry, acmeRetryMax)
		} else {
			retry = acmeRetryMin
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// look asks for each certificate, as a browser of today would, and reports
// whether all are there.
func (a *Issued) look() bool {
	all := true
	for _, domain := range a.domains {
		certificate, err := a.manager.GetCertificate(&tls.ClientHelloInfo{
			ServerName: domain, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		})
		state := acmeState{problem: err}
		if err == nil {
			state.leaf = certificate.Leaf
		}
		a.mu.Lock()
		before, known := a.states[domain]
		a.states[domain] = state
		a.mu.Unlock()
		switch {
		case err != nil:
			all = false
			a.log.Error("no certificate", "domain", domain, "error", err)
		case !known || before.leaf == nil || !before.leaf.Equal(state.leaf):
			a.log.Info("certificate issued", "domain", domain, "until", state.leaf.NotAfter)
		}
	}
	return all
}

// Part tells of the worst.
func (a *Issued) Part() api.Part {
	a.mu.Lock()
	defer a.mu.Unlock()
	var first api.Part
	for i, domain := range a.domains {
		state, known := a.states[domain]
		part := part(a.now(), state.leaf, state.problem)
		if !known {
			part.State, part.Detail = "failed", domain+" is being issued"
		}
		if part.State == "failed" {
			return part
		}
		if i == 0 {
			first = part
		}
	}
	return first
}
