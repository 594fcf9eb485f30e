package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/api"
	"tollgate/cmd/tollgate/cert"
	"tollgate/cmd/tollgate/door"
)

// tlsFlags say how people's words are kept from others on the way.
type tlsFlags struct {
	TLSCert       string   `name:"tls-cert" help:"Certificate with its chain, PEM; read again when it changes." placeholder:"FILE" env:"TOLLGATE_TLS_CERT"`
	TLSKey        string   `name:"tls-key" help:"Its private key, PEM." placeholder:"FILE" env:"TOLLGATE_TLS_KEY"`
	TLSSelfSigned bool     `name:"tls-self-signed" help:"Make a certificate in the data directory, once; its fingerprint is logged." env:"TOLLGATE_TLS_SELF_SIGNED"`
	ACMEDirectory string   `name:"acme-directory" help:"Have a certificate issued and renewed by this ACME server, whose terms you accept." placeholder:"URL" env:"TOLLGATE_ACME_DIRECTORY"`
	ACMEDomain    []string `name:"acme-domain" help:"Name to have it issued for; may be said several times." placeholder:"NAME" env:"TOLLGATE_ACME_DOMAIN"`
	ACMEEmail     string   `name:"acme-email" help:"Where the ACME server's operator may write to." placeholder:"ADDRESS" env:"TOLLGATE_ACME_EMAIL"`
	HTTP          string   `name:"http" help:"Second address, without TLS: sends browsers to the first and answers ACME." placeholder:"HOST:PORT" env:"TOLLGATE_HTTP"`
	BehindProxy   bool     `name:"behind-tls-proxy" help:"People reach the pages through a proxy that speaks TLS." env:"TOLLGATE_BEHIND_TLS_PROXY"`
	InsecureHTTP  bool     `name:"insecure-http" help:"Let passwords travel in the clear to others than this machine." env:"TOLLGATE_INSECURE_HTTP"`
}

// strictFor is how long browsers remember to come over TLS alone, RFC 6797.
const strictFor = 365 * 24 * time.Hour

// certificates are what a server shows of itself.
type certificates interface {
	// Config is for a listener.
	Config() *tls.Config
	// Name is one that they are made out for, "" if they say none.
	Name() string
	// Part says how they are doing.
	Part() api.Part
	// Challenges answers those who issue them over plain HTTP, and hands on the rest.
	Challenges(next http.Handler) http.Handler
	// Run keeps them valid until ctx ends.
	Run(ctx context.Context) error
}

// certificates are the ones that are asked for, nil if none are.
func (c *serveCommand) certificates(p *program) (certificates, error) {
	o := cert.Options{Now: p.now, Log: p.log, Agent: "tollgate/" + version}
	ways := 0
	for _, asked := range []bool{c.TLSCert != "" || c.TLSKey != "", c.TLSSelfSigned, c.acme(), c.BehindProxy} {
		if asked {
			ways++
		}
	}
	switch {
	case ways > 1:
		return nil, tollgate.Errorf(tollgate.CodeInvalid,
			"choose one of --tls-cert with --tls-key, --tls-self-signed, --acme-directory and --behind-tls-proxy")
	case c.HTTP != "" && (ways == 0 || c.BehindProxy):
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "--http sends people to TLS, and there is none")
	case c.TLSCert != "" && c.TLSKey != "":
		return cert.Files(o, c.TLSCert, c.TLSKey)
	case c.TLSCert != "" || c.TLSKey != "":
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "--tls-cert and --tls-key need each other")
	case !c.TLSSelfSigned && !c.acme():
		return nil, nil //nolint:nilnil // no certificates is an answer
	}
	dir := c.beside(c.Certificates, "certificates")
	switch {
	case dir == "":
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "say with --certificates where certificates are kept")
	case c.TLSSelfSigned:
		return cert.SelfSigned(o, dir, c.names()...)
	default:
		return cert.Issue(o, dir, c.ACMEDirectory, c.ACMEEmail, c.ACMEDomain...)
	}
}

func (f tlsFlags) acme() bool {
	return f.ACMEDirectory != "" || len(f.ACMEDomain) > 0 || f.ACMEEmail != ""
}

// names are what the machine is called, as far as it knows itself.
func (c *serveCommand) names() []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		names = append(names, host)
	}
	if u, err := url.Parse(c.URL); err == nil && u.Hostname() != "" {
		names = append(names, u.Hostname())
	}
	return names
}

