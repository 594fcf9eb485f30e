package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"

	"golang.org/x/sync/errgroup"
)

type importCommand struct {
	CDRs        importCDRs        `cmd:"" name:"cdrs" help:"Finished calls of a device: stored, priced and charged; a second run changes nothing."`
	Tariff      importTariff      `cmd:"" help:"A tariff from a tariff file; one of the same name is changed, its decks stay."`
	Rates       importRates       `cmd:"" help:"The deck of a tariff."`
	Attribution importAttribution `cmd:"" help:"Your own table of number attribution; it replaces the one before."`
	Accounts    importAccounts    `cmd:"" help:"Accounts; those that are there already are changed, none is removed."`
	Extensions  importExtensions  `cmd:"" help:"Extensions; those that are there already are changed, none is removed."`
}

// operatorActor is who the operation log names for what a command changes.
func operatorActor() store.Actor { return store.Actor{Name: "command line"} }

// openInput opens a file, or standard input for "-".
func (p *program) openInput(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(p.stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "%w", err)
	}
	return f, nil
}

type importCDRs struct {
	databaseFlags
	Device  string `required:"" help:"Name of the device that the calls are from." placeholder:"NAME"`
	Rejects string `help:"Where the lines that were not stored go; FILE.rejected.csv if not said." placeholder:"FILE"`
	File    string `arg:"" help:"CSV with a header line: unique_id, start, dialed, and end or duration (answered seconds); also leg, direction, answer, extension, originator, caller, trunk, account_code, private, cause. Times are RFC 3339, or local to the device, or epoch seconds. - is standard input."`
}

