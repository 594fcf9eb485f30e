// Package audit proves that the books are right: it holds every row against
// the others that must agree with it.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/internal/engine"
)

// findingsMax is how many findings of one rule are named.
const findingsMax = 20

// Finding is something in the books that contradicts something else.
type Finding struct {
	Rule string `json:"rule"`
	What string `json:"what"`
}

// Checked is how many rows of a kind an audit has looked at.
type Checked struct {
	What string `json:"what"`
	Rows int64  `json:"rows"`
}

// Report is what an audit found. The books are right when Findings is empty.
type Report struct {
	Checked   []Checked `json:"checked"`
	Rules     []string  `json:"rules"`     // that were checked
	Findings  []Finding `json:"findings"`  // at most 20 of each rule
	Unposted  int64     `json:"unposted"`  // priced calls not charged: tariff and account differ in currency
	Overdrawn int64     `json:"overdrawn"` // prepaid accounts below their limit, with a recorded reason
}

// rule is one invariant: a query that finds the rows which break it, each
// as one column of text. It ends with neither ORDER BY nor LIMIT.
type rule struct{ name, text string }

// rules lists the invariants that one query can check.
func rules() []rule {
	return []rule{
		{"balance is the sum of transfers", `
			SELECT 'account ' || a.id || ': balance ' || a.balance || ', transfers ' ||
				(COALESCE(c.total, 0) - COALESCE(d.total, 0))
			FROM account a
			LEFT JOIN (SELECT credit_id, SUM(amount) AS total FROM transfer GROUP BY credit_id) c
				ON c.credit_id = a.id
			LEFT JOIN (SELECT debit_id, SUM(amount) AS total FROM transfer GROUP BY debit_id) d
				ON d.debit_id = a.id
			WHERE a.balance <> COALESCE(c.total, 0) - COALESCE(d.total, 0)`},
		{"balances of an enterprise sum to zero", `
			SELECT 'enterprise ' || enterprise_id || ' ' || currency || ': ' || SUM(balance)
			FROM account GROUP BY enterprise_id, currency HAVING SUM(balance) <> 0`},
		{"transfer joins two accounts of its enterprise and currency", `
			SELECT 'transfer ' || t.id FROM transfer t
			LEFT JOIN account d ON d.id = t.debit_id
			LEFT JOIN account c ON c.id = t.credit_id
			WHERE d.id IS NULL OR c.id IS NULL OR d.id = c.id OR t.amount <= 0
				OR d.enterprise_id <> t.enterprise_id OR c.enterprise_id <> t.enterprise_id
				OR d.currency <> t.currency OR c.currency <> t.currency`},
		{"priced call has one charge of its amount", `
			SELECT 'call ' || c.id || ' of ' || c.micro || ' ' || c.currency || ' to account ' || c.purse_id ||
				CASE WHEN t.id IS NULL THEN ': no transfer'
				ELSE ': transfer of ' || t.amount || ' ' || t.currency || ' from account ' || t.debit_id END
			FROM cdr c LEFT JOIN transfer t ON t.enterprise_id = c.enterprise_id AND t.id = c.id
			WHERE c.purse_id <> 0 AND c.micro > 0 AND c.unposted = ''
				AND (t.id IS NULL OR t.kind <> 'charge' OR t.cdr_id <> c.id OR t.amount <> c.micro
					OR t.debit_id <> c.purse_id OR t.currency <> c.currency)`},
		{"charge belongs to a priced call", `
			SELECT 'transfer ' || t.id || ' for call ' || t.cdr_id
			FROM transfer t LEFT JOIN cdr c ON c.id = t.cdr_id
			WHERE t.kind = 'charge' AND (c.id IS NULL OR t.id <> t.cdr_id OR c.micro = 0
				OR c.purse_id = 0 OR c.unposted <> '' OR c.enterprise_id <> t.enterprise_id)`},
		{"only a priced side has an amount", `
			SELECT 'call ' || id FROM cdr
			WHERE micro > 0 AND status <> 'priced' OR cost_micro > 0 AND cost_status <> 'priced'`},
		{"key leads to its call", `
			SELECT 'key ' || k.device_id || '/' || k.unique_id || '/' || k.leg || ' of call ' || k.cdr_id
			FROM cdr_key k LEFT JOIN cdr c ON c.id = k.cdr_id
			WHERE c.id IS NULL OR c.device_id <> k.device_id OR c.unique_id <> k.unique_id
				OR c.leg <> k.leg OR c.enterprise_id <> k.enterprise_id OR c.started_at <> k.started_at`},
		{"call has its key", `
			SELECT 'call ' || c.id || ' of ' || c.device_id || '/' || c.unique_id || '/' || c.leg
			FROM cdr c LEFT JOIN cdr_key k
				ON k.device_id = c.device_id AND k.unique_id = c.unique_id AND k.leg = c.leg
			WHERE k.cdr_id IS NULL OR k.cdr_id <> c.id`},
		{"used is the sum of the quota's calls and changes", `
			SELECT 'account ' || a.id || ': used ' || a.used || ', calls ' || COALESCE(c.total, 0) ||
				', resets and corrections ' || COALESCE(l.total, 0)
			FROM account a LEFT JOIN (
				SELECT quota_id, SUM(micro) AS total FROM cdr WHERE quota_id <> 0 AND unposted = ''
				GROUP BY quota_id) c ON c.quota_id = a.id
			LEFT JOIN (SELECT account_id, SUM(amount) AS total FROM quota_log GROUP BY account_id) l
				ON l.account_id = a.id
			WHERE a.used <> COALESCE(c.total, 0) + COALESCE(l.total, 0)`},
		{"a period begins when its quota was reset", `
			SELECT 'account ' || a.id || ': period of ' || a.period_start || ', last reset for ' || COALESCE(l.last, 0)
			FROM account a LEFT JOIN (
				SELECT account_id, MAX(period_start) AS last FROM quota_log WHERE kind = 'reset'
				GROUP BY account_id) l ON l.account_id = a.id
			WHERE a.period_start <> COALESCE(l.last, 0)`},
		{"request key leads to its transfer", `
			SELECT 'request ' || r.request || ' of transfer ' || r.transfer_id
			FROM request_key r LEFT JOIN transfer t
				ON t.enterprise_id = r.enterprise_id AND t.id = r.transfer_id
			WHERE t.id IS NULL OR t.request <> r.request`},
	}
}

