package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"

	"golang.org/x/sync/errgroup"
)

// demoHistory is what the demonstration looks back on when it starts.
const (
	demoHistoryCalls = 400
	demoHistorySpan  = 20 * time.Hour
)

type demoCommand struct {
	Listen string        `default:"127.0.0.1:8026" help:"Address of pages and API." placeholder:"HOST:PORT"`
	For    time.Duration `help:"End by itself after this time." placeholder:"10m"`
}

// Run shows Tollgate at work on a temporary directory and removes it at the end.
func (c *demoCommand) Run(p *program) (err error) {
	dir, err := os.MkdirTemp("", "tollgate-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if c.For > 0 {
		var stop context.CancelFunc
		p.ctx, stop = context.WithTimeout(p.ctx, c.For)
		defer stop()
	}
	url := "sqlite:" + filepath.Join(dir, databaseName)
	db, err := store.Open(p.ctx, url, store.Options{Now: p.now, Log: p.log})
	if err != nil {
		return err
	}
	defer db.Close()
	zone, err := time.LoadLocation(demoZone)
	if err != nil {
		return err
	}
	pbx := &demoPBX{trunk: "carrier-one", now: p.now, onLine: make(map[tollgate.CallID]context.CancelFunc)}
	s, err := newServer(p, db, serverOptions{
		listen: c.Listen, zone: zone, journals: filepath.Join(dir, journalsName), canceler: pbx,
	})
	if err != nil {
		return err
	}
	password := rand.Text()
	if _, err := s.gate.AddUser(p.ctx, store.Actor{Name: "demo"}, store.User{
		Name: "admin", Role: string(access.RoleAdmin),
	}, password); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Tollgate is at   %s\nname             admin\npassword         %s\n\n"+
		"Three companies telephone. Ctrl-C ends the demonstration and leaves nothing behind.\n", s.url(), password)
	return s.run(p.ctx, func(ctx context.Context) error {
		err := s.telephone(ctx, pbx)
		if ctx.Err() != nil {
			err = nil // it was ended, that is no failure
		}
		return err
	})
}

// telephone sets up the companies, looks back on a day and lets calls come in.
func (s *server) telephone(ctx context.Context, pbx *demoPBX) error {
	if err := demoWorld(ctx, s.db, s.book, pbx); err != nil {
		return err
	}
	now := s.p.now()
	pbx.random = mathrand.New(mathrand.NewPCG(uint64(now.UnixNano()), 1))
	pbx.prefix = strconv.FormatInt(now.Unix(), 10)
	history := pbx.history(demoHistoryCalls, demoHistorySpan)
	broken := history[len(history)/2]
	broken.Call.UniqueID += "-clock"
	broken.End = broken.Start.Add(-time.Hour) // a device whose clock was set back in a call
	broken.Answer = time.Time{}
	if _, err := s.office.Finish(ctx, append(history, broken)); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return pbx.entertain(ctx, s.office, s.book) })
	group.Go(func() error { return pbx.Run(ctx, s.office) })
	return group.Wait()
}
