package rating

import (
	"math"
	"math/big"
	"strconv"
	"testing"
	"time"

	"tollgate"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// zones have clocks that change by an hour, by half an hour, around midnight,
// backwards, or never.
var zones = []string{
	"Europe/Berlin", "Europe/Dublin", "America/New_York", "Australia/Lord_Howe",
	"America/Sao_Paulo", "Asia/Gaza", "Asia/Kolkata", "Africa/Casablanca", "Pacific/Apia", "UTC",
}

// TestPriceAgainstOracle compares random tariffs, decks and calls with the oracle.
func TestPriceAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source, decks := drawTariff(t), drawDecks(t)
		tariff, err := Compile(source, decks)
		if err != nil {
			t.Fatal(err)
		}
		zone, err := time.LoadLocation(source.Timezone)
		if err != nil {
			t.Fatal(err)
		}
		var got tollgate.Charge
		for range 5 {
			call := drawCall(t, zone)
			if err := tariff.Price(call, &got); err != nil {
				t.Fatal(err)
			}
			compare(t, call, &got, oracle{source, decks, zone}.price(call))
		}
	})
}

func compare(t *rapid.T, c Call, got *tollgate.Charge, want answer) {
	wantStatus, wantMicro := tollgate.ChargePriced, "0"
	switch {
	case c.Answer.IsZero():
		wantStatus = tollgate.ChargeUnanswered
	case want.micro == nil:
		wantStatus = tollgate.ChargeUnpriced
	default:
		wantMicro = want.micro.String()
	}
	if got.Status != wantStatus || strconv.FormatInt(got.Micro, 10) != wantMicro || got.Billed != want.billed ||
		got.Rate != want.rate {
		t.Errorf("%+v:\ngot  %+v\nwant %s, %+v", c, got, wantStatus, want)
	}
	if diff := cmp.Diff(want.spans, got.Spans, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%+v: %s", c, diff)
	}
	sum := int64(0)
	for _, span := range got.Spans {
		sum += span.Seconds
	}
	if sum != got.Billed {
		t.Errorf("billed %d, spans %d", got.Billed, sum)
	}
	if Explain(got) == "" {
		t.Error("no explanation")
	}
	if got.Status == tollgate.ChargePriced {
		exact := exactSum(got).Cmp(big.NewRat(got.Micro, tollgate.MicroPerUnit)) == 0
		if isRounded(got) == exact {
			t.Errorf("rounded %t, exact %t: %+v", !exact, exact, got)
		}
	}
}

