package ledger

import (
	"context"

	"tollgate"
	"tollgate/store"
)

// repricing is calls in the books that have found a price.
type repricing struct {
	actor       store.Actor
	settlements []Settlement
}

// Price gives calls that are in the books the price that a tariff did not have
// when they ended: a side that is stored as unpriced and is not any more is
// replaced, and the customer's is charged. Sides that have a price keep it. It
// returns how many calls changed; pricing the same calls again changes none.
// Each settlement's CDR is the stored one with its new charges.
func (b *Book) Price(ctx context.Context, a store.Actor, settlements []Settlement) (int, error) {
	priced := 0
	for len(settlements) > 0 {
		n := min(len(settlements), b.rowsMax)
		o := &operation{reprice: &repricing{actor: a, settlements: settlements[:n]}}
		if err := b.do(ctx, o); err != nil {
			return priced, err
		}
		priced += o.answer.priced
		settlements = settlements[n:]
	}
	return priced, nil
}

func (c *commit) reprice(r *repricing) (priced int, err error) {
	for i := range r.settlements {
		changed, err := c.repriceOne(&r.settlements[i])
		if err != nil {
			return 0, err
		}
		if changed {
			priced++
		}
	}
	if priced == 0 {
		return 0, nil
	}
	return priced, c.Log(r.actor, "price", "calls", map[string]int{"priced": priced})
}

func (c *commit) repriceOne(asked *Settlement) (bool, error) {
	stored, err := c.StoredEntry(asked.CDR.Enterprise, asked.CDR.ID)
	if err != nil {
		return false, err
	}
	old := *stored.CDR
	customer := replaces(&old.Customer, &asked.CDR.Customer)
	cost := replaces(&old.Cost, &asked.CDR.Cost)
	if !customer && !cost {
		return false, nil
	}
	entry := stored
	entry.CDR.Exchange, entry.CDR.Margin = asked.CDR.Exchange, asked.CDR.Margin
	if cost {
		entry.CDR.Cost = asked.CDR.Cost
	}
	if customer {
		entry.CDR.Customer = asked.CDR.Customer
		s := &settling{Settlement: &Settlement{CDR: *entry.CDR, Purse: asked.Purse, Quota: asked.Quota}}
		if reason, err := c.check(s); reason != "" || err != nil {
			c.book.log.Warn("a call cannot be priced", "call", old.Call, "reason", reason)
			return false, err
		}
		entry.Purse, entry.Quota, entry.Unposted = asked.Purse, asked.Quota, s.unposted
	}
	changed, err := c.UpdateCharges(&old, &entry)
	if err != nil || !changed {
		return false, err
	}
	if customer {
		if err := c.charge(&entry); err != nil {
			return false, err
		}
	}
	c.counter(store.UsageKeyOf(&old)).Add(&old, -1)
	c.count(entry.CDR)
	return true, nil
}

// replaces reports whether a side that had no price has one now.
func replaces(old, asked *tollgate.Charge) bool {
	return old.Status == tollgate.ChargeUnpriced && asked.Status == tollgate.ChargePriced
}