const (
	ruleOverdraft = "prepaid account below its limit has a recorded reason"
	ruleReserved  = "reserved is the sum of open reservations"
	ruleSettled   = "a settled call holds no money"
	ruleSpans     = "billed seconds are the sum of the spans"
	ruleUsage     = "usage counters are the sum of the calls"
)

// auditor is one audit under way.
type auditor struct {
	ctx    context.Context
	now    time.Time
	q      engine.Querier
	report *Report
	named  map[string]int
}

// find notes a finding; it reports whether the rule has room for more.
func (a *auditor) find(rule, format string, args ...any) bool {
	if a.named[rule] < findingsMax {
		a.named[rule]++
		a.report.Findings = append(a.report.Findings, Finding{rule, fmt.Sprintf(format, args...)})
	}
	return a.named[rule] < findingsMax
}

// Run checks the invariants of the books, on one snapshot and without holding
// up whoever writes. What it keeps in memory does not grow with calls.
func Run(ctx context.Context, db *store.DB) (Report, error) {
	r := Report{Findings: []Finding{}}
	now := db.NewID().Time() // the store's clock
	err := db.Snapshot(ctx, func(q engine.Querier) error {
		a := &auditor{ctx: ctx, now: now, q: q, report: &r, named: map[string]int{}}
		for _, rule := range rules() {
			r.Rules = append(r.Rules, rule.name)
			if err := a.check(rule); err != nil {
				return engine.Failed(err, "auditing: %s", rule.name)
			}
		}
		r.Rules = append(r.Rules, ruleReserved, ruleSettled, ruleOverdraft, ruleSpans, ruleUsage)
		for _, step := range []func() error{a.reservations, a.overdrafts, a.spans, a.usage, a.count} {
			if err := step(); err != nil {
				return engine.Failed(err, "auditing")
			}
		}
		return nil
	})
	return r, err
}

func (a *auditor) check(rule rule) error {
	found, err := engine.List(a.ctx, a.q, func(row engine.Scanner, what *string) error { return row.Scan(what) },
		rule.text+" LIMIT "+strconv.Itoa(findingsMax))
	for _, what := range found {
		a.find(rule.name, "%s", what)
	}
	return err
}

// count says how much was looked at.
func (a *auditor) count() error {
	for _, what := range []string{
		"account", "transfer", "cdr", "cdr_key", "usage", "request_key", "reservation", "quota_log",
	} {
		c := Checked{What: what}
		if err := a.q.QueryRowContext(a.ctx, "SELECT COUNT(*) FROM "+what).Scan(&c.Rows); err != nil {
			return err
		}
		a.report.Checked = append(a.report.Checked, c)
	}
	return a.q.QueryRowContext(a.ctx, "SELECT COUNT(*) FROM cdr WHERE unposted <> ''").Scan(&a.report.Unposted)
}

// overdrawn is a prepaid account that owes more than it may.
type overdrawn struct {
	enterprise, account tollgate.ID
	reason              string
}

// overdrafts checks that a transfer named as the reason is one that took money
// from the account.
func (a *auditor) overdrafts() error {
	found, err := engine.List(a.ctx, a.q, func(row engine.Scanner, o *overdrawn) error {
		return row.Scan(&o.enterprise, &o.account, &o.reason)
	}, `SELECT enterprise_id, id, overdraft FROM account
		WHERE mode = 'prepaid' AND balance - reserved < -credit_limit`)
	if err != nil {
		return err
	}
	for _, o := range found {
		sound := o.reason != ""
		if id, ok := strings.CutPrefix(o.reason, store.OverdraftByTransfer); ok {
			transfer, err := strconv.ParseInt(id, 10, 64)
			if err != nil {
				transfer = 0 // no transfer has this id
			}
			if err := a.q.QueryRowContext(a.ctx, `SELECT EXISTS(SELECT 1 FROM transfer
				WHERE enterprise_id = $1 AND id = $2 AND debit_id = $3)`,
				int64(o.enterprise), transfer, int64(o.account)).Scan(&sound); err != nil {
				return err
			}
		}
		if sound {
			a.report.Overdrawn++
		} else {
			a.find(ruleOverdraft, "account %d: reason %q", o.account, o.reason)
		}
	}
	return nil
}

