package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/numbering"
	"tollgate/rating"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const shownRejects = 20 // rejected lines that are printed; the rest is counted

// tariffFlags name a tariff in files.
type tariffFlags struct {
	Tariff  string `required:"" placeholder:"FILE.toml" help:"Tariff file."`
	Rates   string `placeholder:"FILE.csv" help:"Rates of its deck; without them the tariff's defaults apply."`
	Country string `placeholder:"DE" help:"Where the calls come from, for rates by class; without it, classes are told as from nowhere: most numbers are international."`
}

// rateCommand prices calls from a file into a file, without any database.
//
// The columns of calls.csv beside id, to, answer and duration follow the
// columns of the result, as they are written, in their order. Every line that
// is not empty gives one line of output, also a rejected one.
type rateCommand struct {
	tariffFlags
	Calls   string `required:"" placeholder:"FILE.csv" help:"Calls with the columns id, to, answer (RFC 3339, empty: not answered) and duration (seconds). Other columns follow those of the result. - is standard input."`
	Out     string `default:"-" placeholder:"FILE.csv" help:"Where the priced calls go; - is standard output."`
	Explain bool   `help:"Add a column that explains each price in a sentence."`
}

// Run prices the calls.
func (c *rateCommand) Run(p *program) (err error) {
	if err := onlyOneStdin(c.Tariff, c.Rates, c.Calls); err != nil {
		return err
	}
	tariff, plan, err := c.load(p)
	if err != nil {
		return err
	}
	calls, err := p.openInput(c.Calls)
	if err != nil {
		return err
	}
	defer calls.Close()
	form := batch.Form{Columns: callColumns(), Required: callColumns(), Extra: true}
	bar := progressbar.DefaultBytesSilent(-1)
	if c.Out != "-" || !isTerminal(p.stdout) { // else the calls are printed there
		bar = p.progress(calls)
	}
	sheet, err := batch.NewSheet(io.TeeReader(calls, bar), form)
	if err != nil {
		return named(c.Calls, err)
	}
	work := &pricing{tariff: tariff, plan: plan, explain: c.Explain, sheet: sheet}
	if err := work.checkExtra(); err != nil {
		return named(c.Calls, err)
	}
	out, err := p.writer(c.Out, calls)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	began := p.now()
	tally, err := work.run(p.ctx, out)
	err = errors.Join(err, bar.Finish())
	if err != nil {
		return named(c.Calls, err)
	}
	return p.report(c.Calls, tally, tariff.Currency(), p.now().Sub(began))
}

// load reads and compiles the tariff. The plan is nil unless a rate of the
// deck goes by class.
func (c *tariffFlags) load(p *program) (*rating.Tariff, *numbering.Plan, error) {
	source, err := c.tariff(p)
	if err != nil {
		return nil, nil, err
	}
	rates, err := c.deck(p)
	if err != nil {
		return nil, nil, err
	}
	tariff, err := rating.Compile(source, []tollgate.Deck{{Rates: rates}})
	if err != nil {
		return nil, nil, named(c.Rates, err)
	}
	for i := range rates {
		if rates[i].Class != "" {
			plan, err := numbering.NewPlan(tollgate.DialingPlan{Country: c.Country}, nil)
			return tariff, plan, err
		}
	}
	return tariff, nil, nil
}

func (c *tariffFlags) tariff(p *program) (tollgate.Tariff, error) {
	file, err := p.openInput(c.Tariff)
	if err != nil {
		return tollgate.Tariff{}, err
	}
	defer file.Close()
	tariff, err := batch.ReadTariff(file)
	if err != nil {
		return tollgate.Tariff{}, named(c.Tariff, err)
	}
	return tariff, nil
}

// deck reads the rates. One wrong line is enough to refuse them: a price list
// with a hole charges wrongly.
func (c *tariffFlags) deck(p *program) ([]tollgate.Rate, error) {
	if c.Rates == "" {
		return nil, nil
	}
	file, err := p.openInput(c.Rates)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rates, rejects, err := batch.ReadRates(file)
	if err != nil {
		return nil, named(c.Rates, err)
	}
	if len(rejects) == 0 {
		return rates, nil
	}
	p.printRejects(c.Rates, rejects, len(rejects))
	return nil, tollgate.Errorf(tollgate.CodeInvalid, "%s: %d of %d rates are wrong: nothing was priced",
		c.Rates, len(rejects), len(rejects)+len(rates))
}

// printRejects names the first lines that were not taken.
func (p *program) printRejects(file string, rejects []batch.Reject, count int) {
	for _, r := range rejects[:min(len(rejects), shownRejects)] {
		fmt.Fprintf(p.stderr, "%s %s\n", file, r)
	}
	if count > shownRejects {
		fmt.Fprintf(p.stderr, "%s and %d lines more\n", file, count-shownRejects)
	}
}

// report says on standard error what was done. It fails if nothing was.
func (p *program) report(file string, t *tally, currency tollgate.Currency, took time.Duration) error {
	p.printRejects(file, t.rejects, t.rejected)
	perSecond := int64(t.calls) * int64(time.Second) / max(int64(took), 1)
	fmt.Fprintf(p.stderr, "%d calls: %d priced, %d unpriced, %d unanswered, %d rejected;"+
		" total %s %s; %d calls per second\n",
		t.calls, t.priced, t.unpriced, t.unanswered, t.rejected, t.amount(), currency, perSecond)
	if t.calls > 0 && t.rejected == t.calls {
		return fmt.Errorf("%s: every call was rejected", file)
	}
	return nil
}

// writer opens a file to write, unless it is the one being read; "-" is
// standard output. What it returns is buffered, and complete once closed.
func (p *program) writer(path string, reading io.Reader) (io.WriteCloser, error) {
	if path == "-" {
		return &buffered{Writer: bufio.NewWriter(p.stdout)}, nil
	}
	if source, ok := reading.(*os.File); ok {
		a, errA := source.Stat()
		b, errB := os.Stat(path)
		if errA == nil && errB == nil && os.SameFile(a, b) && a.Mode().IsRegular() {
			return nil, tollgate.Errorf(tollgate.CodeInvalid, "--out %s is the file with the calls", path)
		}
	}
	file, err := os.Create(path)
	if err != nil {
		code := tollgate.CodeInternal
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			code = tollgate.CodeInvalid
		}
		return nil, tollgate.Errorf(code, "%w", err)
	}
	return &buffered{Writer: bufio.NewWriter(file), file: file}, nil
}

// buffered is a file being written.
type buffered struct {
	*bufio.Writer
	file *os.File // nil: not ours to close
}

// Close flushes and closes, and returns the first failure.
func (b *buffered) Close() error {
	err := b.Flush()
	if b.file != nil {
		err = errors.Join(err, b.file.Close())
	}
	return err
}

// named puts the name of a file before an error, keeping its code.
func named(path string, err error) error {
	if path == "-" {
		path = "standard input"
	}
	return fmt.Errorf("%s: %w", path, err)
}

func onlyOneStdin(paths ...string) error {
	found := 0
	for _, path := range paths {
		if path == "-" {
			found++
		}
	}
	if found > 1 {
		return tollgate.Errorf(tollgate.CodeInvalid, "only one file can be standard input")
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
