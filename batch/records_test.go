package batch

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"

	"github.com/google/go-cmp/cmp"
)

// collector is a Charger that keeps what it is given and stores each call once.
type collector struct {
	mu      sync.Mutex
	records map[string]tollgate.Record
}

func (c *collector) Finish(_ context.Context, records []tollgate.Record) ([]tollgate.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	results := make([]tollgate.Result, len(records))
	for i, r := range records {
		results[i] = tollgate.Result{Call: r.Call, Outcome: tollgate.OutcomeStored}
		if _, known := c.records[r.Call.UniqueID]; known {
			results[i].Outcome = tollgate.OutcomeDuplicate
		}
		c.records[r.Call.UniqueID] = r
	}
	return results, nil
}

func importRecords(t *testing.T, sheet string) (*collector, RecordSummary, []string) {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{records: make(map[string]tollgate.Record)}
	var rejects []string
	summary, err := RecordImport{
		Device: 7, Source: tollgate.SourceImport, Zone: berlin, Charger: c,
		Reject: func(r RecordReject) { rejects = append(rejects, r.String()) },
	}.Run(t.Context(), strings.NewReader(sheet))
	if err != nil {
		t.Fatal(err)
	}
	return c, summary, rejects
}

func TestRecordTimes(t *testing.T) {
	const header = "unique_id,dialed,start,answer,end,duration\n"
	tests := []struct{ name, line, start, answer, end string }{
		{
			"all three", "1,0301,2026-11-22T10:00:00Z,2026-11-22T10:00:05.25Z,2026-11-22T10:01:00Z,",
			"10:00:00", "10:00:05.25", "10:01:00",
		},
		{"duration alone", "1,0301,2026-11-22T10:00:00Z,,,61.5", "10:00:00", "10:00:00", "10:01:01.5"},
		{"duration after answer", "1,0301,2026-11-22T10:00:00Z,2026-11-22T10:00:10Z,,60", "10:00:00", "10:00:10", "10:01:10"},
		{"end and duration", "1,0301,2026-11-22T10:00:00Z,,2026-11-22T10:01:00Z,20", "10:00:00", "10:00:40", "10:01:00"},
		{"not answered", "1,0301,2026-11-22T10:00:00Z,,2026-11-22T10:00:30Z,0", "10:00:00", "", "10:00:30"},
		{"device zone", "1,0301,2026-11-22 11:00:00,,,60", "10:00:00", "10:00:00", "10:01:00"},
		{"epoch", "1,0301,1795341600.5,,,60", "10:00:00.5", "10:00:00.5", "10:01:00.5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, _, rejects := importRecords(t, header+test.line)
			if len(rejects) > 0 {
				t.Fatal(rejects)
			}
			r := c.records["1"]
			clock := func(at time.Time) string {
				if at.IsZero() {
					return ""
				}
				return at.Format("15:04:05.999")
			}
			got := []string{clock(r.Start), clock(r.Answer), clock(r.End)}
			if diff := cmp.Diff([]string{test.start, test.answer, test.end}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The hour from 02:00 to 03:00 happens twice when summer time ends.
func TestRecordRepeatedHour(t *testing.T) {
	c, _, _ := importRecords(t, "unique_id,dialed,start,duration\n"+
		"1,030,2026-10-25 02:30:00,1\n2,030,2026-10-25 03:30:00,1\n")
	for id, want := range map[string]string{"1": "2026-10-25T00:30:00Z", "2": "2026-10-25T02:30:00Z"} {
		if got := c.records[id].Start.Format(time.RFC3339); got != want {
			t.Errorf("call %s starts at %s, want %s", id, got, want)
		}
	}
}

func TestRecordImportNamesEachBadLine(t *testing.T) {
	sheet := "unique_id;dialed;start;duration;private;cause\n" +
		"1;0301;2026-11-22T10:00:00Z;60;yes;16\n" +
		";0301;2026-11-22T10:00:00Z;60;;\n" +
		"3;0301;yesterday;60;;\n" +
		"4;0301;2026-11-22T10:00:00Z;1 hour;;\n" +
		"5;0301;2026-11-22T10:00:00Z;;;\n" +
		"garbage\n" +
		"7;0301;2026-11-22T10:00:00Z;60;perhaps;16\n" +
		"8;0301;2026-11-22T10:00:00Z;60;;-1\n" +
		"9;0301;1795341600500;60;;\n" +
		"1;0301;2026-11-22T10:00:00Z;60;yes;16\n"
	c, summary, rejects := importRecords(t, sheet)
	if want := (RecordSummary{Stored: 1, Duplicate: 1, Rejected: 8}); summary != want {
		t.Errorf("got %+v, want %+v", summary, want)
	}
	if !c.records["1"].Private || c.records["1"].Cause != 16 {
		t.Errorf("the private mark or the cause was lost: %+v", c.records["1"])
	}
	want := []string{
		`line 3, unique_id "": is empty: it is the key against charging twice`,
		`line 4, start "yesterday": want 2026-11-22T14:05:00Z, or 2026-11-22 14:05:00 in the device's zone, or seconds since 1970`,
		`line 5, duration "1 hour": want seconds, such as 62 or 61.250`,
		`line 6, end "": end and duration are both empty: one is needed`,
		`line 7: has 1 fields, the header has 6`,
		`line 8, private "perhaps": want yes or no`,
		`line 9, cause "-1": want a whole number`,
		`line 10, start "1795341600500": want 2026-11-22T14:05:00Z, or 2026-11-22 14:05:00 in the device's zone, or seconds since 1970`,
	}
	if diff := cmp.Diff(want, rejects); diff != "" {
		t.Error(diff)
	}
}

// A file of many blocks is read whole: every line once, in spite of the workers.
func TestRecordImportManyBlocks(t *testing.T) {
	const lines = 20_000
	var sheet strings.Builder
	sheet.WriteString("unique_id,dialed,start,duration\n")
	for i := range lines {
		fmt.Fprintf(&sheet, "call-%d,0301234567,2026-11-22T10:00:00Z,60\n", i)
	}
	c, summary, rejects := importRecords(t, sheet.String())
	if summary.Stored != lines || len(c.records) != lines || len(rejects) > 0 {
		t.Errorf("got %+v with %d records and %v, want %d", summary, len(c.records), rejects, lines)
	}
}
