package live

import (
	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

const quota = `SELECT enterprise_id, id, kind, mode, currency, allowance, used, period_start
	FROM account WHERE id = $1`

const quotaLocked = quota + ` FOR NO KEY UPDATE`

// Quota returns what an account is and what of its quota is used, and keeps it
// so: nobody else changes it before the transaction ends. Other fields are not
// read. CodeNotFound when the account does not exist.
func (p Rows) Quota(account tollgate.ID) (tollgate.Account, error) {
	text := quota
	if p.tx.Engine() == store.PostgreSQL {
		text = quotaLocked
	}
	var a tollgate.Account
	var period int64
	err := p.tx.Row(text, int64(account)).Scan(&a.Enterprise, &a.ID, &a.Kind, &a.Mode, &a.Currency,
		&a.Allowance, &a.Used, &period)
	a.PeriodStart = engine.Instant(period)
	return a, engine.Failed(err, "account %d", account)
}

// ChangeQuota adds an entry and its amount to what the account has used.
func (p Rows) ChangeQuota(q store.QuotaEntry) error {
	_, err := p.tx.Exec(`UPDATE account SET used = used + $3, period_start = $4
		WHERE enterprise_id = $1 AND id = $2`,
		int64(q.Enterprise), int64(q.Account), q.Amount, engine.Micros(q.Period))
	if err != nil {
		return engine.Failed(err, "changing the use of account %d", q.Account)
	}
	_, err = p.tx.Exec("INSERT INTO quota_log ("+store.QuotaColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		int64(q.Enterprise), int64(q.ID), int64(q.Account), string(q.Kind), q.Amount, engine.Micros(q.Period),
		q.By, q.Note, q.Key, engine.Micros(q.At))
	return engine.Failed(err, "logging the use of account %d", q.Account)
}

// QuotaRequest returns the entry of an enterprise with that id, or made by the
// request with that key; nil when there is none.
func (p Rows) QuotaRequest(enterprise, id tollgate.ID, key string) (*store.QuotaEntry, error) {
	var q store.QuotaEntry
	found, err := engine.Found(store.ScanQuota(p.tx.Row("SELECT "+store.QuotaColumns+` FROM quota_log
		WHERE enterprise_id = $1 AND (id = $2 OR request = $3 AND request <> '')`,
		int64(enterprise), int64(id), key), &q))
	if err != nil || !found {
		return nil, engine.Failed(err, "looking for request %q", key)
	}
	return &q, nil
}
