package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"slices"
	"strconv"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/numbering"
	"tollgate/rating"
)

const (
	toDigitsMax      = 40 // of a called number
	durationDecimals = 9
)

// The columns of calls.csv.
const (
	callID = iota
	callTo
	callAnswer
	callDuration
)

func callColumns() []string { return []string{"id", "to", "answer", "duration"} }

func resultColumns(explain bool) []string {
	columns := append(callColumns(), "amount", "currency", "billed_seconds", "rate", "status")
	if explain {
		columns = append(columns, "explanation")
	}
	return columns
}

// pricing prices the calls of one sheet. Workers take blocks of lines; what
// they write comes out in the order of the lines, in flat memory.
type pricing struct {
	tariff  *rating.Tariff
	plan    *numbering.Plan // nil: no rate goes by class
	explain bool
	sheet   *batch.Sheet
}

// task is one block on its way from the reader over a worker to the writer.
type task struct {
	block batch.Block
	out   []byte
	tally tally
	done  chan struct{}
}

// tally counts calls by what became of them.
type tally struct {
	calls, priced, unpriced, unanswered, rejected int

	total   big.Int        // micro-units
	rejects []batch.Reject // the first of them
}

// checkExtra refuses passed columns that the result has too.
func (w *pricing) checkExtra() error {
	for _, name := range w.sheet.Extra() {
		if slices.Contains(resultColumns(w.explain), name) {
			return tollgate.Errorf(tollgate.CodeInvalid,
				"line 1: column %q is written by this command: rename or remove it", name)
		}
	}
	return nil
}

// run prices everything and writes it to out.
func (w *pricing) run(ctx context.Context, out io.Writer) (*tally, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := runtime.GOMAXPROCS(0)
	tasks := make(chan *task, 2*workers)   // to work on
	ordered := make(chan *task, 2*workers) // the same, to write
	free := make(chan *task, 2*workers)
	for range cap(free) {
		free <- &task{done: make(chan struct{}, 1)}
	}
	go w.read(ctx, free, tasks, ordered)
	for range workers {
		go func() {
			for t := range tasks {
				w.price(t)
				t.done <- struct{}{}
			}
		}()
	}
	return w.write(ctx, out, free, ordered)
}

// read hands the blocks of the sheet out. It closes ordered only after the last of them.
func (w *pricing) read(ctx context.Context, free <-chan *task, tasks, ordered chan<- *task) {
	defer close(tasks)
	for {
		select {
		case t := <-free:
			if !w.sheet.Fill(&t.block) {
				close(ordered)
				return
			}
			tasks <- t // both have room for every task there is
			ordered <- t
		case <-ctx.Done():
			return
		}
	}
}

func (w *pricing) write(ctx context.Context, out io.Writer, free chan<- *task, ordered <-chan *task) (*tally, error) {
	sum := &tally{}
	if _, err := out.Write(w.header()); err != nil {
		return nil, err
	}
	for {
		select {
		case t, more := <-ordered:
			if !more {
				return sum, w.sheet.Err()
			}
			<-t.done
			if _, err := out.Write(t.out); err != nil {
				return nil, err
			}
			sum.add(&t.tally)
			free <- t
		case <-ctx.Done():
			// Not the error of the context, which would pass for a wish: the output is not complete.
			return nil, fmt.Errorf("interrupted after %d calls", sum.calls)
		}
	}
}

func (w *pricing) header() (line []byte) {
	separator := w.sheet.Separator()
	for i, name := range slices.Concat(resultColumns(w.explain), w.sheet.Extra()) {
		if i > 0 {
			line = append(line, separator)
		}
		line = batch.AppendField(line, separator, name)
	}
	return append(line, '\n')
}

// price prices the lines of one block.
func (w *pricing) price(t *task) {
	var charge tollgate.Charge
	t.out = t.out[:0]
	t.tally = tally{rejects: t.tally.rejects[:0]}
	for row, reject := range t.block.Rows() {
		if reject == nil {
			reject = w.charge(row, &charge)
		}
		t.tally.count(&charge, reject)
		t.out = w.line(t.out, row, &charge, reject)
	}
}