// refuseClear refuses to serve others than this machine without TLS.
func (c *serveCommand) refuseClear() error {
	if c.TLSCert != "" || c.TLSSelfSigned || c.acme() || c.BehindProxy || c.InsecureHTTP {
		return nil
	}
	address, err := net.ResolveTCPAddr("tcp", c.Listen)
	if err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "--listen %s: want HOST:PORT: %v", c.Listen, err)
	}
	if address.IP.IsLoopback() {
		return nil
	}
	return tollgate.Errorf(tollgate.CodeInvalid, "--listen %s without TLS would let passwords travel in the clear: "+
		"use --tls-self-signed, --tls-cert with --tls-key or --acme-directory; --behind-tls-proxy if a proxy does it; "+
		"--insecure-http if that is what you want", c.Listen)
}

// strict tells browsers to come over TLS alone from now on.
func strict(next http.Handler) http.Handler {
	value := fmt.Sprintf("max-age=%d", int(strictFor.Seconds()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", value)
		next.ServeHTTP(w, r)
	})
}

// redirector sends browsers to TLS. It goes where people are told to come to,
// not where a request says it went, and sends nothing twice that changes something.
func redirector(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "Use "+to, http.StatusMisdirectedRequest)
			return
		}
		http.Redirect(w, r, to+r.URL.RequestURI(), http.StatusPermanentRedirect)
	})
}

// secure lets the server speak TLS and returns what must run beside it.
func (s *server) secure(c *serveCommand) ([]func(context.Context) error, error) {
	certs := s.certs
	if certs != nil || c.BehindProxy {
		s.handler = strict(s.handler)
	}
	if certs == nil {
		return nil, nil
	}
	s.vitals.watch(certs.Part)
	extra := []func(context.Context) error{certs.Run}
	if c.HTTP == "" {
		return extra, nil
	}
	clear, err := new(net.ListenConfig).Listen(s.p.ctx, "tcp", c.HTTP)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with --http", err)
	}
	handler := certs.Challenges(redirector(s.public)) // before a certificate is asked for
	outside := door.New(clear, max(1, door.Room()/redirectsPart), false)
	return append(extra, func(ctx context.Context) error {
		plain := s.newHTTP(ctx, handler)
		plain.SetKeepAlivesEnabled(false) // what is said here is said once
		return runHTTP(ctx, plain, outside)
	}), nil
}

// doorLog takes what an HTTP server says by itself. That a stranger's handshake
// failed is the daily noise of a public address.
type doorLog struct{ log *slog.Logger }

// Write logs one line.
func (d doorLog) Write(line []byte) (int, error) {
	level, text := slog.LevelWarn, strings.TrimSpace(string(line))
	if strings.Contains(text, "TLS handshake error") {
		level = slog.LevelDebug
	}
	d.log.Log(context.Background(), level, "http", "says", text)
	return len(line), nil
}

// newHTTP is an HTTP server with our limits.
func (s *server) newHTTP(ctx context.Context, handler http.Handler) *http.Server {
	return &http.Server{
		ErrorLog: log.New(doorLog{s.p.log}, "", 0),
		Handler:  handler, ReadHeaderTimeout: headerReadMax, ReadTimeout: requestMax, WriteTimeout: answerMax,
		HTTP2:       &http.HTTP2Config{WriteByteTimeout: stuckMax},
		IdleTimeout: idleMax, MaxHeaderBytes: headerBytes,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
}

// runHTTP serves until ctx ends, over TLS if the server has certificates, and
// lets requests finish.
func runHTTP(ctx context.Context, h *http.Server, l net.Listener) error {
	ended := make(chan error, 1)
	go func() {
		if h.TLSConfig != nil {
			ended <- h.ServeTLS(l, "", "")
		} else {
			ended <- h.Serve(l)
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownMax)
	defer cancel()
	if err := h.Shutdown(late); errors.Is(err, context.DeadlineExceeded) {
		err = h.Close() // who takes no answer is let go, and that is no fault of ours
		if err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// origin is the beginning of a URL; it leaves out the port that a browser
// takes by itself.
func origin(scheme, host string, port int) string {
	if scheme == "https" && port == 443 || scheme == "http" && port == 80 {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(port))
}
