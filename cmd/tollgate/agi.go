package main

import (
	"context"
	"fmt"
	"net"

	"tollgate"
	"tollgate/access"
	"tollgate/pbx/asterisk/agi"
)

// noAddress says that nothing is to listen.
const noAddress = "off"

// answer opens the door at which Asterisk asks before it dials, and returns
// what serves it.
func (s *server) answer(ctx context.Context, address string) ([]func(context.Context) error, error) {
	if address == noAddress {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with --agi, or --agi off", err)
	}
	door := &agi.Server{
		Charger: s.office, Cards: cards{s.gate}, Device: s.office.Device, Dock: s.dock, Now: s.p.now, Log: s.p.log,
	}
	serve := func(ctx context.Context) error { return door.Serve(ctx, listener) }
	return []func(context.Context) error{s.vitals.living("fastagi", listener.Addr().String(), serve)}, nil
}

// dock returns the device of a name if the password is its docking password.
func (s *server) dock(ctx context.Context, name, password, address string) (tollgate.Device, error) {
	device, err := s.office.Device(ctx, name)
	if err != nil {
		return device, err
	}
	return s.gate.Dock(ctx, device.Account, password, address)
}

// cards opens calling cards for those who dial in.
type cards struct{ gate *access.Gate }

// Open returns a card: see agi.Cards.
func (c cards) Open(ctx context.Context, number, pin string, device tollgate.ID) (agi.Card, error) {
	open, err := c.gate.OpenCard(ctx, number, pin, device)
	if err != nil {
		return agi.Card{}, err
	}
	return agi.Card{Account: open.Account, Left: open.Left, Expires: open.Expires}, nil
}
