package rating

import (
	"cmp"
	"fmt"
	"time"

	"tollgate"
	"tollgate/numbering"

	"github.com/govalues/decimal"
)

// deck is one compiled deck: with everything it inherits from the tariff, so
// that pricing looks nowhere else. Decks have many prefixes but few different
// rates, so the indexes lead to rates that prefixes share.
type deck struct {
	id        tollgate.ID
	effective time.Time
	scale     int // every amount of the deck is in units of 10^-scale

	prefixes, numbers *numbering.Index // values are places in rates; nil: there are none
	classes           map[tollgate.Class]rate
	fallback          rate // the tariff's defaults

	rates   []rate
	terms   []terms
	amounts []amount
	names   []string
	min     ref // the smallest charge, none: no such limit
	max     ref
}

// rate says which terms and name of its deck apply.
type rate struct{ terms, name uint32 }

// terms is what one or more rates charge, with what they inherited.
type terms struct {
	off, peak, fee   ref
	per, first, next uint32 // seconds
}

// ref is a place in deck.amounts.
type ref uint32

const none ref = 0

// amount is a price, fee or limit, as a number and as it was written.
type amount struct {
	scaled uint64 // below 10^PriceDigitsMax
	text   string
}

// find chooses the rate: fixed number, longest prefix, class, default.
func (d *deck) find(c Call) (r rate, key string) {
	if d.numbers != nil {
		if i, length, ok := d.numbers.Longest(c.Number); ok && length == len(c.Number) {
			return d.rates[i], c.Number
		}
	}
	if d.prefixes != nil {
		if i, length, ok := d.prefixes.Longest(c.Number); ok {
			return d.rates[i], c.Number[:length]
		}
	}
	if r, ok := d.classes[c.Class]; ok {
		return r, string(c.Class)
	}
	return d.fallback, "default"
}

// deckCompiler makes one deck. Equal amounts, terms, names and rates are kept once.
type deckCompiler struct {
	deck
	defaults *tollgate.Rate
	per      uint32 // of the tariff
	refs     map[string]ref
	decimals []decimal.Decimal // of each amount
	faults   []*Fault          // where each amount was met first, should it not fit
	places   map[terms]uint32
	nameAt   map[string]uint32
	rateAt   map[rate]int
}

// compileDeck makes one deck of a tariff whose own fields are in order.
func compileDeck(t *tollgate.Tariff, source *tollgate.Deck) (*deck, error) {
	c := &deckCompiler{
		deck: deck{
			id: source.ID, effective: source.Effective, amounts: make([]amount, 1), names: []string{""},
		},
		defaults: &t.Default, per: uint32(t.Per), refs: map[string]ref{"": none}, places: map[terms]uint32{},
		decimals: make([]decimal.Decimal, 1), faults: make([]*Fault, 1), nameAt: map[string]uint32{"": 0},
		rateAt: map[rate]int{},
	}
	c.min = c.amount(t.MinCharge, 0, "min_charge")
	c.max = c.amount(t.MaxCharge, 0, "max_charge")
	c.fallback = c.rate(&tollgate.Rate{Name: t.Default.Name})
	if err := c.compileRows(source.Rates); err != nil {
		return nil, err
	}
	if err := c.scaleAmounts(); err != nil {
		return nil, err
	}
	compiled := c.deck // a copy, so that the compiler can go
	return &compiled, nil
}

// keys are prefixes or numbers, each with the place of its rate.
type keys struct {
	texts  []string
	places []int
}

func (k *keys) add(text string, place int) {
	k.texts, k.places = append(k.texts, text), append(k.places, place)
}

// compileRows compiles the rows of the deck.
func (c *deckCompiler) compileRows(rows []tollgate.Rate) (err error) {
	var prefixes, numbers keys
	c.classes = map[tollgate.Class]rate{}
	for i := range rows {
		row := &rows[i]
		if f := CheckRate(row); f != nil {
			return f
		}
		compiled := c.rate(row)
		switch {
		case row.Number != "":
			numbers.add(row.Number, c.place(compiled))
		case row.Prefix != "":
			prefixes.add(row.Prefix, c.place(compiled))
		case c.has(row.Class):
			return Duplicates(rows)[0]
		default:
			c.classes[row.Class] = compiled
		}
	}
	if c.prefixes, err = prefixes.index(rows); err != nil {
		return err
	}
	c.numbers, err = numbers.index(rows)
	return err
}

