package bench

import (
	"context"
	"runtime"
	"strings"
	"time"

	"tollgate"
	"tollgate/numbering"
	"tollgate/rating"
	"tollgate/rating/specimen"
)

// pricedNumbers is how many different numbers calls go to: more than what a
// processor remembers of a large deck.
const pricedNumbers = 1 << 18

// priceRounds is how many times more rounds there are than of longer work.
const priceRounds = 5

// price measures one call priced after another, to random numbers, by a tariff
// with a deck of that many prefixes. The limit is to find the prefix and no more.
func price(rates int) work {
	return func(_ context.Context, o Options) (Measurement, error) {
		tariff, index, numbers, err := prepare(rates)
		if err != nil {
			return Measurement{}, err
		}
		o.Rounds *= priceRounds
		allocations := float64(0)
		took, err := o.fastest(func(int) (time.Duration, error) {
			var took time.Duration
			took, allocations, err = priceAll(o, tariff, numbers)
			return took, err
		})
		if err != nil {
			return Measurement{}, err
		}
		limit, _ := o.fastest(func(int) (time.Duration, error) {
			began := o.Now()
			for i := range o.Calls {
				index.Longest(numbers[i%pricedNumbers])
			}
			return o.Now().Sub(began), nil
		})
		return Measurement{
			Value: float64(took) / float64(o.Calls), Unit: "ns/call",
			Limit: float64(limit) / float64(o.Calls), LimitOf: "finding the prefix alone",
			Ratio: float64(limit) / float64(took), Allocations: &allocations,
		}, nil
	}
}

// prepare makes the tariff, an index of its prefixes, and numbers to call.
func prepare(rates int) (*rating.Tariff, *numbering.Index, []string, error) {
	deck := specimen.Rates(rates)
	prefixes := make([]string, len(deck))
	for i := range deck {
		prefixes[i] = deck[i].Prefix
	}
	index, err := numbering.NewIndex(prefixes)
	if err != nil {
		return nil, nil, nil, err
	}
	tariff, err := rating.Compile(specimen.Tariff(), []tollgate.Deck{{Rates: deck}})
	return tariff, index, sideBySide(specimen.Numbers(pricedNumbers, deck)), err
}

// priceAll prices calls on one core and counts allocations per call.
func priceAll(o Options, tariff *rating.Tariff, numbers []string) (time.Duration, float64, error) {
	call := rating.Call{Answer: o.Now().UTC(), Duration: 95 * time.Second}
	charge := tollgate.Charge{Spans: make([]tollgate.Span, 0, 8)}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := o.Now()
	for i := range o.Calls {
		call.Number = numbers[i%pricedNumbers]
		call.Answer = call.Answer.Add(7 * time.Second)
		if err := tariff.Price(call, &charge); err != nil {
			return 0, 0, err
		}
	}
	took := o.Now().Sub(began)
	runtime.ReadMemStats(&after)
	// What the runtime itself allocates meanwhile is a handful; a call that
	// allocates does it every time.
	return took, float64((after.Mallocs - before.Mallocs) / uint64(o.Calls)), nil
}

// sideBySide puts texts next to each other in memory, as numbers are that were
// just read; else the benchmark waits for its own numbers.
func sideBySide(texts []string) []string {
	all := strings.Join(texts, "")
	at := 0
	for i, text := range texts {
		texts[i] = all[at:][:len(text)]
		at += len(text)
	}
	return texts
}
