package store

import (
	"context"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// QuotaKind is why the use of a quota changed other than by a call.
type QuotaKind string

// The kinds.
const (
	QuotaReset      QuotaKind = "reset"      // a period began
	QuotaCorrection QuotaKind = "correction" // a person corrected it
)

// QuotaEntry is one change of what a quota account has used that no call made.
// Like transfers, entries are only ever added.
type QuotaEntry struct {
	Enterprise tollgate.ID `json:"enterprise"`
	ID         tollgate.ID `json:"id"`
	Account    tollgate.ID `json:"account"`
	Kind       QuotaKind   `json:"kind"`
	Amount     int64       `json:"amount"` // micro-units, added to what is used
	Period     time.Time   `json:"period"` // which it is in; of a reset, which began
	By         string      `json:"by"`     // the person or token; empty: the system
	Note       string      `json:"note"`   //
	Key        string      `json:"key"`    // idempotency key of the request; empty: none
	At         time.Time   `json:"at"`
}

// QuotaColumns are the columns of an entry, as ScanQuota reads them.
const QuotaColumns = `enterprise_id, id, account_id, kind, amount, period_start, author, note, request, created_at`

// ScanQuota reads an entry. It is for the packages of this room.
func ScanQuota(row engine.Scanner, q *QuotaEntry) error {
	var period, at int64
	err := row.Scan(&q.Enterprise, &q.ID, &q.Account, &q.Kind, &q.Amount, &period, &q.By, &q.Note, &q.Key, &at)
	q.Period, q.At = engine.Instant(period), engine.Instant(at)
	return err
}

// QuotaLog lists what changed the use of a quota account other than calls,
// newest first.
func (db *DB) QuotaLog(ctx context.Context, s Scope, account tollgate.ID, p Paging) (Page[QuotaEntry], error) {
	before, err := p.before()
	if err != nil {
		return Page[QuotaEntry]{}, err
	}
	found, err := engine.List(ctx, db.sql.Read(), ScanQuota, "SELECT "+QuotaColumns+` FROM quota_log
		WHERE account_id = $1 AND id < $2 AND (enterprise_id = $3 OR $3 = 0)
		ORDER BY id DESC LIMIT $4`, int64(account), before, int64(s), p.rows()+1)
	return paged(p, found, func(q *QuotaEntry) string { return mark(q.ID) }),
		engine.Failed(err, "reading the quota of account %d", account)
}
