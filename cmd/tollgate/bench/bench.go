// Package bench measures how fast Tollgate does its work, and in the same run
// how fast the work could be done at all: the limit. The ratio of the two says
// how good the program is, whatever the machine.
package bench

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"tollgate"
)

// Options says what to measure with.
type Options struct {
	Calls    int              // calls, or as many times what else is measured
	Rounds   int              // how often; the best round counts, of the work and of its limit
	Dir      string           // where files and databases go for the time being
	Postgres string           // URL of a PostgreSQL in which schemas may be made; empty: none
	Now      func() time.Time // required
	Log      *slog.Logger
}

// Measurement is one result.
type Measurement struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Limit   float64 `json:"limit"` // in the same unit
	Ratio   float64 `json:"ratio"` // of the two speeds: 1 is as fast as the limit
	LimitOf string  `json:"limit_of"`

	Allocations *float64 `json:"allocations,omitzero"` // per call
	Memory      float64  `json:"memory_mib,omitzero"`  // what is kept
}

// work measures one name.
type work func(ctx context.Context, o Options) (Measurement, error)

// Names lists what can be measured, in the order in which it is.
func Names() []string {
	return []string{
		"price_1k", "price_100k", "price_1m", "load_deck_100k", "load_deck_100k_csv", "ingest_sqlite",
		"authorize_settle_64", "authorize_settle_hot", "authorize_p99", "live_100k", "ingest" + onPostgres,
		"authorize_settle_64" + onPostgres, "authorize_settle_hot" + onPostgres, "authorize_p99" + onPostgres,
	}
}

// onPostgres ends the names that need Options.Postgres.
const onPostgres = "_postgres"

// NeedsPostgres reports whether a name needs Options.Postgres.
func NeedsPostgres(name string) bool { return strings.HasSuffix(name, onPostgres) }

func works() map[string]work {
	return map[string]work{
		"price_1k":           price(1_000),
		"price_100k":         price(100_000),
		"price_1m":           price(1_000_000),
		"load_deck_100k":     loadStore(100_000),
		"load_deck_100k_csv": loadSheet(100_000),
		"ingest_sqlite":      ingest(false),
		"ingest_postgres":    ingest(true),

		"authorize_settle_64":           authorizeSettle(false, false),
		"authorize_settle_64_postgres":  authorizeSettle(true, false),
		"authorize_settle_hot":          authorizeSettle(false, true),
		"authorize_settle_hot_postgres": authorizeSettle(true, true),
		"authorize_p99":                 authorizeP99(false),
		"authorize_p99_postgres":        authorizeP99(true),
		"live_100k":                     live,
	}
}

// Run measures one of Names. It returns CodeInvalid for another name, and for
// one that Options lack something for.
func Run(ctx context.Context, name string, o Options) (m Measurement, err error) {
	if o.Calls < 1 || o.Rounds < 1 {
		return Measurement{}, tollgate.Errorf(tollgate.CodeInvalid,
			"%d calls in %d rounds: at least one of each", o.Calls, o.Rounds)
	}
	measure, ok := works()[name]
	if !ok {
		return Measurement{}, tollgate.Errorf(tollgate.CodeInvalid,
			"nothing is measured under the name %q: there are %v", name, Names())
	}
	dir, err := os.MkdirTemp(o.Dir, "tollgate-bench-")
	if err != nil {
		return Measurement{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o.Dir = dir
	m, err = measure(ctx, o)
	m.Name = name
	return m, err
}

// fastest runs work for each round and returns the shortest time it took.
func (o Options) fastest(run func(round int) (time.Duration, error)) (time.Duration, error) {
	times := make([]time.Duration, o.Rounds)
	for round := range times {
		took, err := run(round)
		if err != nil {
			return 0, err
		}
		times[round] = max(took, 1)
	}
	return slices.Min(times), nil
}
