package rating

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"tollgate"
)

// oracle prices a call as the specification reads, second by second and in
// fractions. It shares no code with the package: slow, plain, and meant to be
// compared with the text.
type oracle struct {
	tariff tollgate.Tariff
	decks  []tollgate.Deck
	zone   *time.Location
}

// answer is what the oracle finds: nil cost means unpriced.
type answer struct {
	micro  *big.Int
	billed int64
	rate   string
	spans  []tollgate.Span
}

func (o oracle) price(c Call) answer {
	if c.Answer.IsZero() {
		return answer{micro: new(big.Int)}
	}
	d := o.seconds(c.Duration)
	own := o.rate(c)
	inherit := func(own, from string) string {
		if own == "" {
			return from
		}
		return own
	}
	off, peak := own.Price, own.PricePeak
	switch {
	case own.Price != "" && own.PricePeak == "":
		peak = own.Price
	case own.Price == "" && own.PricePeak != "":
		off = o.tariff.Default.Price
	case own.Price == "" && own.PricePeak == "":
		off = o.tariff.Default.Price
		peak = inherit(o.tariff.Default.PricePeak, off)
	}
	result := answer{rate: own.Key()}
	if off == "" && peak == "" {
		return result
	}
	if o.tariff.Grace > 0 && d <= o.tariff.Grace {
		result.micro = new(big.Int)
		return result
	}
	per := integer(inherit(own.Per, strconv.FormatInt(o.tariff.Per, 10)))
	first := integer(inherit(own.First, inherit(o.tariff.Default.First, "1")))
	next := integer(inherit(own.Next, inherit(o.tariff.Default.Next, "1")))
	amount := fraction(inherit(own.ConnectFee, o.tariff.Default.ConnectFee))
	for at := int64(0); at < d || at == 0 && first > 0; {
		length := next
		if at == 0 && first > 0 {
			length = first
		}
		price, band := off, tollgate.OffPeak
		if o.peak(c.Answer.Add(time.Duration(at) * time.Second)) {
			price, band = peak, tollgate.Peak
		}
		if price == "" {
			return answer{rate: own.Key()}
		}
		for range length {
			amount.Add(amount, new(big.Rat).Quo(fraction(price), big.NewRat(per, 1)))
		}
		result.spans = join(result.spans, tollgate.Span{
			From: at, Seconds: length, Price: price, Per: per, Band: band,
		})
		at += length
		result.billed = at
	}
	if least := o.tariff.MinCharge; least != "" && amount.Cmp(fraction(least)) < 0 {
		amount = fraction(least)
	}
	if most := o.tariff.MaxCharge; most != "" && amount.Cmp(fraction(most)) > 0 {
		amount = fraction(most)
	}
	result.micro = o.round(amount)
	return result
}

func (o oracle) seconds(d time.Duration) int64 {
	s := big.NewRat(int64(d), int64(time.Second))
	floor := new(big.Int).Quo(s.Num(), s.Denom())
	rest := new(big.Rat).Sub(s, new(big.Rat).SetInt(floor))
	switch o.tariff.DurationRounding {
	case tollgate.DurationDown:
	case tollgate.DurationNearest:
		if rest.Cmp(big.NewRat(1, 2)) >= 0 {
			return floor.Int64() + 1
		}
	default:
		if rest.Sign() > 0 {
			return floor.Int64() + 1
		}
	}
	return floor.Int64()
}

// rate looks at every rate of every deck.
func (o oracle) rate(c Call) tollgate.Rate {
	var inForce *tollgate.Deck
	for i := range o.decks {
		d := &o.decks[i]
		if !d.Effective.After(c.Answer) && (inForce == nil || d.Effective.After(inForce.Effective)) {
			inForce = d
		}
	}
	best, strength := tollgate.Rate{}, 0
	if inForce == nil {
		return best
	}
	for _, r := range inForce.Rates {
		now := 0
		switch {
		case r.Number != "" && r.Number == c.Number:
			now = 1000
		case r.Prefix != "" && strings.HasPrefix(c.Number, r.Prefix):
			now = 1 + len(r.Prefix)
		case r.Class != "" && r.Class == c.Class:
			now = 1
		}
		if now > strength {
			best, strength = r, now
		}
	}
	return best
}

func (o oracle) peak(at time.Time) bool {
	local := at.In(o.zone)
	for _, day := range o.tariff.Peak.Weekend {
		if strings.ToLower(local.Weekday().String()) == day {
			return false
		}
	}
	for _, holiday := range o.tariff.Peak.Holidays {
		easter := easterSunday(local.Year())
		switch holiday {
		case local.Format("01-02"), local.Format("2006-01-02"):
			return false
		case "easter_monday":
			easter = easter.AddDate(0, 0, 1)
		case "good_friday":
			easter = easter.AddDate(0, 0, -2)
		default:
			continue
		}
		if easter.Format(time.DateOnly) == local.Format(time.DateOnly) {
			return false
		}
	}
	clock, from, to := local.Format("15:04"), o.tariff.Peak.From, o.tariff.Peak.To
	if from < to {
		return from <= clock && clock < to
	}
	return from > to && (from <= clock || clock < to)
}

// easterSunday is Gauss's algorithm, where the library has Butcher's.
func easterSunday(year int) time.Time {
	a, b, c := year%19, year%4, year%7
	k := year / 100
	p := (13 + 8*k) / 25
	q := k / 4
	m, n := (15-p+k-q)%30, (4+k-q)%7
	d := (19*a + m) % 30
	e := (2*b + 4*c + 6*d + n) % 7
	day := 22 + d + e
	if d == 29 && e == 6 || d == 28 && e == 6 && (11*m+11)%30 < 19 {
		day -= 7
	}
	return time.Date(year, 3, day, 0, 0, 0, 0, time.UTC)
}

func (o oracle) round(amount *big.Rat) *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(o.tariff.Decimals)), nil)
	micro := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(6-o.tariff.Decimals)), nil)
	exact := new(big.Rat).Mul(amount, new(big.Rat).SetInt(unit))
	floor := new(big.Int).Quo(exact.Num(), exact.Denom())
	rest := new(big.Rat).Sub(exact, new(big.Rat).SetInt(floor))
	half := rest.Cmp(big.NewRat(1, 2))
	up := false
	switch o.tariff.Rounding {
	case tollgate.RoundUp:
		up = rest.Sign() > 0
	case tollgate.RoundDown:
	case tollgate.RoundHalfEven:
		up = half > 0 || half == 0 && floor.Bit(0) == 1
	default:
		up = half >= 0
	}
	if up {
		floor.Add(floor, big.NewInt(1))
	}
	return floor.Mul(floor, micro)
}

// join adds a span to spans, merging equal neighbours.
func join(spans []tollgate.Span, s tollgate.Span) []tollgate.Span {
	if n := len(spans); n > 0 && spans[n-1].Price == s.Price && spans[n-1].Band == s.Band {
		spans[n-1].Seconds += s.Seconds
		return spans
	}
	return append(spans, s)
}

func fraction(text string) *big.Rat {
	r := new(big.Rat)
	if text != "" {
		r.SetString(text)
	}
	return r
}

func integer(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
