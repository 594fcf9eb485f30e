// Package specimen makes up decks and numbers of any size that look like those
// of a carrier, for measuring. The same size always gives the same ones.
package specimen

import (
	"fmt"
	"math/rand/v2"

	"tollgate"
)

const (
	countries    = 220
	networks     = 20 // of each country
	prefixDigits = 9  // at most, of a prefix
	numberDigits = 12
)

// Tariff is a tariff without a deck: EUR per minute, by the minute, no peak window.
func Tariff() tollgate.Tariff {
	return tollgate.Tariff{
		ID: 1, Name: "specimen", Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
		Default: tollgate.Rate{Price: "0.05", First: "60", Next: "60"},
	}
}

// Rates makes a deck of n prefixes, up to some millions: few countries, each
// with some networks that have many prefixes and one price.
func Rates(n int) []tollgate.Rate {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	rates := make([]tollgate.Rate, 0, n)
	seen := make(map[string]bool, n)
	for len(rates) < n {
		country := random.IntN(random.IntN(countries) + 1) // some countries have far more rates
		prefix := fmt.Sprintf("%d%d", 1+country%9, country/9)
		prefix += digits(random, min(random.IntN(prefixDigits), prefixDigits-len(prefix)))
		if seen[prefix] {
			prefix += digits(random, prefixDigits-len(prefix))
		}
		if seen[prefix] {
			continue
		}
		seen[prefix] = true
		network := random.IntN(networks)
		rate := tollgate.Rate{
			Prefix: prefix, Name: fmt.Sprintf("Country %d, network %d", country, network),
			Price: fmt.Sprintf("0.%04d", (country*networks+network)*7919%4000),
		}
		if network%3 == 0 {
			rate.First, rate.Next = "30", "6"
		}
		rates = append(rates, rate)
	}
	return rates
}

// Numbers makes n numbers that have a prefix of the deck.
func Numbers(n int, rates []tollgate.Rate) []string {
	random := rand.New(rand.NewPCG(uint64(n), 2))
	numbers := make([]string, n)
	for i := range numbers {
		prefix := rates[random.IntN(len(rates))].Prefix
		numbers[i] = prefix + digits(random, numberDigits-len(prefix))
	}
	return numbers
}

func digits(random *rand.Rand, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = '0' + byte(random.IntN(10))
	}
	return string(text)
}
