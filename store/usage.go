package store

import (
	"cmp"
	"context"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// UsageKey is what calls are counted by: whose they were, the day (UTC) they
// started, where they went, who carried them, and the currencies of both sides.
type UsageKey struct {
	Enterprise   tollgate.ID       `json:"enterprise"`
	Day          int64             `json:"day"`     // days since 1970-01-01
	Account      tollgate.ID       `json:"account"` // the payer; 0: nobody
	Class        tollgate.Class    `json:"class"`
	Operator     tollgate.ID       `json:"operator"`
	Currency     tollgate.Currency `json:"currency"`
	CostCurrency tollgate.Currency `json:"cost_currency"`
}

// Compare orders keys as the table does.
func (k UsageKey) Compare(o UsageKey) int {
	return cmp.Or(
		cmp.Compare(k.Enterprise, o.Enterprise), cmp.Compare(k.Day, o.Day),
		cmp.Compare(k.Account, o.Account), cmp.Compare(k.Class, o.Class),
		cmp.Compare(k.Operator, o.Operator), cmp.Compare(k.Currency, o.Currency),
		cmp.Compare(k.CostCurrency, o.CostCurrency),
	)
}

// UsageCount is how much was counted.
type UsageCount struct {
	Calls     int64 `json:"calls"`
	Answered  int64 `json:"answered"`   // calls
	Talked    int64 `json:"talked"`     // microseconds of answered time
	Billed    int64 `json:"billed"`     // seconds billed to the customer
	Micro     int64 `json:"micro"`      // price to the customer; of account 0 nobody was charged it
	CostMicro int64 `json:"cost_micro"` // what it cost us
}

// Usage is one counter.
type Usage struct {
	UsageKey
	UsageCount
}

// UsageKeyOf says where a call is counted.
func UsageKeyOf(c *tollgate.CDR) UsageKey {
	return UsageKey{
		Enterprise: c.Enterprise, Account: c.Payer, Day: dayOf(engine.Micros(c.Start)),
		Class: c.Number.Class, Operator: c.Operator,
		Currency: c.Customer.Currency, CostCurrency: c.Cost.Currency,
	}
}

const dayMicros = 24 * 3600 * 1_000_000

func dayOf(micro int64) int64 { return micro / dayMicros }

// Add counts one call, or takes it back when sign is -1.
func (u *UsageCount) Add(c *tollgate.CDR, sign int64) {
	u.Calls += sign
	if !c.Answer.IsZero() {
		u.Answered += sign
	}
	u.Talked += sign * int64(c.Duration()/time.Microsecond)
	u.Billed += sign * c.Customer.Billed
	u.Micro += sign * c.Customer.Micro
	u.CostMicro += sign * c.Cost.Micro
}

var usageTable = engine.Table{Name: "usage", Columns: []string{
	"enterprise_id", "day", "account_id", "class", "operator_id", "currency", "cost_currency",
	"calls", "answered", "talked", "billed", "micro", "cost_micro",
}}

const usageAdd = ` ON CONFLICT
	(enterprise_id, day, account_id, class, operator_id, currency, cost_currency) DO UPDATE SET
	calls = usage.calls + excluded.calls, answered = usage.answered + excluded.answered,
	talked = usage.talked + excluded.talked, billed = usage.billed + excluded.billed,
	micro = usage.micro + excluded.micro, cost_micro = usage.cost_micro + excluded.cost_micro`

const usageAddMany = `INSERT INTO usage (enterprise_id, day, account_id, class, operator_id, currency,
	cost_currency, calls, answered, talked, billed, micro, cost_micro)
	SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[],
		$6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
		$12::bigint[], $13::bigint[])` + usageAdd

// AddUsage adds to many counters; each key occurs once.
func (p *Posting) AddUsage(counters []Usage) error {
	if len(counters) == 0 {
		return nil
	}
	if p.tx.Engine() == PostgreSQL {
		return p.addUsageArrays(counters)
	}
	_, err := p.tx.InsertMany(usageTable, usageAdd, len(counters), func(i int, w engine.RowWriter) {
		writeUsage(w, &counters[i])
	})
	return engine.Failed(err, "counting usage")
}

func writeUsage(w engine.RowWriter, u *Usage) {
	w.ID(u.Enterprise)
	w.Int(u.Day)
	w.ID(u.Account)
	w.Text(string(u.Class))
	w.ID(u.Operator)
	w.Text(string(u.Currency))
	w.Text(string(u.CostCurrency))
	w.Int(u.Calls)
	w.Int(u.Answered)
	w.Int(u.Talked)
	w.Int(u.Billed)
	w.Int(u.Micro)
	w.Int(u.CostMicro)
}

func (p *Posting) addUsageArrays(counters []Usage) error {
	var ints [10][]int64
	var texts [3][]string
	for i := range counters {
		u := &counters[i]
		for j, v := range [...]int64{
			int64(u.Enterprise), u.Day, int64(u.Account), int64(u.Operator),
			u.Calls, u.Answered, u.Talked, u.Billed, u.Micro, u.CostMicro,
		} {
			ints[j] = append(ints[j], v)
		}
		for j, v := range [...]string{string(u.Class), string(u.Currency), string(u.CostCurrency)} {
			texts[j] = append(texts[j], engine.CleanText(v))
		}
	}
	return p.tx.ExecLater(func(_ int64, err error) error { return engine.Failed(err, "counting usage") },
		usageAddMany, ints[0], ints[1], ints[2], texts[0], ints[3], texts[1], texts[2],
		ints[4], ints[5], ints[6], ints[7], ints[8], ints[9])
}

// UsageFilter narrows a list of counters; zero fields do not. From and To are
// days in UTC, From included and To not.
type UsageFilter struct {
	From, To time.Time
	Account  tollgate.ID
	Operator tollgate.ID
}

// usageRowsMax bounds an answer that has no pages.
const usageRowsMax = 100_000

// Usage lists counters by enterprise, day and account. More than 100,000 are
// refused with CodeInvalid: narrow the filter.
func (db *DB) Usage(ctx context.Context, s Scope, f UsageFilter) ([]Usage, error) {
	var c conditions
	c.scope("enterprise_id", s)
	if !f.From.IsZero() {
		c.and("day >= ?", dayOf(engine.Micros(f.From)))
	}
	if !f.To.IsZero() {
		c.and("day < ?", dayOf(engine.Micros(f.To)+dayMicros-1))
	}
	if f.Account != 0 {
		c.and("account_id = ?", int64(f.Account))
	}
	if f.Operator != 0 {
		c.and("operator_id = ?", int64(f.Operator))
	}
	found, err := engine.List(ctx, db.sql.Read(), scanUsage, `SELECT enterprise_id, day, account_id, class,
		operator_id, currency, cost_currency, calls, answered, talked, billed, micro, cost_micro
		FROM usage`+c.clause()+` ORDER BY enterprise_id, day, account_id, class, operator_id, currency,
		cost_currency LIMIT 100001`, c.args...)
	if err == nil && len(found) > usageRowsMax {
		return nil, tollgate.Errorf(tollgate.CodeInvalid,
			"more than %d counters: ask for fewer days or one account", usageRowsMax)
	}
	return found, engine.Failed(err, "reading usage")
}

func scanUsage(row engine.Scanner, u *Usage) error {
	return row.Scan(&u.Enterprise, &u.Day, &u.Account, &u.Class, &u.Operator, &u.Currency,
		&u.CostCurrency, &u.Calls, &u.Answered, &u.Talked, &u.Billed, &u.Micro, &u.CostMicro)
}
