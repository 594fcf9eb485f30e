package ledger

import (
	"context"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store"
)

// quotaChange is a change of what a quota account has used.
type quotaChange struct {
	actor    store.Actor
	currency tollgate.Currency // of a correction
	entry    store.QuotaEntry  // without the enterprise; of a reset without the amount
}

// ResetQuota returns what a quota account has used to 0, because a period begins
// there. It reports whether it did: a period that began already, or one before
// it, changes nothing. Money held for calls in progress stays held.
func (b *Book) ResetQuota(ctx context.Context, enterprise, account tollgate.ID, period time.Time) (bool, error) {
	o := &operation{quota: &quotaChange{entry: store.QuotaEntry{
		Enterprise: enterprise, ID: b.store.NewID(), Account: account, Kind: store.QuotaReset,
		Period: period.UTC().Truncate(time.Microsecond),
	}}}
	err := b.do(ctx, o)
	return o.answer.done, err
}

// CorrectUsed adds to what a quota account has used, or takes from it when the
// amount is less than 0. CodeInvalid when less than nothing would be used, or the
// account has no quota or another currency. The key works as for Recharge.
func (b *Book) CorrectUsed(ctx context.Context, a store.Actor, account tollgate.ID, delta tollgate.Money,
	note, key string,
) error {
	if delta.Micro == 0 || delta.Micro > amountMax || delta.Micro < -amountMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "correction by %s: want an amount up to %s",
			delta, tollgate.FormatMicro(amountMax))
	}
	if len(key) > textMax {
		return tollgate.Errorf(tollgate.CodeInvalid, "key of %d bytes: at most %d", len(key), textMax)
	}
	return b.do(ctx, &operation{quota: &quotaChange{
		actor: a, currency: delta.Currency, entry: store.QuotaEntry{
			ID: b.store.NewID(), Account: account, Kind: store.QuotaCorrection, Amount: delta.Micro,
			By: a.Name, Note: note, Key: key,
		},
	}})
}

// quotas applies the changes of quotas. They come first in a commit: a call that
// it settles counts in the period that begins.
func (c *commit) quotas(batch []*operation) error {
	for i, o := range batch {
		if o.quota == nil {
			continue
		}
		var err error
		if c.answers[i].done, c.answers[i].err, err = c.changeQuota(o.quota); err != nil {
			return err
		}
	}
	return nil
}

// changeQuota reports whether it changed something. What is wrong with the
// change itself is refused; err is for the database's failures.
func (c *commit) changeQuota(q *quotaChange) (done bool, refused, err error) {
	account, err := c.Quota(q.entry.Account)
	if tollgate.CodeOf(err) == tollgate.CodeNotFound ||
		err == nil && q.entry.Enterprise != 0 && q.entry.Enterprise != account.Enterprise {
		return false, tollgate.Errorf(tollgate.CodeNotFound, "account %d does not exist", q.entry.Account), nil
	}
	if err != nil {
		return false, nil, err
	}
	if account.Mode != tollgate.ModeQuota {
		return false, tollgate.Errorf(tollgate.CodeInvalid, "account %d has no quota", account.ID), nil
	}
	entry := q.entry
	entry.Enterprise, entry.At = account.Enterprise, c.book.now().UTC().Truncate(time.Microsecond)
	earlier, err := c.QuotaRequest(entry.Enterprise, entry.ID, entry.Key)
	switch {
	case err != nil:
		return false, nil, err
	case earlier != nil && (earlier.Account != entry.Account || earlier.Kind != entry.Kind ||
		entry.Kind == store.QuotaCorrection && earlier.Amount != entry.Amount):
		return false, tollgate.Errorf(tollgate.CodeConflict, "key %q was used for another request", entry.Key), nil
	case earlier != nil:
		return true, nil, nil // by a commit whose answer was lost, or the same request before
	case entry.Kind == store.QuotaReset:
		if !entry.Period.After(account.PeriodStart) {
			return false, nil, nil
		}
		entry.Amount = -account.Used
		return true, nil, c.ChangeQuota(entry)
	case account.Currency != q.currency:
		return false, tollgate.Errorf(tollgate.CodeInvalid, "account %d is in %s, not in %s",
			account.ID, account.Currency, q.currency), nil
	case account.Used+entry.Amount < 0:
		return false, tollgate.Errorf(tollgate.CodeInvalid, "account %d has used %s: less cannot be taken off",
			account.ID, tollgate.FormatMicro(account.Used)), nil
	}
	entry.Period = account.PeriodStart
	if err := c.ChangeQuota(entry); err != nil {
		return false, nil, err
	}
	return true, nil, c.Log(q.actor, "correct used", fmt.Sprintf("account %d", account.ID), entry)
}
