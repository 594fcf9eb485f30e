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
	Listen   string `default:"127.0.0.1:8080" help:"Address of pages and API. Put a TLS proxy before any other than loopback." placeholder:"HOST:PORT"`
	Zone     string `help:"Time zone of the times on pages; the machine's if not said." placeholder:"Europe/Berlin"`
	Journals string `help:"Directory for the event journals that devices push; beside the embedded database if not said." placeholder:"DIR"`
	Secure   bool   `help:"People reach the pages over TLS only, through a proxy: cookies say so."`
}

// Run serves until interrupted. The first start makes the database and prints
// a one-time link for the first administrator.
func (c *serveCommand) Run(p *program) error {
	zone, err := time.LoadLocation(cmp.Or(c.Zone, machineZone()))
	if err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "--zone %s: want an IANA name such as Europe/Berlin", c.Zone)
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
	journals := c.Journals
	if journals == "" && c.Data != "" {
		journals = filepath.Join(c.Data, journalsName)
	}
	s, err := newServer(p, db, serverOptions{listen: c.Listen, secure: c.Secure, zone: zone, journals: journals})
	if err != nil {
		return err
	}
	secret, first, err := s.gate.FirstLink(p.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Tollgate %s is at %s\n", version, s.url())
	if first {
		fmt.Fprintf(p.stdout, "Make the first administrator, once, within a day: %s/setup/%s\n", s.url(), secret)
	}
	if !c.Secure && !s.loopback() {
		fmt.Fprintln(p.stderr, "tollgate: passwords travel in the clear: put a TLS proxy before it and use --secure")
	}
	return s.run(p.ctx)
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
