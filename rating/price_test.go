package rating

import (
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/rating/specimen"

	"github.com/google/go-cmp/cmp"
)

var wednesday = time.Date(2026, 7, 1, 15, 59, 45, 0, time.UTC)

func compiled(t *testing.T, change func(*tollgate.Tariff), decks ...tollgate.Deck) *Tariff {
	t.Helper()
	source := specimen.Tariff()
	if change != nil {
		change(&source)
	}
	tariff, err := Compile(source, decks)
	if err != nil {
		t.Fatal(err)
	}
	return tariff
}

func withPeak(t *tollgate.Tariff) {
	t.Default = tollgate.Rate{Price: "0.06", PricePeak: "0.12", First: "10", Next: "6", ConnectFee: "0.1"}
	t.Peak = tollgate.PeakWindow{From: "08:00", To: "18:00", Weekend: []string{"sunday"}, Holidays: []string{"de"}}
}

func TestPriceAllocatesNothing(t *testing.T) {
	rates := specimen.Rates(1000)
	decks := []tollgate.Deck{{ID: 1, Rates: rates}}
	for name, change := range map[string]func(*tollgate.Tariff){"plain": nil, "peak": withPeak} {
		tariff := compiled(t, change, decks...)
		charge := tollgate.Charge{Spans: make([]tollgate.Span, 0, 4)}
		call := Call{Number: rates[7].Prefix + "123", Answer: wednesday, Duration: time.Minute}
		if allocs := testing.AllocsPerRun(100, func() {
			if err := tariff.Price(call, &charge); err != nil || charge.Rate != rates[7].Prefix {
				t.Fatalf("%+v, %v", charge, err)
			}
		}); allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func TestPriceRefuses(t *testing.T) {
	tariff := compiled(t, withPeak)
	tests := map[string]Call{
		"answered at 1969-12-31T23:59:59Z":         {Answer: time.Unix(-1, 0)},
		"answered at 2200-01-01T00:00:00Z":         {Answer: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)},
		"duration -1ns: want 0 to 8784h0m0s":       {Answer: wednesday, Duration: -1},
		"duration 8784h0m0.000000001s: want 0 to ": {Answer: wednesday, Duration: DurationMax + 1},
	}
	for want, call := range tests {
		charge := tollgate.Charge{Micro: 5, Billed: 5, Spans: make([]tollgate.Span, 3)}
		err := tariff.Price(call, &charge)
		if tollgate.CodeOf(err) != tollgate.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if charge.Status != tollgate.ChargeUnpriced || charge.Micro != 0 || charge.Billed != 0 || len(charge.Spans) > 0 {
			t.Errorf("%s left a price behind: %+v", want, charge)
		}
	}
	last := Call{Answer: time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC), Duration: DurationMax}
	var charge tollgate.Charge
	if err := tariff.Price(last, &charge); err != nil || charge.Billed < int64(DurationMax/time.Second) {
		t.Errorf("the last call there is: %+v, %v", charge, err)
	}
}

// A frozen charge has all that its explanation needs, also in JSON.
func TestChargeIsComplete(t *testing.T) {
	tariff := compiled(t, withPeak, tollgate.Deck{ID: 3, Rates: []tollgate.Rate{{Prefix: "49", Name: "Germany"}}})
	var got tollgate.Charge
	call := Call{Number: "4930123456", Answer: wednesday, Duration: 30 * time.Second}
	if err := tariff.Price(call, &got); err != nil {
		t.Fatal(err)
	}
	want := tollgate.Charge{
		Status: tollgate.ChargePriced, Source: tollgate.ChargedByTariff, Micro: 150_000, Currency: "EUR",
		Seconds: 30, Billed: 34, Tariff: 1, Deck: 3, Rate: "49", RateName: "Germany", ConnectFee: "0.1",
		First: 10, Next: 6, Spans: []tollgate.Span{
			{From: 0, Seconds: 16, Price: "0.12", Per: 60, Band: tollgate.Peak},
			{From: 16, Seconds: 18, Price: "0.06", Per: 60, Band: tollgate.OffPeak},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	sentence := "The call of 30 s to Germany (rate 49) is charged as 34 s (at least 10 s, then in steps of 6 s):" +
		" 16 s at the peak price of 0.12 per minute, 18 s at the off-peak price of 0.06 per minute" +
		" and a connect fee of 0.1 makes 0.15 EUR."
	if got := Explain(&got); got != sentence {
		t.Errorf("%s\nwant\n%s", got, sentence)
	}
	steps := []Step{
		{"billed", "10 s + 4 × 6 s", "34 s"},
		{"seconds 0 to 16, peak", "16 s × 0.12 / 60 s", "0.032"},
		{"seconds 16 to 34, off-peak", "18 s × 0.06 / 60 s", "0.018"},
		{"connect fee", "", "0.1"},
		{"exact sum", "", "0.15"},
		{"rounded once", "", "0.150000 EUR"},
	}
	if diff := cmp.Diff(steps, Steps(&got)); diff != "" {
		t.Error(diff)
	}
}

// Charges that no tariff made.
func TestExplainOther(t *testing.T) {
	tests := []struct {
		charge tollgate.Charge
		want   string
	}{
		{tollgate.Charge{}, "No tariff applies to this side of the call, so it has no price."},
		{
			tollgate.Charge{
				Status: tollgate.ChargePriced, Source: tollgate.ChargedByAOC, Micro: 840_000, Currency: "EUR",
			},
			"The network advised a charge of 0.84 EUR for the call.",
		},
		{tollgate.Charge{Status: tollgate.ChargeUnanswered}, "The call was not answered and costs nothing."},
	}
	for _, test := range tests {
		if got := Explain(&test.charge); got != test.want || Steps(&test.charge) != nil {
			t.Errorf("got %s %v, want %s", got, Steps(&test.charge), test.want)
		}
	}
}

// TestSameOnAnyMachine compiles every calendar: none may need the machine's zone files.
func TestEveryCalendar(t *testing.T) {
	for name := range calendars() {
		tariff := compiled(t, func(t *tollgate.Tariff) {
			withPeak(t)
			t.Peak.Holidays = []string{name}
		})
		holidays := 0
		for day := range int64(366) {
			if tariff.window.holidays.contains(20454 + day) { // 2026-01-01
				holidays++
			}
		}
		if holidays < 6 || holidays > 30 {
			t.Errorf("%s has %d holidays in 2026", name, holidays)
		}
	}
}
