package ledger

import (
	"cmp"
	"slices"
	"time"

	"tollgate"
	"tollgate/store"
)

// commit is one transaction in the making: what the operations come to, added
// up by account and counter, so that a commit touches each row once.
type commit struct {
	Posting
	book      *Book
	again     bool     // it may have happened before
	look      bool     // also for reservations that should be new
	answers   []answer // by operation
	refused   []*settling
	replayed  []tollgate.ID // from the quarantine
	transfers []tollgate.Transfer
	deltas    map[tollgate.ID]*store.Delta
	usage     map[store.UsageKey]*store.UsageCount
}

// answer is what an operation will be told after the commit.
type answer struct {
	results []tollgate.Result
	priced  int
	held    Held
	done    bool // released, or changed
	err     error
}

func (b *Book) newCommit(p Posting, again bool) *commit {
	return &commit{Posting: p, book: b, again: again, deltas: emptied(&b.deltas), usage: emptied(&b.usage)}
}

// emptied returns the map without what the last commit left in it. A large one
// is made anew: emptying it would cost every small commit that follows.
func emptied[K comparable, V any](m *map[K]V) map[K]V {
	if *m == nil || len(*m) > 100 {
		*m = make(map[K]V)
	} else {
		clear(*m)
	}
	return *m
}

// run applies all operations. An error undoes everything; what only one
// operation did wrong is in its answer. Quotas begin anew first; calls are
// settled and money given back before any is held.
func (c *commit) run(batch []*operation) error {
	c.answers = make([]answer, len(batch))
	if err := c.quotas(batch); err != nil {
		return err
	}
	if err := c.settle(batch); err != nil {
		return err
	}
	if err := c.drop(batch); err != nil {
		return err
	}
	for i, o := range batch {
		var err error
		switch {
		case o.post != nil:
			c.answers[i].err, err = c.post(o.post)
		case o.reprice != nil:
			c.answers[i].priced, err = c.reprice(o.reprice)
		}
		if err != nil {
			return err
		}
	}
	if err := c.hold(batch); err != nil {
		return err
	}
	return c.flush()
}

// flush writes what has come together.
func (c *commit) flush() error {
	if err := c.InsertTransfers(c.transfers); err != nil {
		return err
	}
	// In one order on every node, so that nodes wait for each other rather than
	// deadlock.
	if err := c.AddBalances(sortedDeltas(c.deltas)); err != nil {
		return err
	}
	if err := c.AddUsage(sortedUsage(c.usage)); err != nil {
		return err
	}
	return c.Release(c.replayed)
}

func sortedDeltas(of map[tollgate.ID]*store.Delta) []store.Delta {
	deltas := make([]store.Delta, 0, len(of))
	for _, d := range of {
		deltas = append(deltas, *d)
	}
	slices.SortFunc(deltas, func(a, b store.Delta) int { return cmp.Compare(a.Account, b.Account) })
	return deltas
}

func sortedUsage(of map[store.UsageKey]*store.UsageCount) []store.Usage {
	usage := make([]store.Usage, 0, len(of))
	for k, n := range of {
		usage = append(usage, store.Usage{UsageKey: k, UsageCount: *n})
	}
	slices.SortFunc(usage, func(a, b store.Usage) int { return a.Compare(b.UsageKey) })
	return usage
}

// purse returns what the books know of an account.
func (c *commit) purse(id tollgate.ID) (store.Purse, error) {
	if p, ok := c.book.purses[id]; ok {
		return p, nil
	}
	p, err := c.Purse(id)
	if err != nil {
		return p, err
	}
	c.book.purses[id] = p
	return p, nil
}

// house returns the enterprise's house account, made when first needed.
func (c *commit) house(enterprise tollgate.ID, currency tollgate.Currency, name string) (
	tollgate.ID, error,
) {
	key := house{enterprise, currency, name}
	if id, ok := c.book.houses[key]; ok {
		return id, nil
	}
	id, err := c.House(enterprise, currency, name)
	if err != nil {
		return 0, err
	}
	c.book.houses[key] = id
	return id, nil
}

// transfer moves money. Both accounts are of the transfer's enterprise.
func (c *commit) transfer(t tollgate.Transfer) {
	t.At = c.book.now().UTC().Truncate(time.Microsecond)
	c.transfers = append(c.transfers, t)
	debit := c.delta(t.Enterprise, t.Debit)
	debit.Balance -= t.Amount
	if debit.Cause == 0 {
		debit.Cause = t.ID
	}
	c.delta(t.Enterprise, t.Credit).Balance += t.Amount
}

func (c *commit) delta(enterprise, account tollgate.ID) *store.Delta {
	d := c.deltas[account]
	if d == nil {
		d = &store.Delta{Enterprise: enterprise, Account: account}
		c.deltas[account] = d
	}
	return d
}

// count adds a call to its counter.
func (c *commit) count(d *tollgate.CDR) { c.counter(store.UsageKeyOf(d)).Add(d, 1) }

func (c *commit) counter(key store.UsageKey) *store.UsageCount { return counterOf(c.usage, key) }

func counterOf(usage map[store.UsageKey]*store.UsageCount, key store.UsageKey) *store.UsageCount {
	n := usage[key]
	if n == nil {
		n = &store.UsageCount{}
		usage[key] = n
	}
	return n
}