// Run imports the file. It fails when some lines were not stored, after
// everything else is.
func (c *importCDRs) Run(p *program) error {
	file, err := p.openInput(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	db, err := c.open(p.ctx, p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	device, err := deviceNamed(p, db, c.Device)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(device.Timezone)
	if err != nil {
		return fmt.Errorf("device %q: %w", device.Name, err)
	}
	rejects := &rejectFile{path: c.Rejects}
	if rejects.path == "" {
		rejects.path = c.File + ".rejected.csv"
		if c.File == "-" {
			rejects.path = "rejected.csv"
		}
	}
	began := p.now()
	var summary batch.RecordSummary
	err = withOffice(p, db, func(office *charging.Office) (err error) {
		bar := p.progress(file)
		summary, err = batch.RecordImport{
			Device: device.ID, Source: tollgate.SourceImport, Zone: zone, Charger: office,
			Reject: func(r batch.RecordReject) { rejects.add(r.Reject) },
		}.Run(p.ctx, io.TeeReader(file, bar))
		bar.Finish() //nolint:errcheck // a bar that cannot be drawn is no failure
		return err
	})
	if closed := rejects.close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	lines := summary.Stored + summary.Duplicate + summary.Quarantined + summary.Rejected
	rate := int64(lines) * int64(time.Second) / max(1, int64(p.now().Sub(began)))
	fmt.Fprintf(p.stderr, "%d calls stored, %d known already, %d in quarantine, %d lines rejected, %d lines a second\n",
		summary.Stored, summary.Duplicate, summary.Quarantined, summary.Rejected, rate)
	if rejects.count > 0 {
		return fmt.Errorf("%d lines were not stored; each is named in %s", rejects.count, rejects.path)
	}
	return nil
}

// deviceNamed finds a device that is not deleted.
func deviceNamed(p *program, db *store.DB, name string) (tollgate.Device, error) {
	directory, err := db.Directory(p.ctx)
	if err != nil {
		return tollgate.Device{}, err
	}
	for _, device := range directory.Devices {
		if device.Name == name {
			return device, nil
		}
	}
	return tollgate.Device{}, tollgate.Errorf(tollgate.CodeNotFound, "no device is named %q", name)
}

// withOffice runs fn with everything that charging needs.
func withOffice(p *program, db *store.DB, fn func(*charging.Office) error) error {
	book := ledger.New(db, ledger.Options{Now: p.now, Log: p.log})
	group, ctx := errgroup.WithContext(p.ctx)
	ctx, stop := context.WithCancel(ctx)
	group.Go(func() error { return book.Run(ctx) })
	group.Go(func() error {
		defer stop()
		office, err := charging.New(ctx, db, book, charging.Options{Now: p.now, Log: p.log})
		if err != nil {
			return err
		}
		defer office.KeepAlerts(ctx)
		return fn(office)
	})
	return group.Wait()
}

// rejectFile is made when the first line is refused.
type rejectFile struct {
	path   string
	count  int
	file   *os.File
	writer *batch.Writer
	err    error
}

func (r *rejectFile) add(reject batch.Reject) {
	r.count++
	if r.file == nil && r.err == nil {
		if r.file, r.err = os.Create(r.path); r.err == nil {
			r.writer = batch.NewWriter(r.file, "line", "column", "value", "reason")
		}
	}
	if r.err == nil {
		r.writer.Write(strconv.Itoa(reject.Line), reject.Column, reject.Value, reject.Reason)
	}
}

func (r *rejectFile) close() error {
	if r.err != nil || r.file == nil {
		return r.err
	}
	if err := r.writer.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", r.path, err)
	}
	return r.file.Close()
}

// configFlags are common to imports of configuration.
type configFlags struct {
	databaseFlags
	DryRun bool   `help:"Say what would change and change nothing."`
	File   string `arg:"" help:"The file, CSV with a header line unless said otherwise; - is standard input."`
}

// run imports one sheet of configuration and prints what it changed.
func (f *configFlags) run(
	p *program, load func(*store.DB, io.Reader) (batch.Preview, []batch.Reject, error),
) error {
	file, err := p.openInput(f.File)
	if err != nil {
		return err
	}
	defer file.Close()
	db, err := f.open(p.ctx, p, false)
	if err != nil {
		return err
	}
	defer db.Close()
	preview, rejects, err := load(db, file)
	if err != nil {
		return err
	}
	for _, reject := range rejects {
		fmt.Fprintf(p.stderr, "%s: %s\n", f.File, reject)
	}
	if len(rejects) > 0 {
		return tollgate.Errorf(tollgate.CodeInvalid, "nothing was imported; lines refused: %d", len(rejects))
	}
	for _, line := range preview.Lines {
		fmt.Fprintln(p.stdout, line)
	}
	verb := "imported"
	if f.DryRun {
		verb = "would be imported"
	}
	_, err = fmt.Fprintf(p.stdout, "%s: %d added, %d changed, %d removed, %d the same\n",
		verb, preview.Added, preview.Changed, preview.Removed, preview.Same)
	return err
}

type importTariff struct {
	configFlags
	DefaultCustomer bool `help:"It prices every customer that has no tariff of its own."`
}

// Run imports a tariff.
func (c *importTariff) Run(p *program) error {
	return c.run(p, func(db *store.DB, r io.Reader) (batch.Preview, []batch.Reject, error) {
		return batch.ImportTariff(p.ctx, db, operatorActor(), r, c.DefaultCustomer, c.DryRun)
	})
}

type importRates struct {
	configFlags
	Tariff    string `required:"" help:"Name of the tariff." placeholder:"NAME"`
	Effective string `help:"Since when the deck is in force; the tariff's first deck if not said." placeholder:"2026-12-01T00:00:00Z"`
}

// Run imports a deck.
func (c *importRates) Run(p *program) error {
	effective, err := instantFlag("--effective", c.Effective, time.Time{})
	if err != nil {
		return err
	}
	return c.run(p, func(db *store.DB, r io.Reader) (batch.Preview, []batch.Reject, error) {
		return batch.ImportRates(p.ctx, db, operatorActor(), c.Tariff, effective, r, c.DryRun)
	})
}

// instantFlag reads a flag that is a point in time.
func instantFlag(name, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, tollgate.Errorf(tollgate.CodeInvalid, "%s %s: want a time such as 2026-12-01T00:00:00Z", name, text)
	}
	return at, nil
}

type importAttribution struct{ configFlags }

// Run imports number attribution.
func (c *importAttribution) Run(p *program) error {
	return c.run(p, func(db *store.DB, r io.Reader) (batch.Preview, []batch.Reject, error) {
		return batch.ImportAttribution(p.ctx, db, operatorActor(), r, c.DryRun)
	})
}

type importAccounts struct{ configFlags }

// Run imports accounts.
func (c *importAccounts) Run(p *program) error {
	return c.run(p, func(db *store.DB, r io.Reader) (batch.Preview, []batch.Reject, error) {
		return batch.ImportAccounts(p.ctx, db, operatorActor(), r, c.DryRun)
	})
}

type importExtensions struct{ configFlags }

// Run imports extensions.
func (c *importExtensions) Run(p *program) error {
	return c.run(p, func(db *store.DB, r io.Reader) (batch.Preview, []batch.Reject, error) {
		return batch.ImportExtensions(p.ctx, db, operatorActor(), r, c.DryRun)
	})
}
