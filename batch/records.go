package batch

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"tollgate"

	"golang.org/x/sync/errgroup"
)

// The columns of a sheet of finished calls, by place in recordForm.
const (
	recordUniqueID = iota
	recordLeg
	recordDirection
	recordStart
	recordAnswer
	recordEnd
	recordDuration
	recordExtension
	recordOriginator
	recordCaller
	recordDialed
	recordTrunk
	recordAccountCode
	recordPrivate
	recordCause
)

// recordForm has the columns of finished calls. Instants are RFC 3339, or
// "2006-01-02 15:04:05" in the device's zone, or seconds since 1970 with
// decimals. The duration is the answered time in seconds; it stands in for the
// end, or together with the end for the answer.
func recordForm() Form {
	return Form{
		Columns: []string{
			"unique_id", "leg", "direction", "start", "answer", "end", "duration", "extension",
			"originator", "caller", "dialed", "trunk", "account_code", "private", "cause",
		},
		Required: []string{"unique_id", "start", "dialed"},
	}
}

// recordWorkers is how many blocks of a file are priced and committed at once:
// while one waits for its commit the others parse.
const recordWorkers = 4

// RecordImport is what an import of finished calls needs.
type RecordImport struct {
	Device  tollgate.ID
	Source  tollgate.Source
	Zone    *time.Location // of times without a zone
	Charger tollgate.Finisher
	Reject  func(RecordReject) // told of every line not stored; one call at a time, in no order
}

// RecordReject says why a line of finished calls was not stored.
type RecordReject struct {
	Reject
	UniqueID    string // of the call; empty where the line does not tell
	Quarantined bool   // it was read and is kept in quarantine
}

// RecordSummary counts what became of the lines of a sheet.
type RecordSummary struct {
	Stored      int `json:"stored"`
	Duplicate   int `json:"duplicate"`
	Quarantined int `json:"quarantined"`
	Rejected    int `json:"rejected"`
}

