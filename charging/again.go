package charging

import (
	"context"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
)

// Replay settles quarantined records again, as if they had just arrived, and
// removes from quarantine those that are in the books now. It returns a result
// for each id, in their order; CodeNotFound for one that the scope does not see.
func (f *Office) Replay(
	ctx context.Context, actor store.Actor, scope store.Scope, ids []tollgate.ID,
) ([]tollgate.Result, error) {
	d, err := f.directory(ctx)
	if err != nil {
		return nil, err
	}
	settlements := make([]ledger.Settlement, len(ids))
	for i, id := range ids {
		kept, err := f.db.Quarantined(ctx, scope, id)
		if err != nil {
			return nil, err
		}
		d.settle(&kept.Record, f.now(), keptDecision(&kept.Record), &settlements[i])
		settlements[i].Release = id
	}
	results, err := f.book.Settle(ctx, settlements)
	if err != nil {
		return nil, err
	}
	f.announce(settlements, results)
	return results, f.db.Post(ctx, func(p *store.Posting) error {
		return p.Log(actor, "replay", "quarantine", results)
	})
}

// PriceUnpriced prices the calls of a filter whose tariff had no price for
// them when they ended, with the decks as they are now, and charges them. It
// returns how many calls changed; a second run changes none.
func (f *Office) PriceUnpriced(
	ctx context.Context, actor store.Actor, scope store.Scope, filter store.CDRFilter,
) (priced int, err error) {
	filter.Unpriced = true
	err = f.again(ctx, scope, filter, func(d *directory, calls []tollgate.CDR) error {
		settlements := make([]ledger.Settlement, 0, len(calls))
		for _, cdr := range calls {
			if s := (ledger.Settlement{CDR: cdr}); d.settleAgain(&s) {
				settlements = append(settlements, s)
			}
		}
		n, err := f.priceAgain(ctx, d, actor, "price", settlements)
		priced += n
		return err
	})
	return priced, err
}

// again takes the calls of a filter to fn, a page at a time, with the configuration
// that is in force.
func (f *Office) again(ctx context.Context, scope store.Scope, filter store.CDRFilter,
	fn func(d *directory, calls []tollgate.CDR) error,
) error {
	d, err := f.directory(ctx)
	if err != nil {
		return err
	}
	if err := f.book.CatchUp(ctx); err != nil {
		return err
	}
	for paging := (store.Paging{Rows: store.PageRowsMax}); ; {
		page, err := f.db.CDRs(ctx, scope, filter, paging)
		if err != nil {
			return err
		}
		if err := fn(d, page.Items); err != nil || page.Next == "" {
			return err
		}
		paging.After = page.Next
	}
}

// priceAgain has the ledger take over what was settled again, each quota in the
// period that now is in.
func (f *Office) priceAgain(ctx context.Context, d *directory, actor store.Actor, action string,
	settlements []ledger.Settlement,
) (changed int, err error) {
	if err := f.freshenQuotas(ctx, d, settlements, f.now()); err != nil {
		return 0, err
	}
	return f.book.Price(ctx, actor, action, settlements)
}

// settleAgain prices the sides of a stored call that have no price. Payer and
// operator stay who they were.
func (d *directory) settleAgain(s *ledger.Settlement) (changed bool) {
	c := &s.CDR
	if payer := d.accounts[c.Payer]; payer != nil {
		s.Quota, s.Purse = d.purse(payer)
	}
	if unpriced := c.Customer; unpriced.Status == tollgate.ChargeUnpriced {
		reason := d.price(c.Customer.Tariff, asked(c), &c.Customer)
		changed = reason == "" && c.Customer.Status == tollgate.ChargePriced && d.mixed(s) == ""
		if !changed {
			c.Customer = unpriced // with a price that cannot be charged it never would be
		}
	}
	if c.Cost.Status == tollgate.ChargeUnpriced {
		reason := d.price(c.Cost.Tariff, asked(c), &c.Cost)
		changed = changed || reason == "" && c.Cost.Status == tollgate.ChargePriced
	}
	if !changed {
		return false
	}
	d.margin(c)
	return true
}
