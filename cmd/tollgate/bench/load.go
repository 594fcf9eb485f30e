package bench

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/rating"
	"tollgate/rating/specimen"
	"tollgate/store"
	"tollgate/store/rawlimit"
)

// loadStore measures from opening a database to a tariff that prices calls, by
// a deck of that many rates. The limit is to read the rows with the bare driver.
func loadStore(rates int) work {
	return func(ctx context.Context, o Options) (Measurement, error) {
		url := "sqlite:" + filepath.Join(o.Dir, "deck.db")
		tariff := specimen.Tariff()
		tariff.ID = 0
		err := o.withStore(ctx, url, func(db *store.DB) error {
			return db.Change(ctx, store.Actor{Name: "bench"}, "a deck to load", func(c *store.Change) error {
				if err := c.PutTariff(&tariff); err != nil {
					return err
				}
				return c.PutDeck(&tollgate.Deck{Tariff: tariff.ID, Rates: specimen.Rates(rates)})
			})
		})
		if err != nil {
			return Measurement{}, err
		}
		m := Measurement{Unit: "s", LimitOf: "reading the rows with the bare driver"}
		return o.load(m, func() (compiled *rating.Tariff, err error) {
			err = o.withStore(ctx, url, func(db *store.DB) error {
				decks, err := db.Decks(ctx, tariff.ID)
				if err == nil {
					compiled, err = rating.Compile(tariff, decks)
				}
				return err
			})
			return compiled, err
		}, func() (time.Duration, error) {
			limit, err := rawlimit.MeasureRates(ctx, url, o.Now)
			if err == nil && limit.Rows != rates {
				err = fmt.Errorf("%d rates were read, not %d", limit.Rows, rates)
			}
			return limit.Elapsed, err
		})
	}
}

// loadSheet measures from a CSV file to a tariff that prices calls. The limit
// is to split the file with the standard library.
func loadSheet(rates int) work {
	return func(_ context.Context, o Options) (Measurement, error) {
		path := filepath.Join(o.Dir, "rates.csv")
		file, err := os.Create(path)
		if err != nil {
			return Measurement{}, err
		}
		defer file.Close()
		if err := batch.WriteRates(file, specimen.Rates(rates)); err != nil {
			return Measurement{}, err
		}
		m := Measurement{Unit: "s", LimitOf: "splitting the file with encoding/csv"}
		return o.load(m, func() (*rating.Tariff, error) {
			file, err := os.Open(path)
			if err != nil {
				return nil, err
			}
			defer file.Close()
			read, rejects, err := batch.ReadRates(file)
			if err != nil || len(rejects) > 0 {
				return nil, fmt.Errorf("%d rejects: %w", len(rejects), err)
			}
			return rating.Compile(specimen.Tariff(), []tollgate.Deck{{Rates: read}})
		}, func() (time.Duration, error) {
			began := o.Now()
			file, err := os.Open(path)
			if err != nil {
				return 0, err
			}
			defer file.Close()
			_, err = csv.NewReader(file).ReadAll()
			return o.Now().Sub(began), err
		})
	}
}

// load times how a tariff is loaded, counts the memory that it keeps, and times
// the limit.
func (o Options) load(m Measurement, load func() (*rating.Tariff, error), limit func() (time.Duration, error)) (
	Measurement, error,
) {
	before := heap()
	var tariff *rating.Tariff
	took, err := o.fastest(func(int) (time.Duration, error) {
		tariff = nil
		runtime.GC()
		began := o.Now()
		var err error
		tariff, err = load()
		return o.Now().Sub(began), err
	})
	if err != nil {
		return m, err
	}
	m.Memory = float64(heap()-before) / (1 << 20)
	runtime.KeepAlive(tariff)
	best, err := o.fastest(func(int) (time.Duration, error) { return limit() })
	m.Value, m.Limit = took.Seconds(), best.Seconds()
	m.Ratio = m.Limit / m.Value
	return m, err
}

// withStore opens a store for as long as use takes.
func (o Options) withStore(ctx context.Context, url string, use func(*store.DB) error) error {
	db, err := store.Open(ctx, url, store.Options{Now: o.Now, Log: o.Log})
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}

// heap is how many bytes are in use once everything else is collected.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what a finaliser let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
