//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Trunk is the channel prefix of the line to the carrier.
const Trunk = "PJSIP/provider"

// ring is how long a phone or the carrier rings before it answers.
const ring = 300 * time.Millisecond

var (
	loopback    = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	carrierHost = netip.AddrFrom4([4]byte{127, 0, 0, 2}) // by which the PBX knows the carrier
)

// Lab is one Asterisk with its carrier and its phones.
type Lab struct {
	*PBX
	Carrier *UA

	phones map[string]*UA
	mu     sync.Mutex
	plans  map[string]Answer // by number or extension: what is done with calls to it
}

// Open starts an Asterisk of a suite with phones 1000 to 1039. Slot tells
// several on one machine apart, agi is where it asks before it dials *8*NUMBER;
// close it when done.
func Open(ctx context.Context, suite Suite, slot int, agi string) (*Lab, error) {
	t, err := unpack(ctx, CacheDir(), suite)
	if err != nil {
		return nil, err
	}
	l := &Lab{phones: map[string]*UA{}, plans: map[string]Answer{}}
	if l.Carrier, err = newUA(carrierHost, "carrier", l.plan); err != nil {
		return nil, err
	}
	var phones []phoneConfig
	for n := range 40 {
		number := strconv.Itoa(1000 + n)
		phone, err := newUA(loopback, number, func(string) Answer { return l.plan(number) })
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.phones[number] = phone
		phones = append(phones, phoneConfig{number, phone.Address})
	}
	l.PBX, err = newPBX(ctx, t, "lab-"+string(suite), slot, l.Carrier.Address, phones, agi)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	for _, u := range l.agents() {
		u.pbx, u.secret = l.SIP, l.Secret
	}
	if err := l.Start(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// agents are the carrier and all phones.
func (l *Lab) agents() []*UA {
	all := []*UA{l.Carrier}
	for _, u := range l.phones {
		all = append(all, u)
	}
	return all
}

// Close ends the Asterisk and everything around it, and removes its files.
func (l *Lab) Close() error {
	var err error
	if l.PBX != nil {
		err = l.Stop()
	}
	for _, u := range l.agents() {
		u.close()
	}
	if l.PBX != nil {
		err = errors.Join(err, os.RemoveAll(l.Dir))
	}
	return err
}

// Quiet waits until the Asterisk has no channel and the carrier no call.
func (l *Lab) Quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := l.Idle(ctx); err != nil {
		return err
	}
	// The last BYE is on its way when its channel is gone.
	for {
		legs := l.Carrier.Legs()
		open := slices.IndexFunc(legs, func(leg Leg) bool { return leg.End.IsZero() })
		if open < 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the carrier still has the call to %s: %w", legs[open].Number, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Plan says what is done with calls to an outside number or to an extension.
// Without a plan they ring shortly, answer, and wait for the other side to hang up.
func (l *Lab) Plan(number string, what Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.plans[number] = what
}

func (l *Lab) plan(number string) Answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	if what, ok := l.plans[number]; ok {
		return what
	}
	return Answer{Ring: ring}
}

// Phone is the phone of an extension, 1000 to 1039.
func (l *Lab) Phone(number string) *UA { return l.phones[number] }

// Answered waits for the next call that the agent answers.
func (u *UA) Answered(ctx context.Context) (*Call, error) {
	select {
	case c := <-u.incoming:
		return c, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s has answered no call: %w", u.Number, ctx.Err())
	}
}