// Run reads a sheet of finished calls and settles them. A line that cannot be
// read is rejected and the others go on; a record that cannot be understood is
// kept in quarantine. Running the same sheet again changes nothing. An error
// means that the sheet was not read to its end; what was settled stays.
func (m RecordImport) Run(ctx context.Context, r io.Reader) (RecordSummary, error) {
	var summary RecordSummary
	sheet, err := NewSheet(r, recordForm())
	if err != nil {
		return summary, err
	}
	var mu sync.Mutex // guards summary and Reject
	group, ctx := errgroup.WithContext(ctx)
	blocks := make(chan *Block)
	group.Go(func() error {
		defer close(blocks)
		for {
			block := new(Block)
			if !sheet.Fill(block) {
				return sheet.Err()
			}
			select {
			case blocks <- block:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	for range recordWorkers {
		group.Go(func() error {
			for block := range blocks {
				records, lines, rejects := m.parse(block)
				results, err := m.Charger.Finish(ctx, records)
				if err != nil {
					return err
				}
				mu.Lock()
				m.count(&summary, results, lines, rejects)
				mu.Unlock()
			}
			return nil
		})
	}
	err = group.Wait()
	return summary, err
}

// parse turns a block into records and the numbers of their lines.
func (m RecordImport) parse(block *Block) (records []tollgate.Record, lines []int, rejects []RecordReject) {
	for row, reject := range block.Rows() {
		var record tollgate.Record
		if reject == nil {
			record, reject = m.record(row)
		}
		if reject != nil {
			rejects = append(rejects, RecordReject{Reject: *reject, UniqueID: record.Call.UniqueID})
			continue
		}
		records = append(records, record)
		lines = append(lines, row.Line())
	}
	return records, lines, rejects
}

func (m RecordImport) count(s *RecordSummary, results []tollgate.Result, lines []int, rejects []RecordReject) {
	for i, result := range results {
		switch result.Outcome {
		case tollgate.OutcomeStored:
			s.Stored++
		case tollgate.OutcomeDuplicate:
			s.Duplicate++
		case tollgate.OutcomeQuarantined:
			s.Quarantined++
			m.Reject(RecordReject{
				Reject: Reject{
					Line: lines[i], Value: result.Call.UniqueID, Reason: "kept in quarantine: " + result.Reason,
				},
				UniqueID: result.Call.UniqueID, Quarantined: true,
			})
		}
	}
	s.Rejected += len(rejects)
	for _, reject := range rejects {
		m.Reject(reject)
	}
}

// record reads one line.
func (m RecordImport) record(row *Row) (r tollgate.Record, reject *Reject) {
	r = tollgate.Record{
		Call:      tollgate.CallID{Device: m.Device, UniqueID: row.Text(recordUniqueID)},
		Source:    m.Source,
		Direction: tollgate.Direction(row.Field(recordDirection)),
		Extension: row.Text(recordExtension), Originator: row.Text(recordOriginator),
		Caller: row.Text(recordCaller), Dialed: row.Text(recordDialed),
		Trunk: row.Text(recordTrunk), AccountCode: row.Text(recordAccountCode),
	}
	if r.Direction == "" {
		r.Direction = tollgate.Outbound
	}
	if r.Call.UniqueID == "" {
		return r, row.Reject(recordUniqueID, "is empty: it is the key against charging twice")
	}
	if r.Private, reject = row.truth(recordPrivate); reject != nil {
		return r, reject
	}
	leg, reject := row.whole(recordLeg)
	if reject != nil {
		return r, reject
	}
	cause, reject := row.whole(recordCause)
	if reject != nil {
		return r, reject
	}
	r.Call.Leg, r.Cause = leg, tollgate.Cause(cause)
	return r, m.times(row, &r)
}

// times reads start, answer and end, or finds them from the duration.
func (m RecordImport) times(row *Row, r *tollgate.Record) (reject *Reject) {
	for _, field := range [...]struct {
		column int
		at     *time.Time
	}{{recordStart, &r.Start}, {recordAnswer, &r.Answer}, {recordEnd, &r.End}} {
		if *field.at, reject = row.instant(field.column, m.Zone); reject != nil {
			return reject
		}
	}
	if r.Start.IsZero() {
		return row.Reject(recordStart, "is empty")
	}
	duration, given, reject := row.seconds(recordDuration)
	if reject != nil {
		return reject
	}
	switch {
	case !given && r.End.IsZero():
		return row.Reject(recordEnd, "end and duration are both empty: one is needed")
	case !given:
		return nil
	case r.End.IsZero() && r.Answer.IsZero() && duration > 0:
		r.Answer = r.Start
		r.End = r.Start.Add(duration)
	case r.End.IsZero():
		r.End = later(r.Answer, r.Start).Add(duration)
	case r.Answer.IsZero() && duration > 0:
		r.Answer = r.End.Add(-duration)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// truth reads yes or no; empty is no.
func (r *Row) truth(column int) (bool, *Reject) {
	switch strings.ToLower(string(r.Field(column))) {
	case "", "0", "no", "false":
		return false, nil
	case "1", "yes", "true":
		return true, nil
	}
	return false, r.Reject(column, "want yes or no")
}

// whole reads a number of at most 9 digits; empty is 0.
func (r *Row) whole(column int) (int, *Reject) {
	text := r.Field(column)
	if len(text) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseUint(string(text), 10, 30)
	if err != nil {
		return 0, r.Reject(column, "want a whole number")
	}
	return int(n), nil
}

// seconds reads a duration of seconds with up to six decimals.
func (r *Row) seconds(column int) (d time.Duration, given bool, reject *Reject) {
	text := r.Field(column)
	if len(text) == 0 {
		return 0, false, nil
	}
	micro, err := tollgate.ParseMicro(string(text))
	if err != nil || micro < 0 || micro > int64(durationMax/time.Microsecond) {
		return 0, false, r.Reject(column, "want seconds, such as 62 or 61.250")
	}
	return time.Duration(micro) * time.Microsecond, true, nil
}

// durationMax keeps a duration within what the product takes for a call.
const durationMax = 366 * 24 * time.Hour

// instant reads a point in time; empty is the zero time.
func (r *Row) instant(column int, zone *time.Location) (time.Time, *Reject) {
	text := string(r.Field(column))
	if text == "" {
		return time.Time{}, nil
	}
	at, err := parseInstant(text, zone)
	if err != nil {
		return at, r.Reject(column, "%v", err)
	}
	return at, nil
}

// epochMax is the end of the year 9999 in microseconds; beyond it somebody wrote
// milliseconds.
const epochMax = 253_402_300_800_000_000

// parseInstant reads RFC 3339, or "2006-01-02 15:04:05" with optional decimals
// in the given zone, or seconds since 1970 with up to six decimals. A local
// time that occurs twice, when summer time ends, is taken as the first.
func parseInstant(text string, zone *time.Location) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	if at, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone); err == nil {
		return firstOf(at, zone), nil
	}
	if micro, err := tollgate.ParseMicro(text); err == nil && micro > 0 && micro < epochMax {
		return time.UnixMicro(micro).UTC(), nil
	}
	return time.Time{}, errors.New(
		"want 2026-11-22T14:05:00Z, or 2026-11-22 14:05:00 in the device's zone, or seconds since 1970")
}

// firstOf is the first of the instants that a local clock shows as at.
func firstOf(at time.Time, zone *time.Location) time.Time {
	_, offset := at.Zone()
	_, earlier := at.Add(-3 * time.Hour).Zone()
	if first := at.Add(time.Duration(offset-earlier) * time.Second); earlier > offset &&
		first.In(zone).Format(time.DateTime) == at.Format(time.DateTime) {
		return first.UTC()
	}
	return at.UTC()
}