// place keeps a rate and returns where it is.
func (c *deckCompiler) place(r rate) int {
	at, known := c.rateAt[r]
	if !known {
		at = len(c.rates)
		c.rates = append(c.rates, r)
		c.rateAt[r] = at
	}
	return at
}

func (c *deckCompiler) has(class tollgate.Class) bool {
	_, ok := c.classes[class]
	return ok
}

// index makes the index, nil of nothing. It refuses a key that is there twice;
// only then does it look for the lines, because that costs as much as the index
// itself.
func (k *keys) index(rows []tollgate.Rate) (*numbering.Index, error) {
	if len(k.texts) == 0 {
		return nil, nil
	}
	index, err := numbering.NewIndexOf(k.texts, k.places)
	if err != nil {
		if faults := Duplicates(rows); len(faults) > 0 {
			return nil, faults[0]
		}
	}
	return index, err
}

// rate gives a checked row what it does not name itself. A row that names a
// price but no peak price costs its price at all times; one that names only a
// peak price inherits the other; one that names neither inherits both. The
// rest is inherited field by field.
func (c *deckCompiler) rate(row *tollgate.Rate) rate {
	d := c.defaults
	t := terms{
		off:   c.amount(cmp.Or(row.Price, d.Price), row.Line, "price"),
		peak:  c.amount(peakPrice(row, d), row.Line, "price_peak"),
		fee:   c.amount(cmp.Or(row.ConnectFee, d.ConnectFee), row.Line, "connect_fee"),
		per:   c.per,
		first: seconds(cmp.Or(row.First, d.First, "1")),
		next:  seconds(cmp.Or(row.Next, d.Next, "1")),
	}
	if row.Per != "" {
		t.per = seconds(row.Per)
	}
	place, known := c.places[t]
	if !known {
		place = uint32(len(c.terms))
		c.terms = append(c.terms, t)
		c.places[t] = place
	}
	name, known := c.nameAt[row.Name]
	if !known {
		name = uint32(len(c.names))
		c.names = append(c.names, row.Name)
		c.nameAt[row.Name] = name
	}
	return rate{terms: place, name: name}
}

func peakPrice(row, defaults *tollgate.Rate) string {
	if row.PricePeak == "" && row.Price != "" {
		return row.Price
	}
	return cmp.Or(row.PricePeak, defaults.PricePeak, defaults.Price)
}

// seconds reads an interval that was checked before.
func seconds(text string) uint32 {
	v, _ := parseSeconds(text, 0)
	return v
}

// amount keeps a checked amount and returns its place; empty is none.
func (c *deckCompiler) amount(text string, line int, key string) ref {
	if r, known := c.refs[text]; known {
		return r
	}
	r := ref(len(c.amounts))
	d, _ := parsePrice(text)
	c.refs[text] = r
	c.amounts = append(c.amounts, amount{text: text})
	c.decimals = append(c.decimals, d.Trim(0))
	c.faults = append(c.faults, &Fault{Line: line, Key: key, Value: text})
	return r
}

// scaleAmounts brings all amounts of the deck to one power of ten, at least
// that of the result, so that rounding only ever divides.
func (c *deckCompiler) scaleAmounts() error {
	c.scale = microDecimals
	for _, d := range c.decimals {
		c.scale = max(c.scale, d.Scale())
	}
	for i, d := range c.decimals {
		factor := pow10(c.scale - d.Scale())
		if d.Coef() >= pow10(PriceDigitsMax)/factor {
			f := c.faults[i]
			f.Reason = fmt.Sprintf("too large beside an amount with %d decimals in the same deck:"+
				" together at most %d digits", c.scale, PriceDigitsMax)
			return f
		}
		c.amounts[i].scaled = d.Coef() * factor
	}
	return nil
}
