package main

import (
	"io"

	"tollgate/batch"
	"tollgate/store"
)

type exportCommand struct {
	Rates       exportRates       `cmd:"" help:"A deck of a tariff."`
	Attribution exportAttribution `cmd:"" help:"Your own table of number attribution."`
	Accounts    exportAccounts    `cmd:"" help:"All accounts."`
	Extensions  exportExtensions  `cmd:"" help:"All extensions."`
}

// to opens the books and writes a sheet to standard output, in the form that import reads.
func (f databaseFlags) to(p *program, write func(*store.DB, io.Writer) error) error {
	db, err := f.open(p.ctx, p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	return write(db, p.stdout)
}

type exportRates struct {
	databaseFlags
	Tariff string `required:"" help:"Name of the tariff." placeholder:"NAME"`
	At     string `help:"The deck in force at this instant; now if not said." placeholder:"2026-12-01T00:00:00Z"`
}

// Run exports a deck.
func (c *exportRates) Run(p *program) error {
	at, err := instantFlag("--at", c.At, p.now())
	if err != nil {
		return err
	}
	return c.to(p, func(db *store.DB, w io.Writer) error {
		return batch.ExportRates(p.ctx, db, c.Tariff, at, w)
	})
}

type exportAttribution struct{ databaseFlags }

// Run exports number attribution.
func (c *exportAttribution) Run(p *program) error {
	return c.to(p, func(db *store.DB, w io.Writer) error { return batch.ExportAttribution(p.ctx, db, w) })
}

type exportAccounts struct{ databaseFlags }

// Run exports accounts.
func (c *exportAccounts) Run(p *program) error {
	return c.to(p, func(db *store.DB, w io.Writer) error {
		return batch.ExportAccounts(p.ctx, db, store.Everything, w)
	})
}

type exportExtensions struct{ databaseFlags }

// Run exports extensions.
func (c *exportExtensions) Run(p *program) error {
	return c.to(p, func(db *store.DB, w io.Writer) error {
		return batch.ExportExtensions(p.ctx, db, store.Everything, w)
	})
}
