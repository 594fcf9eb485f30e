package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/batch"
	"tollgate/rating"
	"tollgate/rating/specimen"
)

// TestPricingKeepsOrder prices a sheet of many blocks and compares every line
// with the same call priced alone.
func TestPricingKeepsOrder(t *testing.T) {
	const calls = 60_000
	deck := specimen.Rates(2_000)
	tariff, err := rating.Compile(specimen.Tariff(), []tollgate.Deck{{Rates: deck}})
	if err != nil {
		t.Fatal(err)
	}
	file := bytes.NewBufferString("id,to,answer,duration\n")
	var want bytes.Buffer
	want.WriteString("id,to,answer,duration,amount,currency,billed_seconds,rate,status\n")
	answer := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	var charge tollgate.Charge
	for i, number := range specimen.Numbers(calls, deck) {
		call := rating.Call{Number: number, Answer: answer, Duration: time.Duration(i%999) * time.Second}
		if err := tariff.Price(call, &charge); err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%d,%s,%s,%d", i, number, answer.Format(time.RFC3339), i%999)
		fmt.Fprintln(file, line)
		fmt.Fprintf(&want, "%s,%s,EUR,%d,%s,priced\n",
			line, tollgate.FormatMicro(charge.Micro), charge.Billed, charge.Rate)
	}
	var got bytes.Buffer
	tally, err := priceSheet(t.Context(), tariff, file, &got)
	if err != nil {
		t.Fatal(err)
	}
	if tally.calls != calls || tally.priced != calls {
		t.Errorf("%+v, want %d calls", tally, calls)
	}
	gotLines, wantLines := strings.Split(got.String(), "\n"), strings.Split(want.String(), "\n")
	for i := range wantLines {
		if i >= len(gotLines) || gotLines[i] != wantLines[i] {
			t.Fatalf("line %d of %d differs, want %q", i+1, len(gotLines), wantLines[i])
		}
	}
}

func priceSheet(
	ctx context.Context, tariff *rating.Tariff, file *bytes.Buffer, out *bytes.Buffer,
) (*tally, error) {
	sheet, err := batch.NewSheet(file, batch.Form{Columns: callColumns(), Required: callColumns()})
	if err != nil {
		return nil, err
	}
	return (&pricing{tariff: tariff, sheet: sheet}).run(ctx, out)
}

// An interrupted run fails: what it has written is not all.
func TestPricingInterrupted(t *testing.T) {
	tariff, err := rating.Compile(specimen.Tariff(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := bytes.NewBufferString("id,to,answer,duration\n" + strings.Repeat("1,49,,\n", 1_000_000))
	if _, err := priceSheet(ctx, tariff, file, &bytes.Buffer{}); err == nil ||
		!strings.Contains(err.Error(), "interrupted after") {
		t.Errorf("got %v", err)
	}
}

func TestParseDuration(t *testing.T) {
	tests := map[string]struct {
		want time.Duration
		err  string
	}{
		"0":            {0, ""},
		"60":           {time.Minute, ""},
		"60.4":         {60*time.Second + 400*time.Millisecond, ""},
		"0.000000001":  {1, ""},
		"007.5":        {7500 * time.Millisecond, ""},
		"999999999":    {999_999_999 * time.Second, ""}, // too long, says rating
		"0.0000000001": {0, "want at most 9 decimals"},
		"1000000000":   {0, "want at most 8784h0m0s"},
		"":             {0, "want seconds"},
		"-1":           {0, "want seconds"},
		"1.":           {0, "want seconds"},
		".5":           {0, "want seconds"},
		"1e3":          {0, "want seconds"},
		"1:00":         {0, "want seconds"},
	}
	for text, test := range tests {
		got, err := parseDuration([]byte(text))
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%q: %v, %v, want %v %s", text, got, err, test.want, test.err)
		}
	}
}

func TestTallyAmount(t *testing.T) {
	var big, small tally
	for range 3 {
		big.count(&tollgate.Charge{Status: tollgate.ChargePriced, Micro: 9_000_000_000_000_000_001}, nil)
	}
	small.count(&tollgate.Charge{Status: tollgate.ChargePriced, Micro: 5}, nil)
	if got := small.amount(); got != "0.000005" {
		t.Errorf("got %s", got)
	}
	big.add(&small)
	if got := big.amount(); got != "27000000000000.000008" {
		t.Errorf("got %s", got)
	}
}
