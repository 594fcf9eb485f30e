package ledger

import (
	"context"
	"fmt"

	"tollgate"
	"tollgate/store"
)

// posting is a transfer that a person asks for.
type posting struct {
	actor    store.Actor
	kind     tollgate.TransferKind
	account  tollgate.ID
	amount   tollgate.Money // less than 0: taken from the account
	note     string
	key      string
	quiet    bool              // the operation log speaks of it elsewhere
	id       tollgate.ID       // of the transfer, should it be made
	transfer tollgate.Transfer // that was made, now or when the key was first used
}

// Recharge adds money that somebody paid to an account. The amount is greater
// than 0 and in the account's currency, else CodeInvalid. The key names the
// request: sent again with the same key it returns the first transfer, and
// with other content it is refused with CodeConflict. Without a key every call
// is a new request.
func (b *Book) Recharge(ctx context.Context, a store.Actor, account tollgate.ID,
	amount tollgate.Money, note, key string,
) (tollgate.Transfer, error) {
	if amount.Micro <= 0 {
		return tollgate.Transfer{}, tollgate.Errorf(tollgate.CodeInvalid,
			"recharge of %s: want more than 0", amount)
	}
	return b.post(ctx, &posting{
		actor: a, kind: tollgate.TransferRecharge, account: account, amount: amount, note: note, key: key,
	})
}

// Fund is Recharge for one account of many that one entry of the operation log
// speaks of together: it writes none of its own.
func (b *Book) Fund(ctx context.Context, a store.Actor, account tollgate.ID,
	amount tollgate.Money, note, key string,
) (tollgate.Transfer, error) {
	if amount.Micro <= 0 {
		return tollgate.Transfer{}, tollgate.Errorf(tollgate.CodeInvalid,
			"recharge of %s: want more than 0", amount)
	}
	return b.post(ctx, &posting{
		actor: a, kind: tollgate.TransferRecharge, account: account, amount: amount, note: note, key: key,
		quiet: true,
	})
}

// Correct adds to an account, or takes from it when the amount is less than 0.
// It may take a prepaid account below its limit: that is recorded as an
// overdraft. For the rest it is like Recharge.
func (b *Book) Correct(ctx context.Context, a store.Actor, account tollgate.ID,
	amount tollgate.Money, note, key string,
) (tollgate.Transfer, error) {
	if amount.Micro == 0 {
		return tollgate.Transfer{}, tollgate.Errorf(tollgate.CodeInvalid, "correction of nothing")
	}
	return b.post(ctx, &posting{
		actor: a, kind: tollgate.TransferCorrection, account: account, amount: amount, note: note, key: key,
	})
}

func (b *Book) post(ctx context.Context, p *posting) (tollgate.Transfer, error) {
	if p.amount.Micro > amountMax || p.amount.Micro < -amountMax {
		return tollgate.Transfer{}, tollgate.Errorf(tollgate.CodeInvalid,
			"amount %s: more than %s", p.amount, tollgate.FormatMicro(amountMax))
	}
	if len(p.key) > textMax {
		return tollgate.Transfer{}, tollgate.Errorf(tollgate.CodeInvalid,
			"key of %d bytes: at most %d", len(p.key), textMax)
	}
	p.id = b.store.NewID()
	if p.key == "" {
		// A commit whose answer was lost is tried again: it must know itself.
		p.key = "transfer " + p.id.String()
	}
	if err := b.do(ctx, &operation{post: p}); err != nil {
		return tollgate.Transfer{}, err
	}
	return p.transfer, nil
}

// post applies one posting. What is wrong with the posting itself is refused,
// before anything of it is written; err is for the database's failures.
func (c *commit) post(p *posting) (refused, err error) {
	purse, err := c.Purse(p.account)
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return err, nil
	}
	if err != nil {
		return nil, err
	}
	if purse.Kind == tollgate.KindHouse {
		return tollgate.Errorf(tollgate.CodeInvalid, "account %d is the house's", p.account), nil
	}
	if purse.Currency != p.amount.Currency {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"account %d is in %s, not in %s", p.account, purse.Currency, p.amount.Currency), nil
	}
	funding, err := c.house(purse.Enterprise, purse.Currency, houseFunding)
	if err != nil {
		return nil, err
	}
	t := tollgate.Transfer{
		Enterprise: purse.Enterprise, ID: p.id, Debit: funding, Credit: p.account,
		Amount: p.amount.Micro, Currency: purse.Currency, Kind: p.kind,
		Note: p.note, By: p.actor.Name, Key: p.key,
	}
	if t.Amount < 0 {
		t.Debit, t.Credit, t.Amount = t.Credit, t.Debit, -t.Amount
	}
	earlier, err := c.claimRequest(t)
	if err != nil {
		return nil, err
	}
	if earlier != nil {
		if !same(earlier, &t) {
			return tollgate.Errorf(tollgate.CodeConflict,
				"key %q was used for another request, transfer %d", p.key, earlier.ID), nil
		}
		p.transfer = *earlier
		return nil, nil
	}
	c.transfer(t)
	p.transfer = c.transfers[len(c.transfers)-1]
	if p.quiet {
		return nil, nil
	}
	return nil, c.Log(p.actor, string(p.kind), fmt.Sprintf("account %d", p.account), p.transfer)
}

// claimRequest returns the transfer that the key was used for before, which
// may be in this very commit.
func (c *commit) claimRequest(t tollgate.Transfer) (*tollgate.Transfer, error) {
	for i := range c.transfers {
		if e := &c.transfers[i]; e.Key == t.Key && e.Enterprise == t.Enterprise {
			return e, nil
		}
	}
	return c.ClaimRequest(t.Enterprise, t.Key, t.ID)
}

// same reports whether two transfers answer the same request.
func same(a, b *tollgate.Transfer) bool {
	return a.Debit == b.Debit && a.Credit == b.Credit && a.Amount == b.Amount && a.Kind == b.Kind
}
