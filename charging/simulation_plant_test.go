package charging

import (
	"context"
	"testing"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/live"
)

// planted keeps books with a bug in them.
type planted struct {
	ledger.Store
	plant func(ledger.Posting) ledger.Posting
}

func (p planted) Post(ctx context.Context, fn func(ledger.Posting) error) error {
	return p.Store.Post(ctx, func(posting ledger.Posting) error { return fn(p.plant(posting)) })
}

func (s *simulation) planted() ledger.Store {
	if s.plant == nil {
		return s.books
	}
	return planted{s.books, s.plant}
}

// releasedTwice gives what a reservation held back twice.
type releasedTwice struct{ ledger.Posting }

func (p releasedTwice) Drop(ids []tollgate.ID) ([]store.Reservation, error) {
	dropped, err := p.Posting.Drop(ids)
	return append(dropped, dropped...), err
}

// neverReleased settles calls and leaves what was held for them.
type neverReleased struct{ ledger.Posting }

func (p neverReleased) Drop([]tollgate.ID) ([]store.Reservation, error) { return nil, nil }

// roomForgotten takes no account of what is held already.
type roomForgotten struct{ ledger.Posting }

func (p roomForgotten) Rooms(ids, touched []tollgate.ID) ([]live.Room, error) {
	rooms, err := p.Posting.Rooms(ids, touched)
	for i := range rooms {
		rooms[i].Micro += 5 * tollgate.MicroPerUnit
	}
	return rooms, err
}

// TestSimulationFinds shows that the simulation finds what it is there to find.
func TestSimulationFinds(t *testing.T) {
	world := newSimWorld(t)
	for name, plant := range map[string]func(ledger.Posting) ledger.Posting{
		"a reservation released twice":     func(p ledger.Posting) ledger.Posting { return releasedTwice{p} },
		"a reservation never released":     func(p ledger.Posting) ledger.Posting { return neverReleased{p} },
		"what is held already is not seen": func(p ledger.Posting) ledger.Posting { return roomForgotten{p} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := int64(1); seed <= 20; seed++ {
				if err := newSimulation(world, seed, 300, plant).run(); err != nil {
					t.Logf("seed %d: %v", seed, err)
					return
				}
			}
			t.Error("twenty seeds did not find it")
		})
	}
}
