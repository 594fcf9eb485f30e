package ledger

import (
	"context"

	"tollgate"
	"tollgate/store"
)

// repricing is calls in the books that have found a price, or who pays.
type repricing struct {
	actor       store.Actor
	action      string
	settlements []Settlement
}

// Price gives calls that are in the books what was missing when they ended. A side
// that is stored as unpriced and is not any more is replaced, and the customer's is
// charged; a side that has a price keeps it. A call that nobody was found to pay
// and somebody is found now gets payer, enterprise, private mark and the customer's
// side of its settlement, and is charged. It returns how many calls changed; the
// same calls again change nothing. Each settlement's CDR is the stored one with
// what is new; the operation log calls it the action.
func (b *Book) Price(ctx context.Context, a store.Actor, action string, settlements []Settlement) (int, error) {
	priced := 0
	for len(settlements) > 0 {
		n := min(len(settlements), b.rowsMax)
		o := &operation{reprice: &repricing{actor: a, action: action, settlements: settlements[:n]}}
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
	return priced, c.Log(r.actor, r.action, "calls", map[string]int{"changed": priced})
}

func (c *commit) repriceOne(asked *Settlement) (bool, error) {
	stored, err := c.StoredEntry(asked.CDR.Enterprise, asked.CDR.ID)
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return false, nil // somebody found another enterprise's account for it meanwhile
	}
	if err != nil {
		return false, err
	}
	old := *stored.CDR
	payer := finds(&stored, &asked.CDR)
	customer := payer || replaces(&old.Customer, &asked.CDR.Customer)
	cost := replaces(&old.Cost, &asked.CDR.Cost)
	if !customer && !cost || !payer && asked.CDR.Payer != old.Payer {
		return false, nil
	}
	entry := stored
	entry.CDR.Exchange, entry.CDR.Margin = asked.CDR.Exchange, asked.CDR.Margin
	if payer {
		entry.CDR.Enterprise, entry.CDR.Payer, entry.CDR.PaidBy = asked.CDR.Enterprise, asked.CDR.Payer, asked.CDR.PaidBy
		entry.CDR.Number.Private, entry.Unlisted = asked.CDR.Number.Private, asked.Unlisted
	}
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

// finds reports whether somebody pays for a call now, or nobody has to, that
// nobody was found for. What was asked must know the cost as it is: the margin
// comes of it.
func finds(stored *store.Entry, asked *tollgate.CDR) bool {
	old := stored.CDR
	return old.Unpaid() && !asked.Unpaid() && stored.Purse == 0 && stored.Quota == 0 &&
		old.Cost.Status == asked.Cost.Status
}

// replaces reports whether a side that had no price has one now.
func replaces(old, asked *tollgate.Charge) bool {
	return old.Status == tollgate.ChargeUnpriced && asked.Status == tollgate.ChargePriced
}