// spans reads every call: its spans are text to the database.
func (a *auditor) spans() error {
	rows, err := a.q.QueryContext(a.ctx, `SELECT id, billed, detail, cost_billed, cost_detail FROM cdr
		WHERE billed <> 0 OR cost_billed <> 0`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id tollgate.ID
		var billed, costBilled int64
		var detail, costDetail []byte
		if err := rows.Scan(&id, &billed, &detail, &costBilled, &costDetail); err != nil {
			return err
		}
		if sum := spanSeconds(detail); sum != billed &&
			!a.find(ruleSpans, "call %d: billed %d s to the customer, spans %d s", id, billed, sum) {
			return nil
		}
		if sum := spanSeconds(costDetail); sum != costBilled &&
			!a.find(ruleSpans, "call %d: billed %d s by the operator, spans %d s", id, costBilled, sum) {
			return nil
		}
	}
	return rows.Err()
}

// spanSeconds adds up the seconds of all spans in a charge's detail; -1 when it
// cannot be read.
func spanSeconds(text []byte) int64 {
	var detail struct {
		Spans []struct {
			Seconds int64 `json:"seconds"`
		} `json:"spans"`
	}
	if len(text) == 0 {
		return 0
	}
	if err := json.Unmarshal(text, &detail); err != nil {
		return -1
	}
	sum := int64(0)
	for _, s := range detail.Spans {
		sum += s.Seconds
	}
	return sum
}

// usageDifference is where counters and calls of one enterprise and one month
// come to different sums; what is taken from both leaves what differs.
const usageDifference = `
	SELECT day, account_id, class, operator_id, currency, cost_currency,
		CAST(SUM(calls) AS BIGINT), CAST(SUM(micro) AS BIGINT)
	FROM (
		SELECT day, account_id, class, operator_id, currency, cost_currency,
			calls, answered, talked, billed, micro, cost_micro
		FROM usage WHERE enterprise_id = $1 AND day >= $2 AND day < $3
		UNION ALL
		SELECT started_at / 86400000000, payer_id, class, operator_id, currency, cost_currency,
			-1, CASE WHEN answered_at = 0 THEN 0 ELSE -1 END,
			CASE WHEN answered_at = 0 THEN 0 ELSE answered_at - ended_at END,
			-billed, -micro, -cost_micro
		FROM cdr WHERE enterprise_id = $1
			AND started_at >= CAST($2 AS BIGINT) * 86400000000 AND started_at < CAST($3 AS BIGINT) * 86400000000
	) both_sides
	GROUP BY day, account_id, class, operator_id, currency, cost_currency
	HAVING SUM(calls) <> 0 OR SUM(answered) <> 0 OR SUM(talked) <> 0 OR SUM(billed) <> 0
		OR SUM(micro) <> 0 OR SUM(cost_micro) <> 0
	LIMIT 20`

// usage compares month by month, so that what is sorted stays small.
func (a *auditor) usage() error {
	enterprises, err := engine.List(a.ctx, a.q, func(row engine.Scanner, id *int64) error { return row.Scan(id) },
		"SELECT DISTINCT enterprise_id FROM account")
	if err != nil {
		return err
	}
	for _, enterprise := range append(enterprises, 0) {
		var first, last *int64
		err := a.q.QueryRowContext(a.ctx, `SELECT MIN(day), MAX(day) FROM (
			SELECT MIN(day) AS day FROM usage WHERE enterprise_id = $1
			UNION ALL SELECT MAX(day) FROM usage WHERE enterprise_id = $1
			UNION ALL SELECT MIN(started_at) / 86400000000 FROM cdr WHERE enterprise_id = $1
			UNION ALL SELECT MAX(started_at) / 86400000000 FROM cdr WHERE enterprise_id = $1
		) days`, enterprise).Scan(&first, &last)
		if err != nil {
			return err
		}
		if first == nil {
			continue // no calls
		}
		for day := *first; day <= *last; day += 31 {
			if err := a.usageOf(enterprise, day, min(day+31, *last+1)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *auditor) usageOf(enterprise, from, until int64) error {
	found, err := engine.List(a.ctx, a.q, func(row engine.Scanner, u *store.Usage) error {
		return row.Scan(&u.Day, &u.Account, &u.Class, &u.Operator, &u.Currency, &u.CostCurrency,
			&u.Calls, &u.Micro)
	}, usageDifference, enterprise, from, until)
	for _, u := range found {
		a.find(ruleUsage, "enterprise %d account %d on %s class %q: counted %d calls and %d too many",
			enterprise, u.Account, time.Unix(u.Day*86400, 0).UTC().Format(time.DateOnly), u.Class,
			u.Calls, u.Micro)
	}
	return err
}
