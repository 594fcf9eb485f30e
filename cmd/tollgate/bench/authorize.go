package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"tollgate"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/rawlimit"

	"golang.org/x/sync/errgroup"
)

const (
	// callers is how many place calls at once.
	callers = 64
	// bareCommitsMax bounds how many commits the limit is measured with: each waits for the disk.
	bareCommitsMax = 20_000
	// pairsMax bounds how many pairs of authorise and settle are measured.
	pairsMax = 100_000
	// liveCalls is how many calls are in progress at once in live_100k.
	liveCalls = 100_000
	// slice is the longest talk time between two renewals.
	slice = 5 * time.Minute
)

// room is where the store of a measurement is made.
func (o Options) room(postgres bool) (scratch, error) {
	if !postgres {
		return func(_ context.Context, name string) (string, func() error, error) {
			path := filepath.Join(o.Dir, name+".db")
			return "sqlite:" + path, func() error { return os.Remove(path) }, nil
		}, nil
	}
	if o.Postgres == "" {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "say --postgres URL")
	}
	return func(ctx context.Context, _ string) (string, func() error, error) {
		url, drop, err := rawlimit.Scratch(ctx, o.Postgres)
		return url, func() error { return drop(context.WithoutCancel(ctx)) }, err
	}, nil
}

// authorizeSettle measures pairs: money is held for a call, and the call is
// settled. The limit is as many commits of one row. Hot is all of it on one
// account.
func authorizeSettle(postgres, hot bool) work {
	return func(ctx context.Context, o Options) (m Measurement, err error) {
		bare, err := o.bareCommit(ctx, postgres)
		if err != nil {
			return m, err
		}
		m = Measurement{Unit: "pairs/s", LimitOf: "commits of one row, one after the other"}
		pairs := min(o.Calls, pairsMax)
		took, err := o.fastest(func(round int) (took time.Duration, err error) {
			err = o.withOffice(ctx, postgres, round, func(ctx context.Context, p *placer) error {
				took, err = p.pairs(ctx, pairs, hot)
				return err
			})
			return took, err
		})
		if err != nil {
			return m, err
		}
		m.Value, m.Limit = float64(pairs)/took.Seconds(), 1/bare.Seconds()
		m.Ratio = m.Value / m.Limit
		m.LimitOf += fmt.Sprintf("; a pair is two durable operations: %.0f/s", 2*m.Value)
		return m, nil
	}
}