// TestSplitCall says that a call cut at a pulse boundary costs what it costs whole.
func TestSplitCall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := drawTariff(t)
		whole.Per, whole.Decimals, whole.Grace = 1, 6, 0
		whole.MinCharge, whole.MaxCharge, whole.Default.ConnectFee = "", "", ""
		price := rapid.StringMatching(`[0-9]\.[0-9]{1,6}`)
		whole.Default.Price, whole.Default.PricePeak = price.Draw(t, "price"), price.Draw(t, "peak")
		first, next := rapid.Int64Range(0, 90).Draw(t, "first"), rapid.Int64Range(1, 90).Draw(t, "next")
		whole.Default.First, whole.Default.Next = strconv.FormatInt(first, 10), strconv.FormatInt(next, 10)
		rest := whole
		rest.Default.First = "0"
		zone, err := time.LoadLocation(whole.Timezone)
		if err != nil {
			t.Fatal(err)
		}
		call := drawCall(t, zone)
		call.Answer = drawInstant(t, zone)
		cut := first + next*rapid.Int64Range(0, 50).Draw(t, "pulses")
		call.Duration = max(call.Duration.Truncate(time.Second), time.Duration(cut)*time.Second)
		left, right := call, call
		left.Duration = time.Duration(cut) * time.Second
		right.Answer, right.Duration = call.Answer.Add(left.Duration), call.Duration-left.Duration

		a, b, c := price1(t, whole, call), price1(t, whole, left), price1(t, rest, right)
		if cut == 0 { // nothing before the cut, and the first interval is 0
			b = tollgate.Charge{}
		}
		if a.Micro != b.Micro+c.Micro || a.Billed != b.Billed+c.Billed {
			t.Fatalf("%v cut at %d: %d (%d s) is not %d (%d s) + %d (%d s)",
				call, cut, a.Micro, a.Billed, b.Micro, b.Billed, c.Micro, c.Billed)
		}
		for _, span := range c.Spans {
			span.From += cut
			b.Spans = join(b.Spans, span)
		}
		if diff := cmp.Diff(a.Spans, b.Spans, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func price1(t *rapid.T, source tollgate.Tariff, c Call) (charge tollgate.Charge) {
	tariff, err := Compile(source, nil)
	if err == nil {
		err = tariff.Price(c, &charge)
	}
	if err != nil {
		t.Fatal(err)
	}
	return charge
}

// TestZoneLayout compares the laid out zones with the library at random instants.
func TestZoneLayout(t *testing.T) {
	for _, name := range zones {
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		w := window{zone: periods(location)}
		rapid.Check(t, func(t *rapid.T) {
			at := rapid.Int64Range(firstInstant, endInstant).Draw(t, "at")
			got, until := w.offset(at)
			_, want := time.Unix(at, 0).In(location).Zone()
			if got != int64(want) || until <= at {
				t.Fatalf("%s at %d: offset %d until %d, want %d", name, at, got, until, want)
			}
		})
	}
}

// TestRoundAgainstBig compares the one division with math/big.
func TestRoundAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sum{high: rapid.Uint64Range(0, 1<<26).Draw(t, "high"), low: rapid.Uint64().Draw(t, "low")}
		divisor := rapid.Uint64Range(1, pow10(18)).Draw(t, "divisor")
		got, ok := s.round(divisor, tollgate.RoundHalfUp)
		exact := new(big.Int).Lsh(new(big.Int).SetUint64(s.high), 64)
		exact.Add(exact, new(big.Int).SetUint64(s.low))
		exact.Add(exact.Lsh(exact, 1), new(big.Int).SetUint64(divisor))
		want := exact.Quo(exact, new(big.Int).SetUint64(2*divisor))
		if ok != want.IsUint64() || ok && got != want.Uint64() {
			t.Fatalf("%+v / %d: %d, %t, want %s", s, divisor, got, ok, want)
		}
	})
	if _, ok := (sum{high: 1, low: math.MaxUint64}).round(2, tollgate.RoundUp); ok {
		t.Error("2^64 fits in 64 bits")
	}
}

func drawTariff(t *rapid.T) tollgate.Tariff {
	amount := func(name string) string {
		return rapid.StringMatching(`|0|0\.[0-9]{1,9}|[0-9]{1,3}(\.[0-9]{1,4})?`).Draw(t, name)
	}
	days := []string{"sunday", "monday", "friday", "saturday"}
	holidays := []string{"easter_monday", "good_friday", "12-25", "02-29", "2026-10-25", "03-29", "11-01"}
	hour := rapid.StringMatching(`([01][0-9]|2[0-3]):[0-5][0-9]`)
	tariff := tollgate.Tariff{
		ID: 7, Name: "drawn", Currency: "EUR", Timezone: rapid.SampledFrom(zones).Draw(t, "zone"),
		Per:      rapid.SampledFrom([]int64{1, 7, 60, 3600}).Draw(t, "per"),
		Decimals: rapid.IntRange(0, 6).Draw(t, "decimals"),
		Rounding: rapid.SampledFrom([]tollgate.Rounding{
			"", tollgate.RoundHalfUp, tollgate.RoundHalfEven, tollgate.RoundUp, tollgate.RoundDown,
		}).Draw(t, "rounding"),
		DurationRounding: rapid.SampledFrom([]tollgate.DurationRounding{
			"", tollgate.DurationUp, tollgate.DurationNearest, tollgate.DurationDown,
		}).Draw(t, "duration rounding"),
		Grace:   max(0, rapid.Int64Range(-60, 30).Draw(t, "grace")),
		Default: drawTerms(t),
		Peak: tollgate.PeakWindow{
			From: hour.Draw(t, "from"), To: hour.Draw(t, "to"),
			Weekend:  rapid.SliceOfN(rapid.SampledFrom(days), 0, 2).Draw(t, "weekend"),
			Holidays: rapid.SliceOfN(rapid.SampledFrom(holidays), 0, 4).Draw(t, "holidays"),
		},
	}
	tariff.Default.Per = ""
	if rapid.Bool().Draw(t, "limited") {
		tariff.MinCharge, tariff.MaxCharge = amount("min"), amount("max")
		if fraction(tariff.MaxCharge).Cmp(fraction(tariff.MinCharge)) < 0 {
			tariff.MaxCharge = ""
		}
	}
	return tariff
}

