package audit

import (
	"maps"
	"slices"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// settledMax is for how long after its expiry the reservation of a settled call
// may be there: a call is settled by its device's records, and what was held for
// it is found by whoever held it.
const settledMax = time.Hour

// held is what one account's reservations come to, in one enterprise.
type held struct{ enterprise, account tollgate.ID }

// reservations reads every open reservation, of which there is one for each
// call in progress.
func (a *auditor) reservations() error {
	sums := map[held]int64{}
	rows, err := a.q.QueryContext(a.ctx, "SELECT enterprise_id, id, accounts, amount FROM reservation")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var enterprise, id tollgate.ID
		var text string
		var amount int64
		if err := rows.Scan(&enterprise, &id, &text, &amount); err != nil {
			return err
		}
		accounts, err := engine.IDs(text)
		if err != nil {
			a.find(ruleReserved, "reservation %d: accounts %q", id, text)
		}
		for _, account := range accounts {
			sums[held{enterprise, account}] += amount
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := a.reserved(sums); err != nil {
		return err
	}
	return a.settled()
}

// reserved holds the accounts against the sums of their reservations.
func (a *auditor) reserved(sums map[held]int64) error {
	rows, err := a.q.QueryContext(a.ctx, "SELECT enterprise_id, id, reserved FROM account")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var of held
		var reserved int64
		if err := rows.Scan(&of.enterprise, &of.account, &reserved); err != nil {
			return err
		}
		if sum := sums[of]; sum != reserved {
			a.find(ruleReserved, "account %d: reserved %d, reservations %d", of.account, reserved, sum)
		}
		delete(sums, of)
	}
	for _, of := range slices.SortedFunc(maps.Keys(sums), func(x, y held) int { return int(x.account - y.account) }) {
		a.find(ruleReserved, "account %d is not in enterprise %d: reservations %d", of.account, of.enterprise, sums[of])
	}
	return rows.Err()
}

// settled looks for calls whose reservation was left behind: under their own
// key, for a call that was authorised under another is known to charging alone.
func (a *auditor) settled() error {
	found, err := engine.List(a.ctx, a.q, func(row engine.Scanner, id *tollgate.ID) error { return row.Scan(id) },
		`SELECT r.id FROM reservation r JOIN cdr_key k
			ON k.device_id = r.device_id AND k.unique_id = r.unique_id AND k.leg = r.leg
		WHERE r.expires_at < $1 ORDER BY r.id LIMIT 20`, engine.Micros(a.now.Add(-settledMax)))
	for _, id := range found {
		a.find(ruleSettled, "reservation %d", id)
	}
	return err
}
