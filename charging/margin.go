package charging

import (
	"math/big"
	"slices"

	"tollgate"
	"tollgate/store"
)

// exchangeTable orders the dated rates of every pair by date.
func exchangeTable(rows []store.ExchangeRate) map[exchangePair][]exchangeRate {
	table := make(map[exchangePair][]exchangeRate)
	for _, r := range rows {
		pair := exchangePair{r.From, r.To}
		table[pair] = append(table[pair], exchangeRate{since: r.Effective, rate: r.Rate})
	}
	for _, rates := range table {
		slices.SortFunc(rates, func(a, b exchangeRate) int { return a.since.Compare(b.since) })
	}
	return table
}

// margin sets what remains of a call: customer minus cost in the customer's
// currency, with the exchange rate in force at its answer. Where a price or
// the exchange rate is missing the margin is unknown, which is not zero.
func (d *directory) margin(c *tollgate.CDR) {
	c.Exchange, c.Margin = "", nil
	if c.Customer.Status != tollgate.ChargePriced || c.Cost.Status != tollgate.ChargePriced {
		return
	}
	cost := c.Cost.Micro
	if c.Cost.Currency != c.Customer.Currency {
		rate := d.exchangeAt(c)
		changed, ok := exchanged(cost, rate)
		if !ok {
			return
		}
		cost, c.Exchange = changed, rate
	} else {
		c.Exchange = "1"
	}
	margin := c.Customer.Micro - cost
	c.Margin = &margin
}

// exchangeAt finds the rate from the operator's into the customer's currency
// at the answer of the call, "" when there is none.
func (d *directory) exchangeAt(c *tollgate.CDR) (rate string) {
	for _, r := range d.exchange[exchangePair{c.Cost.Currency, c.Customer.Currency}] {
		if r.since.After(c.Answer) {
			break
		}
		rate = r.rate
	}
	return rate
}

// exchanged multiplies millionths by a decimal rate and rounds once, half up.
// Costs of calls are never negative.
func exchanged(micro int64, rate string) (int64, bool) {
	factor, ok := new(big.Rat).SetString(rate)
	if !ok {
		return 0, false
	}
	product := factor.Mul(factor, new(big.Rat).SetInt64(micro))
	half := new(big.Int).Quo(product.Denom(), big.NewInt(2))
	rounded := new(big.Int).Quo(half.Add(half, product.Num()), product.Denom())
	return rounded.Int64(), rounded.IsInt64()
}
