package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/api"
	"tollgate/api/ucware"
	"tollgate/charging"
	"tollgate/cmd/tollgate/door"
	"tollgate/ledger"
	"tollgate/pbx/asterisk/tail"
	"tollgate/store"
	"tollgate/web"

	"golang.org/x/sync/errgroup"
)

// Limits of the HTTP server. Strangers have no others, and what becomes of the rest of a
// body whose sender was refused has none of its own either. Routes that take files, or
// whose answers are long or go on, set later deadlines once they know who is there.
const (
	headerReadMax = 10 * time.Second
	requestMax    = 20 * time.Second // until a request has arrived, body and all
	answerMax     = time.Minute      // from then until the answer is taken
	stuckMax      = 15 * time.Second // for an HTTP/2 connection that takes not one byte
	idleMax       = 2 * time.Minute
	redirectsPart = 4 // of the connections: to the second address, beside them
	headerBytes   = 64 << 10
	shutdownMax   = 10 * time.Second
)

// server is a running Tollgate: the books, everything that writes to them and
// everything that shows them.
type server struct {
	p          *program
	db         *store.DB
	book       *ledger.Book
	office     *charging.Office
	gate       *access.Gate
	connectors *connectors
	handler    http.Handler
	listener   net.Listener
	certs      certificates // nil: no TLS
	public     string       // where people reach the pages
	vitals     vitals
}

// serverOptions is how people reach a server and what its pages show.
type serverOptions struct {
	listen string
	secure bool           // people reach the pages over TLS alone
	zone   *time.Location // of the times on pages
	// journals is the directory of what devices push of their journals; empty: they cannot.
	journals string
	certs    certificates // nil: no TLS
	// canceler ends calls in progress; nil: the connectors do.
	canceler tollgate.Canceler
}

// newServer puts the parts together. Nothing runs yet.
func newServer(p *program, db *store.DB, o serverOptions) (*server, error) {
	s := &server{p: p, db: db, certs: o.certs}
	var err error
	s.book, err = ledger.Open(p.ctx, db, ledger.Options{Now: p.now, Log: p.log})
	if err != nil {
		return nil, err
	}
	s.office, err = charging.New(p.ctx, db, s.book, charging.Options{
		Now: p.now, Log: p.log, AllCancellable: o.canceler != nil,
	})
	if err != nil {
		return nil, err
	}
	s.gate, err = access.New(db, access.Options{Now: p.now, Random: rand.Reader, Log: p.log, Secure: o.secure})
	if err != nil {
		return nil, err
	}
	s.connectors = &connectors{
		db: db, charger: s.office, alert: s.office.Raise, log: p.log, now: p.now, running: make(map[tollgate.ID]*following),
	}
	cancel := s.connectors.cancel
	if o.canceler != nil {
		cancel = o.canceler.Cancel
	}
	var journal func(context.Context, tollgate.ID, []byte) error
	if o.journals != "" {
		s.connectors.spool = tail.NewSpool(o.journals, p.now)
		journal = s.connectors.push
	}
	pages, err := web.New(web.Options{
		Store: db, Book: s.book, Office: s.office, Access: s.gate, Devices: s.connectors.status,
		Cancel: cancel, Zone: o.zone, Now: p.now, Log: p.log, Version: version,
	})
	if err != nil {
		return nil, err
	}
	interfaces, err := api.New(api.Options{
		Store: db, Book: s.book, Office: s.office, Access: s.gate, Devices: s.connectors.status, Journal: journal,
		Parts: s.vitals.look, Cancel: cancel, Now: p.now, Log: p.log, Version: version,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	for _, pattern := range api.Paths() {
		mux.Handle(pattern, interfaces)
	}
	billing, err := ucware.New(ucware.Options{Store: db, Access: s.gate, Now: p.now, Log: p.log, Version: version})
	if err != nil {
		return nil, err
	}
	for _, pattern := range ucware.Paths() {
		mux.Handle(pattern, billing)
	}
	s.handler = mux
	listener, err := new(net.ListenConfig).Listen(p.ctx, "tcp", o.listen)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with --listen", err)
	}
	s.listener = door.New(listener, door.Room(), o.secure && o.certs == nil)
	s.public = s.url()
	return s, nil
}

// run serves until ctx ends, then lets requests finish, stops the connectors
// and last of all the ledger, so that whatever was taken in is committed.
func (s *server) run(ctx context.Context, extra ...func(context.Context) error) error {
	bookCtx, stopBook := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBook()
	book := make(chan error, 1)
	ledger := s.vitals.living("ledger", "", s.book.Run)
	go func() { book <- ledger(bookCtx) }()

	group, ctx := errgroup.WithContext(ctx)
	web := s.newHTTP(ctx, s.handler)
	if s.certs != nil {
		web.TLSConfig = s.certs.Config()
	}
	group.Go(func() error { return runHTTP(ctx, web, s.listener) })
	group.Go(func() error { return s.connectors.Run(ctx) })
	scheduler := s.vitals.living("scheduler", "", s.office.Run)
	group.Go(func() error { return scheduler(ctx) })
	group.Go(func() error {
		select {
		case err := <-book:
			book <- err
			return errors.Join(errors.New("the ledger stopped"), err)
		case <-ctx.Done():
			return nil
		}
	})
	for _, run := range extra {
		group.Go(func() error { return run(ctx) })
	}
	err := group.Wait()
	stopBook()
	return errors.Join(err, <-book)
}