// charge prices one call.
func (w *pricing) charge(row *batch.Row, charge *tollgate.Charge) *batch.Reject {
	to := bytes.TrimPrefix(row.Field(callTo), []byte("+"))
	if len(to) == 0 || len(to) > toDigitsMax || !allDigits(to) {
		return row.Reject(callTo, "want a number: digits, also with + before them, at most %d", toDigitsMax)
	}
	call := rating.Call{Number: string(to)}
	if answer := row.Field(callAnswer); len(answer) > 0 {
		if err := call.Answer.UnmarshalText(answer); err != nil {
			return row.Reject(callAnswer, "want an instant such as 2026-07-01T12:00:00Z")
		}
		var err error
		if call.Duration, err = parseDuration(row.Field(callDuration)); err != nil {
			return row.Reject(callDuration, "%s", err)
		}
	}
	if w.plan != nil {
		call.Class = w.plan.Normalise("+" + call.Number).Class
	}
	if err := w.tariff.Price(call, charge); err != nil {
		return &batch.Reject{Line: row.Line(), Reason: err.Error()}
	}
	return nil
}

// line writes one line of the result. A rejected call has no more than a
// status, an unpriced one no amount: that is not the same as free.
func (w *pricing) line(out []byte, row *batch.Row, c *tollgate.Charge, reject *batch.Reject) []byte {
	separator := w.sheet.Separator()
	for column := range callColumns() {
		out = append(row.AppendRaw(out, column), separator)
	}
	status, explanation := string(c.Status), ""
	switch {
	case reject != nil:
		out = append(out, separator, separator, separator, separator)
		status, explanation = "rejected", reject.Reason
	case c.Status == tollgate.ChargeUnpriced:
		out = append(out, separator, separator, separator)
		out = append(append(out, c.Rate...), separator)
	default:
		out = append(tollgate.AppendMicro(out, c.Micro), separator)
		out = append(append(out, c.Currency...), separator)
		out = append(strconv.AppendInt(out, c.Billed, 10), separator)
		out = append(append(out, c.Rate...), separator)
	}
	out = append(out, status...)
	if w.explain {
		if reject == nil {
			explanation = rating.Explain(c)
		}
		out = batch.AppendField(append(out, separator), separator, explanation)
	}
	return append(row.AppendExtra(out), '\n')
}

func (t *tally) count(c *tollgate.Charge, reject *batch.Reject) {
	t.calls++
	switch {
	case reject != nil:
		t.rejected++
		if len(t.rejects) < shownRejects {
			t.rejects = append(t.rejects, *reject)
		}
	case c.Status == tollgate.ChargePriced:
		t.priced++
		var amount big.Int
		t.total.Add(&t.total, amount.SetInt64(c.Micro))
	case c.Status == tollgate.ChargeUnanswered:
		t.unanswered++
	default:
		t.unpriced++
	}
}

func (t *tally) add(o *tally) {
	t.calls += o.calls
	t.priced += o.priced
	t.unpriced += o.unpriced
	t.unanswered += o.unanswered
	t.rejected += o.rejected
	t.total.Add(&t.total, &o.total)
	t.rejects = append(t.rejects, o.rejects[:min(len(o.rejects), shownRejects-len(t.rejects))]...)
}

// amount is the total with six decimals, however large.
func (t *tally) amount() string {
	text := fmt.Sprintf("%07s", t.total.String())
	return text[:len(text)-6] + "." + text[len(text)-6:]
}

func allDigits(text []byte) bool {
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}

// parseDuration reads seconds with up to nine decimals.
func parseDuration(text []byte) (time.Duration, error) {
	whole, fraction, dotted := bytes.Cut(text, []byte("."))
	if len(whole) == 0 || !allDigits(whole) || !allDigits(fraction) || dotted && len(fraction) == 0 {
		return 0, errors.New("want seconds, such as 60 or 60.4")
	}
	if len(fraction) > durationDecimals {
		return 0, fmt.Errorf("want at most %d decimals", durationDecimals)
	}
	if len(whole) > len("999999999") {
		return 0, fmt.Errorf("want at most %s", rating.DurationMax)
	}
	nanoseconds := int64(0)
	for _, b := range whole {
		nanoseconds = nanoseconds*10 + int64(b-'0')
	}
	for i := range durationDecimals {
		nanoseconds *= 10
		if i < len(fraction) {
			nanoseconds += int64(fraction[i] - '0')
		}
	}
	return time.Duration(nanoseconds), nil
}
