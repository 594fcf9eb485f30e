package main

import (
	"encoding/json"
	"fmt"
	"strconv"

	"tollgate/cmd/tollgate/bench"
)

type benchCommand struct {
	Postgres string   `help:"PostgreSQL for the names that end in _postgres; it works in schemas of its own and removes them." placeholder:"postgres://…" env:"TOLLGATE_BENCH_POSTGRES"`
	JSON     bool     `help:"One JSON object per line."`
	Calls    int      `default:"200000" help:"How many calls each measurement makes." placeholder:"N"`
	Rounds   int      `default:"3" help:"How often each is repeated; the best round counts, of the limit too." placeholder:"N"`
	Dir      string   `help:"Where files and databases go for the time being; the system's temporary directory if not said." placeholder:"DIR"`
	Names    []string `arg:"" optional:"" name:"NAME" help:"What to measure: price_1k, price_100k, price_1m, load_deck_100k, load_deck_100k_csv, ingest_sqlite, authorize_settle_64, authorize_settle_hot, authorize_p99, live_100k, and those that use a database with _postgres behind. All if not said."`
}

// Run measures and prints one line for each name: the value, its unit, the
// limit measured in the same run, and the ratio of the two speeds.
func (c *benchCommand) Run(p *program) error {
	names := c.Names
	if len(names) == 0 {
		for _, name := range bench.Names() {
			if bench.NeedsPostgres(name) && c.Postgres == "" {
				fmt.Fprintf(p.stderr, "%s is left out: say --postgres URL\n", name)
				continue
			}
			names = append(names, name)
		}
	}
	options := bench.Options{
		Calls: c.Calls, Rounds: c.Rounds, Dir: c.Dir, Postgres: c.Postgres, Now: p.now, Log: p.log,
	}
	if !c.JSON {
		fmt.Fprintf(p.stdout, benchLine, "name", "value", "unit", "limit", "ratio", "the limit is")
	}
	for _, name := range names {
		m, err := bench.Run(p.ctx, name, options)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := c.print(p, m); err != nil {
			return err
		}
	}
	return nil
}

const benchLine = "%-29s  %10s  %-8s  %10s  %5s  %s\n"

// print writes one result as soon as it is there.
func (c *benchCommand) print(p *program, m bench.Measurement) error {
	if c.JSON {
		return json.NewEncoder(p.stdout).Encode(m)
	}
	limit := m.LimitOf
	if m.Allocations != nil {
		limit += fmt.Sprintf("; %.0f allocations per call", *m.Allocations)
	}
	if m.Memory > 0 {
		limit += fmt.Sprintf("; %.1f MiB kept", m.Memory)
	}
	_, err := fmt.Fprintf(p.stdout, benchLine, m.Name, figure(m.Value), m.Unit, figure(m.Limit), figure(m.Ratio), limit)
	return err
}

// figure prints a number with about three digits that matter.
func figure(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}
