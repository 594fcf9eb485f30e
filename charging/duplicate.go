package charging

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tollgate"
	"tollgate/ledger"
)

const (
	// doubtSlack is by how much two reports of one call may differ: a connector's
	// events and the journal do not say quite the same.
	doubtSlack = time.Second
	// doubtRows is how many calls are read in one question.
	doubtRows = 500
	// doubtedMax is of how many calls it is remembered that an alert was raised.
	doubtedMax = 10_000
)

// doubt raises an alert for each record that changed nothing, because a call of its
// name is in the books, and is of another call: what was talked is charged to nobody.
// The records are settled; what goes wrong here is logged.
func (f *Office) doubt(ctx context.Context, settlements []ledger.Settlement, results []tollgate.Result) {
	places := make(map[tollgate.ID][]int)
	var ids []tollgate.ID
	for i := range results {
		if r := &results[i]; r.Outcome == tollgate.OutcomeDuplicate && settlements[i].Release == 0 {
			if places[r.CDR] == nil {
				ids = append(ids, r.CDR)
			}
			places[r.CDR] = append(places[r.CDR], i)
		}
	}
	if f.db == nil || len(ids) == 0 {
		return
	}
	for some := range slices.Chunk(ids, doubtRows) {
		stored, err := f.stored(ctx, some)
		if err != nil {
			f.log.Error("comparing calls that were reported again with those in the books", "error", err)
			return
		}
		for i := range stored {
			for _, place := range places[stored[i].ID] {
				f.compare(&stored[i], &settlements[place])
			}
		}
	}
}

// stored reads calls, also those that are only in the daybook yet.
func (f *Office) stored(ctx context.Context, ids []tollgate.ID) ([]tollgate.CDR, error) {
	found, err := f.db.CDRsOf(ctx, ids)
	if err != nil || len(found) == len(ids) {
		return found, err
	}
	if err := f.book.CatchUp(ctx); err != nil {
		return nil, err
	}
	return f.db.CDRsOf(ctx, ids)
}

// compare raises an alert, once a call, if a record is of another call than that in the books.
func (f *Office) compare(stored *tollgate.CDR, s *ledger.Settlement) {
	what := differs(stored, &s.Record, s.CDR.Number.E164)
	if what == "" || !f.bell.doubts(stored.Call) {
		return
	}
	f.Raise(tollgate.Alert{
		Enterprise: stored.Enterprise, Kind: tollgate.AlertDuplicate, Account: stored.Payer, Call: stored.Call,
		Text: fmt.Sprintf("a call was reported under the id of one that is in the books, with %s, and is charged to nobody: "+
			"extension %q, %s of talk", what, s.Record.Extension, s.Record.Duration().Round(time.Second)),
	})
}

// differs says in what a record is of another call than the one in the books, or "".
func differs(stored *tollgate.CDR, r *tollgate.Record, number string) string {
	switch {
	case stored.Answer.IsZero() != r.Answer.IsZero() || stored.Answer.Sub(r.Answer).Abs() > doubtSlack:
		return "another answer"
	case (stored.Duration() - r.Duration()).Abs() > doubtSlack:
		return "another duration"
	case stored.Extension != r.Extension:
		return "another extension"
	case stored.Number.Raw != r.Dialed && stored.Number.E164 != number:
		return "another number"
	}
	return ""
}

// doubts notes that an alert is raised for a call. It reports false if one was.
func (b *bell) doubts(call tollgate.CallID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.doubted[call] {
		return false
	}
	if len(b.doubted) >= doubtedMax {
		clear(b.doubted)
	}
	b.doubted[call] = true
	return true
}
