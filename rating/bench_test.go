package rating

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"tollgate"
	"tollgate/rating/specimen"
)

// BenchmarkPrice prices calls to numbers all over a deck, one after another.
func BenchmarkPrice(b *testing.B) {
	peak := tollgate.PeakWindow{
		From: "08:00", To: "18:00", Weekend: []string{"saturday", "sunday"}, Holidays: []string{"de"},
	}
	for _, size := range []int{1_000, 100_000, 1_000_000} {
		for name, window := range map[string]tollgate.PeakWindow{"plain": {}, "peak": peak} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				rates := specimen.Rates(size)
				numbers := specimen.Numbers(1<<16, rates)
				source := specimen.Tariff()
				source.Peak = window
				tariff, err := Compile(source, []tollgate.Deck{{ID: 1, Rates: rates}})
				if err != nil {
					b.Fatal(err)
				}
				call := Call{Answer: time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC), Duration: 95 * time.Second}
				var charge tollgate.Charge
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					call.Number = numbers[i&(len(numbers)-1)]
					call.Answer = call.Answer.Add(7 * time.Second)
					i++
					if err := tariff.Price(call, &charge); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkLongCall prices a day by the second: the cost is that of its bands.
func BenchmarkLongCall(b *testing.B) {
	source := specimen.Tariff()
	source.Default = tollgate.Rate{Price: "0.05", PricePeak: "0.10"}
	source.Peak = tollgate.PeakWindow{From: "08:00", To: "18:00"}
	tariff, err := Compile(source, nil)
	if err != nil {
		b.Fatal(err)
	}
	call := Call{Answer: time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC), Duration: 24 * time.Hour}
	var charge tollgate.Charge
	b.ReportAllocs()
	for b.Loop() {
		if err := tariff.Price(call, &charge); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompile compiles a deck and says what it keeps in memory.
func BenchmarkCompile(b *testing.B) {
	for _, size := range []int{100_000, 1_000_000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			decks := []tollgate.Deck{{ID: 1, Rates: specimen.Rates(size)}}
			before := heap()
			var tariff *Tariff
			var err error
			for b.Loop() {
				if tariff, err = Compile(specimen.Tariff(), decks); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
			runtime.KeepAlive(tariff)
			runtime.KeepAlive(decks)
		})
	}
}

// heap is how much memory is in use after collecting what is not.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkExplain makes the sentence for a call over two bands.
func BenchmarkExplain(b *testing.B) {
	source := specimen.Tariff()
	source.Default = tollgate.Rate{Price: "0.05", PricePeak: "0.10", ConnectFee: "0.1", First: "10", Next: "6"}
	source.Peak = tollgate.PeakWindow{From: "08:00", To: "18:00"}
	tariff, err := Compile(source, nil)
	if err != nil {
		b.Fatal(err)
	}
	var charge tollgate.Charge
	if err := tariff.Price(Call{Answer: wednesday, Duration: time.Minute}, &charge); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if Explain(&charge) == "" {
			b.Fatal("no sentence")
		}
	}
}
