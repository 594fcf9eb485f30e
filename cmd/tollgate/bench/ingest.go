package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/rawlimit"

	"golang.org/x/sync/errgroup"
)

// ingest measures a file of finished calls until all of them are committed.
func ingest(postgres bool) work {
	return func(ctx context.Context, o Options) (Measurement, error) {
		room, err := o.room(postgres)
		if err != nil {
			return Measurement{}, err
		}
		if postgres {
			return o.ingest(ctx, "COPY of the same rows", room)
		}
		return o.ingest(ctx, "prepared INSERTs of the same rows", room)
	}
}

// scratch makes room for a fresh store.
type scratch func(ctx context.Context, name string) (url string, drop func() error, err error)

// ingest measures a file of finished calls until all of them are committed with
// transfers and counters. The limit is to write the very rows that this left
// behind into the same tables, empty, with as few commits.
func (o Options) ingest(ctx context.Context, limitOf string, room scratch) (m Measurement, err error) {
	sheet := filepath.Join(o.Dir, "calls.csv")
	if err := writeCalls(sheet, o.Calls); err != nil {
		return m, err
	}
	var limits []time.Duration
	took, err := o.fastest(func(round int) (took time.Duration, err error) {
		books, dropBooks, err := room(ctx, fmt.Sprintf("books-%d", round))
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, dropBooks()) }()
		rows, dropRows, err := room(ctx, fmt.Sprintf("rows-%d", round))
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, dropRows()) }()
		err = o.withStore(ctx, books, func(db *store.DB) error {
			took, err = o.importCalls(ctx, db, sheet)
			return err
		})
		if err != nil {
			return 0, err
		}
		limit, err := rawlimit.Measure(ctx, books, rows, charging.BatchMax, o.Now)
		if err == nil && limit.Calls != o.Calls {
			err = fmt.Errorf("of %d calls %d were stored", o.Calls, limit.Calls)
		}
		limits = append(limits, limit.Elapsed)
		return took, err
	})
	if err != nil {
		return m, err
	}
	best, err := o.fastest(func(round int) (time.Duration, error) { return limits[round], nil })
	m = Measurement{Unit: "calls/s", LimitOf: limitOf}
	m.Value, m.Limit = float64(o.Calls)/took.Seconds(), float64(o.Calls)/best.Seconds()
	m.Ratio = m.Value / m.Limit
	return m, err
}

// importCalls sets up an office in an empty store and times the import alone.
func (o Options) importCalls(ctx context.Context, db *store.DB, sheet string) (took time.Duration, err error) {
	device, err := setUp(ctx, db)
	if err != nil {
		return 0, err
	}
	book := ledger.New(db, ledger.Options{Now: o.Now, Log: o.Log})
	group, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	group.Go(func() error { return book.Run(ctx) })
	group.Go(func() error {
		defer stop()
		office, err := charging.New(ctx, db, book, charging.Options{Now: o.Now, Log: o.Log})
		if err != nil {
			return err
		}
		file, err := os.Open(sheet)
		if err != nil {
			return err
		}
		defer file.Close()
		began := o.Now()
		summary, err := batch.RecordImport{
			Device: device, Source: tollgate.SourceImport, Zone: time.UTC, Charger: office,
			Reject: func(batch.RecordReject) {},
		}.Run(ctx, file)
		took = o.Now().Sub(began)
		if err == nil && summary.Stored != o.Calls {
			err = fmt.Errorf("of %d calls %+v", o.Calls, summary)
		}
		return err
	})
	return took, group.Wait()
}
