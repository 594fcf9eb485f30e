package card

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// Batch is the cards that were issued together. Its name is unique in its
// enterprise.
type Batch struct {
	Enterprise tollgate.ID       `json:"enterprise"`
	ID         tollgate.ID       `json:"id"`
	Name       string            `json:"name"`
	Count      int               `json:"count"`
	Amount     int64             `json:"amount"` // of each card, micro-units
	Currency   tollgate.Currency `json:"currency"`
	Tariff     tollgate.ID       `json:"tariff"` // 0: the enterprise's
	By         string            `json:"by"`
	Created    time.Time         `json:"created"`
	Issued     time.Time         `json:"issued"` // zero: the issue was interrupted
}

const batchColumns = `enterprise_id, id, name, count, amount, currency, tariff_id, author,
	created_at, issued_at`

func scanBatch(row engine.Scanner, b *Batch) error {
	var created, issued int64
	err := row.Scan(&b.Enterprise, &b.ID, &b.Name, &b.Count, &b.Amount, &b.Currency, &b.Tariff, &b.By,
		&created, &issued)
	b.Created, b.Issued = engine.Instant(created), engine.Instant(issued)
	return err
}

// BatchNamed returns the enterprise's batch of that name; CodeNotFound when
// there is none.
func BatchNamed(ctx context.Context, db *store.DB, enterprise tollgate.ID, name string) (Batch, error) {
	var b Batch
	err := db.Snapshot(ctx, func(q engine.Querier) error {
		return scanBatch(q.QueryRowContext(ctx, "SELECT "+batchColumns+
			" FROM card_batch WHERE enterprise_id = $1 AND name = $2", int64(enterprise), name), &b)
	})
	return b, engine.Failed(err, "card batch %q", name)
}

// Batches lists the batches of the scope, newest first.
func Batches(ctx context.Context, db *store.DB, s store.Scope, p store.Paging) (store.Page[Batch], error) {
	before, rows, err := cursor(p)
	if err != nil {
		return store.Page[Batch]{}, err
	}
	var found []Batch
	err = db.Snapshot(ctx, func(q engine.Querier) error {
		found, err = engine.List(ctx, q, scanBatch, "SELECT "+batchColumns+` FROM card_batch
			WHERE (enterprise_id = $1 OR $1 = 0) AND id < $2 ORDER BY id DESC LIMIT $3`, int64(s), before, rows+1)
		return err
	})
	return paged(found, rows, func(b *Batch) tollgate.ID { return b.ID }), engine.Failed(err, "reading card batches")
}

// Issue is what a new batch's cards have in common beyond the batch.
type Issue struct {
	Batch
	Expires   time.Time // zero: never
	ValidDays int       // from the first use; 0: no limit
	// Draw makes a card number. It is asked again for one that is taken.
	Draw func() (string, error)
}

// drawsMax is how often a number is drawn for one card before the numbers of
// that length count as used up.
const drawsMax = 100