// withRoom makes room for a fresh store for as long as use takes.
func (o Options) withRoom(ctx context.Context, postgres bool, name string, use func(url string) error) (err error) {
	room, err := o.room(postgres)
	if err != nil {
		return err
	}
	url, drop, err := room(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	return use(url)
}

// bareCommit is how long the bare driver takes for one commit of one row.
func (o Options) bareCommit(ctx context.Context, postgres bool) (time.Duration, error) {
	commits := min(o.Calls, bareCommitsMax)
	took, err := o.fastest(func(round int) (took time.Duration, err error) {
		err = o.withRoom(ctx, postgres, fmt.Sprintf("bare-%d", round), func(url string) error {
			took, err = rawlimit.Commits(ctx, url, commits, o.Now)
			return err
		})
		return took, err
	})
	return took / time.Duration(commits), err
}

// withOffice runs use with an office in a fresh store.
func (o Options) withOffice(
	ctx context.Context, postgres bool, round int, use func(context.Context, *placer) error,
) error {
	return o.withRoom(ctx, postgres, fmt.Sprintf("office-%d", round), func(url string) error {
		return o.withStore(ctx, url, func(db *store.DB) error { return o.inOffice(ctx, db, use) })
	})
}

// inOffice runs use with an office in a store.
func (o Options) inOffice(ctx context.Context, db *store.DB, use func(context.Context, *placer) error) error {
	device, err := setUp(ctx, db)
	if err != nil {
		return err
	}
	book, err := ledger.Open(ctx, db, ledger.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	group.Go(func() error { return book.Run(ctx) })
	group.Go(func() error {
		defer stop()
		office, err := charging.New(ctx, db, book, charging.Options{Now: o.Now, Log: o.Log})
		if err != nil {
			return err
		}
		return use(ctx, &placer{Options: o, office: office, book: book, device: device})
	})
	return group.Wait()
}

// placer places calls.
type placer struct {
	Options
	office *charging.Office
	book   *ledger.Book
	device tollgate.ID
}

// attempt is call n of a caller, from the extension of an account that has
// credit.
func (p *placer) attempt(caller, n int, hot bool) tollgate.Attempt {
	extension := strconv.Itoa(officeFirstNumber)
	if !hot {
		extension = strconv.Itoa(officeFirstNumber + caller)
	}
	return tollgate.Attempt{
		Call:      tollgate.CallID{Device: p.device, UniqueID: uniqueID(caller, n)},
		Extension: extension, Originator: extension, Dialed: "0030" + strconv.Itoa(2_000_000+n%1_000_000),
		Trunk: officeTrunk, At: p.Now(),
	}
}

// uniqueID is an id as Asterisk makes them, the second it started in and how many
// calls it has had: ids of calls that are placed at about the same time are
// neighbours.
func uniqueID(caller, n int) string {
	call := n*callers + caller
	return strconv.Itoa(1_780_000_000+call/1000) + "." + strconv.Itoa(call)
}

func (p *placer) authorize(ctx context.Context, a tollgate.Attempt) error {
	grant, err := p.office.Authorize(ctx, a)
	if err == nil && !grant.Allowed {
		err = fmt.Errorf("a call was refused: %s", grant.Reason)
	}
	return err
}

// settle ends a call of half a minute.
func (p *placer) settle(ctx context.Context, a tollgate.Attempt) error {
	results, err := p.office.Finish(ctx, []tollgate.Record{{
		Call: a.Call, Source: tollgate.SourceHTTP, Direction: tollgate.Outbound, Extension: a.Extension,
		Originator: a.Originator, Dialed: a.Dialed, Trunk: a.Trunk, Start: a.At, Answer: a.At,
		End: a.At.Add(30 * time.Second), Cause: 16,
	}})
	if err == nil && results[0].Outcome != tollgate.OutcomeStored {
		err = fmt.Errorf("a call was %s: %s", results[0].Outcome, results[0].Reason)
	}
	return err
}

// pairs has all callers place and end calls as quickly as they can.
func (p *placer) pairs(ctx context.Context, pairs int, hot bool) (time.Duration, error) {
	began := p.Now()
	group, placing := errgroup.WithContext(ctx)
	for caller := range callers {
		group.Go(func() error {
			for n := range (pairs + callers - 1) / callers {
				a := p.attempt(caller, n, hot)
				if err := p.authorize(placing, a); err != nil {
					return err
				}
				if err := p.settle(placing, a); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	err := p.book.CatchUp(ctx) // the tables have it all
	return p.Now().Sub(began), err
}

// live measures 100,000 calls in progress: what they keep in memory, and how
// many can be renewed in a second. The limit is what they need.
func live(ctx context.Context, o Options) (m Measurement, err error) {
	calls := min(liveCalls, o.Calls)
	m = Measurement{Unit: "renewals/s", LimitOf: fmt.Sprintf("renewals of %d calls each five minutes", calls)}
	m.Limit = float64(calls) / slice.Seconds()
	err = o.withOffice(ctx, false, 0, func(ctx context.Context, p *placer) error {
		before := heap()
		err := p.each(ctx, calls, func(caller, n int) error {
			return p.authorize(ctx, p.attempt(caller, n, false))
		})
		if err != nil {
			return err
		}
		m.Memory = float64(heap()-before) / (1 << 20)
		began := p.Now()
		err = p.each(ctx, calls, func(caller, n int) error {
			_, err := p.office.Renew(ctx, p.attempt(caller, n, false).Call, 8*time.Second)
			return err
		})
		m.Value = float64(calls) / p.Now().Sub(began).Seconds()
		return err
	})
	m.Ratio = m.Value / m.Limit
	return m, err
}

// each does something with every call in progress, all callers at once.
func (p *placer) each(ctx context.Context, calls int, do func(caller, n int) error) error {
	group, _ := errgroup.WithContext(ctx)
	for caller := range callers {
		group.Go(func() error {
			for n := range calls / callers {
				if err := do(caller, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
