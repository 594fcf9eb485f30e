package charging

import (
	"context"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// Found is what came of asking again who pays for calls that nobody was found
// for, in calls. The last four are nobody's still.
type Found struct {
	Charged  int // have somebody who pays, and a price
	Spared   int // nobody has to pay: a call rule or selective billing leaves them out
	Unmapped int // no rule finds an account
	NoTariff int // no tariff applies to the account that would pay
	NoRate   int // no deck that was in force when they began has a rate for them
	Stuck    int // the device, its dialling plan, the tariff or its currency does not fit any more
}

// Nobodys is how many calls are nobody's still.
func (f Found) Nobodys() int { return f.Unmapped + f.NoTariff + f.NoRate + f.Stuck }

// FindPayers asks again who pays for the calls of a filter that nobody was found
// for, with the configuration as it is now, and charges them at the price of
// their time. A call gets its payer together with a price or stays as it is; a
// second run, or one beside it, charges none twice.
func (f *Office) FindPayers(
	ctx context.Context, actor store.Actor, scope store.Scope, filter store.CDRFilter,
) (found Found, err error) {
	filter.Unpaid = true
	err = f.again(ctx, scope, filter, func(d *directory, calls []tollgate.CDR) error {
		var charged, spared []ledger.Settlement
		for _, cdr := range calls {
			s := ledger.Settlement{CDR: cdr}
			switch count := d.payAgain(&s, &found); count {
			case &found.Charged:
				charged = append(charged, s)
			case &found.Spared:
				spared = append(spared, s)
			default:
				*count++
			}
		}
		n, err := f.priceAgain(ctx, d, actor, "find who pays", charged)
		if found.Charged += n; err != nil {
			return err
		}
		n, err = f.priceAgain(ctx, d, actor, "find who pays", spared)
		found.Spared += n
		return err
	})
	return found, err
}

// payAgain asks who pays for a stored call and prices the customer's side. Number,
// operator and cost stay what they were. It returns where the call is to be counted.
func (d *directory) payAgain(s *ledger.Settlement, found *Found) *int {
	c, site := &s.CDR, d.sites[s.CDR.Call.Device]
	if site == nil || site.broken != nil {
		return &found.Stuck
	}
	dialled := site.number(c.Number.Raw, c.Trunk, sentOnTrunk(c.Source))
	c.Number.Dialed = dialled.Dialed // rules ask for it, and it is not kept
	// That its mark did not count then was because nobody's line may not mark calls.
	c.Number.Private = c.Number.Private || dialled.Private
	c.Payer, c.PaidBy = 0, tollgate.PaidByNobody
	v, err := d.decide(&question{CDR: c, site: site})
	payer := d.accounts[c.Payer]
	switch {
	case err != nil:
		return &found.Stuck
	case v.Rated:
		c.PaidBy = tollgate.PaidByRule
	case payer == nil:
		return &found.Unmapped
	case c.Enterprise != 0 && c.Enterprise != payer.Enterprise:
		return &found.Stuck // the device was another company's when the call was made
	default:
		c.Enterprise = payer.Enterprise
		s.Quota, s.Purse = d.purse(payer)
	}
	s.Unlisted = v.Unbilled
	if d.priceCustomer(payer, v, c) != "" || d.mixed(s) != "" {
		return &found.Stuck
	}
	d.margin(c)
	switch {
	case v.Rated || v.Unbilled:
		return &found.Spared
	case c.Customer.Status == tollgate.ChargeNone:
		return &found.NoTariff
	case c.Customer.Status == tollgate.ChargeUnpriced:
		return &found.NoRate
	}
	return &found.Charged
}
