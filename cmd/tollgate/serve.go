package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tollgate"
)

type serveCommand struct {
	databaseFlags
	tlsFlags
	Listen       string `default:"127.0.0.1:8080" help:"Address of pages and API; others than loopback need TLS." placeholder:"HOST:PORT" env:"TOLLGATE_LISTEN"`
	URL          string `help:"Where people reach the pages, for links; found out by itself unless there is a proxy." placeholder:"URL" env:"TOLLGATE_URL"`
	Zone         string `help:"Time zone of the times on pages; the machine's if not said." placeholder:"Europe/Berlin" env:"TOLLGATE_ZONE"`
	Journals     string `help:"Directory for the event journals that devices push; beside the embedded database if not said." placeholder:"DIR" env:"TOLLGATE_JOURNALS"`
	AGI          string `default:"127.0.0.1:4573" help:"Address at which Asterisk asks before it dials (FastAGI); off: nowhere." placeholder:"HOST:PORT" env:"TOLLGATE_AGI"`
	Webhook      string `help:"Where alerts are posted as JSON." placeholder:"URL" env:"TOLLGATE_WEBHOOK"`
	Certificates string `help:"Directory for certificates made or issued; beside the embedded database if not said." placeholder:"DIR" env:"TOLLGATE_CERTIFICATES"`
}

// Run serves until interrupted. The first start makes the database and prints
// a one-time link for the first administrator.
func (c *serveCommand) Run(p *program) error {
	zone, err := time.LoadLocation(cmp.Or(c.Zone, machineZone()))
	if err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "--zone %s: want an IANA name such as Europe/Berlin", c.Zone)
	}
	if err := c.refuseClear(); err != nil {
		return err
	}
	certs, err := c.certificates(p)
	if err != nil {
		return err
	}
	db, err := c.open(p.ctx, p, true)
	if err != nil {
		return err
	}
	defer db.Close()
	release, err := c.lock()
	if err != nil {
		return err
	}
	defer release()
	s, err := newServer(p, db, serverOptions{
		listen: c.Listen, secure: certs != nil || c.BehindProxy, zone: zone,
		journals: c.beside(c.Journals, journalsName), certs: certs,
	})
	if err != nil {
		return err
	}
	return c.serve(p, s)
}

// beside is a directory that was said, or one beside the embedded database.
func (c *serveCommand) beside(said, name string) string {
	if said == "" && c.Data != "" {
		return filepath.Join(c.Data, name)
	}
	return said
}

// serve lets people in.
func (c *serveCommand) serve(p *program, s *server) error {
	defer s.listener.Close()
	var err error
	if s.public, err = s.publicURL(c.URL); err != nil {
		return err
	}
	beside, err := s.secure(c)
	if err != nil {
		return err
	}
	questions, err := s.answer(p.ctx, c.AGI)
	if err != nil {
		return err
	}
	beside = append(beside, questions...)
	if c.Webhook != "" {
		beside = append(beside, s.vitals.living("webhook", hostOf(c.Webhook), s.post(c.Webhook)))
	}
	secret, first, err := s.gate.FirstLink(p.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Tollgate %s is at %s\n", version, s.public)
	if first {
		fmt.Fprintf(p.stdout, "Make the first administrator, once, within a day: %s/setup/%s\n", s.public, secret)
	}
	if err := s.publish(); err != nil {
		return err
	}
	return s.run(p.ctx, beside...)
}

// machineZone is the IANA name of the machine's time zone, UTC if it has none.
func machineZone() string {
	if zone := os.Getenv("TZ"); zone != "" {
		return zone
	}
	target, err := os.Readlink("/etc/localtime")
	if _, name, ok := strings.Cut(target, "zoneinfo/"); ok && err == nil {
		return name
	}
	return "UTC"
}