// Add stores a new batch, its cards and their accounts as one change with one
// entry in the operation log. The cards have no PIN and no money yet: see
// Finish. CodeConflict where the enterprise has a batch of that name.
func Add(c *store.Change, now time.Time, b *Issue) error {
	head, err := checkIssue(c, b)
	if err != nil {
		return err
	}
	c.Give(&b.ID)
	b.Created, b.Issued = now.UTC().Truncate(time.Microsecond), time.Time{}
	if _, err := c.Tx().Exec("INSERT INTO card_batch ("+batchColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`, int64(b.Enterprise), int64(b.ID), b.Name, b.Count,
		b.Amount, string(b.Currency), int64(b.Tariff), b.By, engine.Micros(b.Created)); err != nil {
		return engine.Failed(err, "storing card batch %q", b.Name)
	}
	cards, err := b.insertCards(c)
	if err != nil {
		return err
	}
	if err := b.insertAccounts(c, head, cards); err != nil {
		return err
	}
	return c.Log("card batch "+b.ID.String(), nil, b.Batch)
}

// checkIssue holds the batch against its enterprise, whose account it returns.
func checkIssue(c *store.Change, b *Issue) (head tollgate.Account, err error) {
	row := c.Tx().Row(`SELECT id, timezone, tariff_id FROM account
		WHERE enterprise_id = $1 AND id = $1 AND kind = 'enterprise'`, int64(b.Enterprise))
	if err := row.Scan(&head.ID, &head.Timezone, &head.Tariff); err != nil {
		return head, engine.Failed(err, "enterprise %d", b.Enterprise)
	}
	if b.Tariff != 0 {
		found, err := c.Tx().Exists(`SELECT EXISTS(SELECT 1 FROM tariff WHERE id = $1 AND deleted_at = 0
			AND (enterprise_id = 0 OR enterprise_id = $2))`, int64(b.Tariff), int64(b.Enterprise))
		if err != nil {
			return head, engine.Failed(err, "looking for tariff %d", b.Tariff)
		}
		if !found {
			return head, tollgate.Errorf(tollgate.CodeInvalid, "tariff %d does not exist", b.Tariff)
		}
	}
	return head, b.checkCurrency(c, head.Tariff)
}

// checkCurrency refuses cards whose calls would all be refused, because the
// tariff is not in their currency: their own, the company's, or the default.
func (b *Issue) checkCurrency(c *store.Change, companys tollgate.ID) error {
	tariff := cmp.Or(b.Tariff, companys)
	if tariff == 0 {
		found, err := engine.Found(c.Tx().QueryRow(`SELECT id FROM tariff WHERE default_customer AND deleted_at = 0
			AND enterprise_id IN (0, $1) ORDER BY enterprise_id DESC LIMIT 1`, []any{int64(b.Enterprise)}, &tariff))
		if err != nil || !found { // there may be one before the first call
			return engine.Failed(err, "looking for the default tariff")
		}
	}
	return c.CheckTariff(tariff, "the cards", b.Currency)
}

// numbered is a card in the making.
type numbered struct {
	account tollgate.ID
	number  string
}

func (b *Issue) insertCards(c *store.Change) ([]numbered, error) {
	insert, err := c.Tx().Prepare(`INSERT INTO card (enterprise_id, account_id, batch_id, number, pin_hash,
			expires_at, valid_days, first_used_at, failures, locked_until, created_at)
		VALUES ($1, $2, $3, $4, '', $5, $6, 0, 0, 0, $7) ON CONFLICT (number) DO NOTHING`)
	if err != nil {
		return nil, err
	}
	cards := make([]numbered, b.Count)
	for i := range cards {
		c.Give(&cards[i].account)
		inserted := int64(0)
		for range drawsMax {
			if cards[i].number, err = b.Draw(); err != nil {
				return nil, err
			}
			inserted, err = insert.Exec(int64(b.Enterprise), int64(cards[i].account), int64(b.ID),
				cards[i].number, engine.Micros(b.Expires), b.ValidDays, engine.Micros(b.Created))
			if err != nil {
				return nil, engine.Failed(err, "storing a card")
			}
			if inserted == 1 {
				break
			}
		}
		if inserted == 0 {
			return nil, tollgate.Errorf(tollgate.CodeConflict,
				"nearly all numbers of %d digits are taken: ask for more digits", len(cards[i].number))
		}
	}
	return cards, nil
}

var accountTable = engine.Table{Name: "account", Columns: []string{
	"enterprise_id", "id", "parent_id", "kind", "mode", "name", "code", "currency", "tariff_id", "timezone",
	"balance", "reserved", "credit_limit", "allowance", "used", "reset_period", "frozen", "overdraft",
	"created_at",
}}

// insertAccounts makes the accounts of the cards, below their enterprise.
func (b *Issue) insertAccounts(c *store.Change, head tollgate.Account, cards []numbered) error {
	err := c.Tx().Insert(accountTable, len(cards), func(i int, w engine.RowWriter) {
		w.ID(b.Enterprise)
		w.ID(cards[i].account)
		w.ID(head.ID)
		w.Text(string(tollgate.KindCard))
		w.Text(string(tollgate.ModePrepaid))
		w.Text("card " + cards[i].number)
		w.Text("")
		w.Text(string(b.Currency))
		w.ID(b.Tariff)
		w.Text(head.Timezone)
		for range 5 { // balance to used
			w.Int(0)
		}
		w.Text(string(tollgate.Never))
		w.Bool(false)
		w.Text("")
		w.Int(engine.Micros(b.Created))
	})
	return engine.Failed(err, "storing %d accounts of cards", len(cards))
}

// InBatch returns the cards of a batch by account.
func InBatch(ctx context.Context, db *store.DB, batch tollgate.ID) ([]Card, error) {
	var found []Card
	err := db.Snapshot(ctx, func(q engine.Querier) (err error) {
		found, err = engine.List(ctx, q, scanCard, selectCard+" WHERE c.batch_id = $1 ORDER BY c.account_id",
			int64(batch))
		return err
	})
	return found, engine.Failed(err, "reading the cards of batch %d", batch)
}

// Finish gives the cards of a batch their PINs and ends its issue. CodeConflict
// if it was ended before: the PINs of then stand.
func Finish(ctx context.Context, db *store.DB, batch tollgate.ID, now time.Time, cards []Card) error {
	err := db.Write(ctx, func(t *engine.Tx) error {
		ended, err := t.Exec("UPDATE card_batch SET issued_at = $2 WHERE id = $1 AND issued_at = 0",
			int64(batch), engine.Micros(now))
		if err != nil {
			return err
		}
		if ended == 0 {
			return tollgate.Errorf(tollgate.CodeConflict, "card batch %d was issued meanwhile", batch)
		}
		set, err := t.Prepare("UPDATE card SET pin_hash = $3 WHERE enterprise_id = $1 AND account_id = $2")
		if err != nil {
			return err
		}
		for i := range cards {
			n, err := set.Exec(int64(cards[i].Enterprise), int64(cards[i].Account), cards[i].PINHash)
			if err != nil {
				return err
			}
			if n == 0 {
				return fmt.Errorf("card %d is gone", cards[i].Account)
			}
		}
		return nil
	})
	return engine.Failed(err, "ending the issue of card batch %d", batch)
}