// drawTerms draws what a rate may say, each field often left empty.
func drawTerms(t *rapid.T) tollgate.Rate {
	price := rapid.StringMatching(`|0|0\.[0-9]{1,9}|[0-9]{1,2}(\.[0-9]{1,4})?`)
	seconds := rapid.SampledFrom([]string{"", "1", "6", "10", "30", "60", "61"})
	return tollgate.Rate{
		Price: price.Draw(t, "price"), PricePeak: price.Draw(t, "price_peak"),
		ConnectFee: price.Draw(t, "connect_fee"), Per: seconds.Draw(t, "per"),
		First: rapid.SampledFrom([]string{"", "0", "1", "10", "60", "3600"}).Draw(t, "first"),
		Next:  seconds.Draw(t, "next"),
	}
}

func drawDecks(t *rapid.T) []tollgate.Deck {
	var decks []tollgate.Deck
	for i := range rapid.IntRange(0, 3).Draw(t, "decks") {
		d := tollgate.Deck{ID: tollgate.ID(i + 1), Effective: time.Date(2025+i, 3, 29, 1, 0, 0, 0, time.UTC)}
		if i == 0 {
			d.Effective = time.Time{}
		}
		seen := map[string]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "rates") {
			r := drawTerms(t)
			key := rapid.StringMatching(`[12]{1,5}`).Draw(t, "key")
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				r.Number, key = key, "="+key
			case 1:
				r.Class = rapid.SampledFrom(tollgate.Classes()).Draw(t, "class")
				key = string(r.Class)
			default:
				r.Prefix = key
			}
			if !seen[key] {
				d.Rates = append(d.Rates, r)
			}
			seen[key] = true
		}
		decks = append(decks, d)
	}
	return decks
}

func drawCall(t *rapid.T, zone *time.Location) Call {
	c := Call{
		Number: rapid.StringMatching(`[123]{0,6}`).Draw(t, "number"),
		Class:  rapid.SampledFrom(append(tollgate.Classes(), "")).Draw(t, "class"),
	}
	if rapid.IntRange(0, 19).Draw(t, "unanswered") > 0 {
		c.Answer = drawInstant(t, zone)
	}
	limit := rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 6 * time.Hour}).Draw(t, "limit")
	c.Duration = time.Duration(rapid.Int64Range(0, int64(limit)).Draw(t, "duration"))
	if rapid.Bool().Draw(t, "whole") {
		c.Duration = c.Duration.Round(time.Second / 2)
	}
	return c
}

// drawInstant likes the hours around a change of the clocks and around midnight.
func drawInstant(t *rapid.T, zone *time.Location) time.Time {
	at := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "at"), 0)
	if rapid.Bool().Draw(t, "near") {
		if _, end := at.In(zone).ZoneBounds(); !end.IsZero() {
			at = end
		} else {
			at = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone)
		}
		at = at.Add(time.Duration(rapid.Int64Range(-4*3600, 4*3600).Draw(t, "off")) * time.Second)
	}
	return at.Add(time.Duration(rapid.SampledFrom([]int64{0, 0, 1, 999_999_999}).Draw(t, "fraction"))).UTC()
}
