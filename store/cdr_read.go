package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
)

// CDRFilter narrows a list of calls; zero fields do not. Times are of the start
// of the call, From included and To not.
type CDRFilter struct {
	From, To  time.Time
	Account   tollgate.ID // the payer
	Device    tollgate.ID
	Operator  tollgate.ID
	Number    string // the first digits of the called number in normal form
	Extension string // the extension or the originator
	Trunk     string
	Class     tollgate.Class
	Direction tollgate.Direction
	Status    tollgate.ChargeStatus // of the customer side
	Private   *bool
	Unpriced  bool  // a tariff applies to a side but has no price for the call
	MinAmount int64 // micro-units of the customer side, in whatever currency
}

// cdrPath is the index by which a list of calls is found.
type cdrPath int

const (
	byTime cdrPath = iota
	byPayer
	byNumber
)

// probeRows is how many calls of a number are few enough to be found by number
// and sorted; when there are more, calls are walked by time until the page is
// full, which then is soon.
const probeRows = 20_000

// conditions returns the filter as SQL for one path. A column in front of
// which a + stands is not looked up in an index: the path is ours to choose,
// because only we know that calls are asked for newest first and a page long.
func (f *CDRFilter) conditions(s Scope, path cdrPath) *conditions {
	var c conditions
	enterprise, started, payer, number := "enterprise_id", "started_at", "+payer_id", "number || ''"
	switch path {
	case byTime: // the columns are as they should be
	case byPayer:
		enterprise, payer = "+enterprise_id", "payer_id"
	case byNumber:
		enterprise, started, number = "+enterprise_id", "+started_at", "number"
	}
	c.scope(enterprise, s)
	if !f.From.IsZero() {
		c.and(started+" >= ?", engine.Micros(f.From))
	}
	if !f.To.IsZero() {
		c.and(started+" < ?", engine.Micros(f.To))
	}
	if f.Account != 0 {
		c.and(payer+" = ?", int64(f.Account))
	}
	if f.Number != "" {
		c.and(number+" >= ?", f.Number)
		c.and(number+" < ?", f.Number+"\U0010ffff")
	}
	f.rest(&c)
	return &c
}

// rest adds the conditions that no index serves.
func (f *CDRFilter) rest(c *conditions) {
	if f.Device != 0 {
		c.and("device_id = ?", int64(f.Device))
	}
	if f.Operator != 0 {
		c.and("operator_id = ?", int64(f.Operator))
	}
	if f.Extension != "" {
		c.and("(extension = ? OR originator = ?)", f.Extension, f.Extension)
	}
	if f.Trunk != "" {
		c.and("trunk = ?", f.Trunk)
	}
	if f.Class != "" {
		c.and("class = ?", string(f.Class))
	}
	if f.Direction != "" {
		c.and("direction = ?", string(f.Direction))
	}
	if f.Status != "" {
		c.and("status = ?", string(f.Status))
	}
	if f.Unpriced {
		c.and("(status = 'unpriced' OR cost_status = 'unpriced')")
	}
	if f.Private != nil {
		c.and("private = ?", *f.Private)
	}
	if f.MinAmount > 0 {
		c.and("micro >= ?", f.MinAmount)
	}
}

// path chooses the index: the payer's if one is asked for, the number's if few
// calls went there, else time.
func (f *CDRFilter) path(ctx context.Context, q engine.Querier) (cdrPath, error) {
	if f.Number != "" {
		probe := CDRFilter{Number: f.Number}
		c := probe.conditions(Everything, byNumber)
		var few bool
		err := q.QueryRowContext(ctx, "SELECT COUNT(*) < "+strconv.Itoa(probeRows)+
			" FROM (SELECT 1 FROM cdr"+c.where()+" LIMIT "+strconv.Itoa(probeRows)+") probe",
			c.args...).Scan(&few)
		if err != nil || few {
			return byNumber, err
		}
	}
	if f.Account != 0 {
		return byPayer, nil
	}
	return byTime, nil
}

// CDRs lists calls, those that started last first.
func (db *DB) CDRs(ctx context.Context, s Scope, f CDRFilter, p Paging) (Page[tollgate.CDR], error) {
	after, err := p.unmark(2)
	if err != nil {
		return Page[tollgate.CDR]{}, err
	}
	path, err := f.path(ctx, db.sql.Read())
	if err != nil {
		return Page[tollgate.CDR]{}, engine.Failed(err, "reading calls")
	}
	c := f.conditions(s, path)
	order := " ORDER BY started_at DESC, id DESC"
	if path == byNumber {
		order = " ORDER BY +started_at DESC, +id DESC"
	}
	if after != nil {
		c.and("(started_at, id) < (?, ?)", after.int(0), after.int(1))
	}
	found, err := engine.List(ctx, db.sql.Read(), scanCDR, "SELECT "+cdrColumns+" FROM cdr"+c.where()+
		order+p.limit(), c.args...)
	return paged(p, found, func(c *tollgate.CDR) string { return mark(tollgate.ID(engine.Micros(c.Start)), c.ID) }),
		engine.Failed(err, "reading calls")
}

// CDR returns one call; CodeNotFound when it is not in the scope.
func (db *DB) CDR(ctx context.Context, s Scope, id tollgate.ID) (tollgate.CDR, error) {
	var c tollgate.CDR
	err := scanCDR(db.sql.Read().QueryRowContext(ctx, "SELECT "+cdrColumns+
		" FROM cdr WHERE id = $1 AND (+enterprise_id = $2 OR $2 = 0)", int64(id), int64(s)), &c)
	return c, engine.Failed(err, "call %d", id)
}

// Amount is a sum in one currency.
type Amount struct {
	tollgate.Money
	Calls int64 `json:"calls"` // that were priced in it
}

// Totals is what a list of calls adds up to.
type Totals struct {
	Calls    int64    `json:"calls"`
	Answered int64    `json:"answered"`
	Talked   int64    `json:"talked"`   // microseconds
	Billed   int64    `json:"billed"`   // seconds, customer side
	Unpriced int64    `json:"unpriced"` // calls without a customer price though a tariff applies
	Charged  []Amount `json:"charged"`  // customer side, by currency
	Cost     []Amount `json:"cost"`     // operator side, by currency
	Margin   []Amount `json:"margin"`   // where it is known, by customer currency
}

// Totals adds up the calls that CDRs lists.
func (db *DB) Totals(ctx context.Context, s Scope, f CDRFilter) (Totals, error) {
	path, err := f.path(ctx, db.sql.Read())
	if err != nil {
		return Totals{}, engine.Failed(err, "adding up calls")
	}
	c := f.conditions(s, path)
	var t Totals
	rows, err := db.sql.Read().QueryContext(ctx, `SELECT currency, cost_currency, status, cost_status, COUNT(*),
		COUNT(CASE WHEN answered_at <> 0 THEN 1 END),
		CAST(SUM(CASE WHEN answered_at <> 0 THEN ended_at - answered_at ELSE 0 END) AS BIGINT),
		CAST(SUM(billed) AS BIGINT), CAST(SUM(micro) AS BIGINT), CAST(SUM(cost_micro) AS BIGINT),
		COUNT(margin), CAST(COALESCE(SUM(margin), 0) AS BIGINT)
		FROM cdr`+c.where()+` GROUP BY currency, cost_currency, status, cost_status`, c.args...)
	if err != nil {
		return t, engine.Failed(err, "adding up calls")
	}
	defer rows.Close()
	for rows.Next() {
		var charged, cost, margin Amount
		var status, costStatus tollgate.ChargeStatus
		var answered, talked, billed int64
		if err := rows.Scan(&charged.Currency, &cost.Currency, &status, &costStatus, &charged.Calls,
			&answered, &talked, &billed, &charged.Micro, &cost.Micro,
			&margin.Calls, &margin.Micro); err != nil {
			return t, engine.Failed(err, "adding up calls")
		}
		cost.Calls, margin.Currency = charged.Calls, charged.Currency
		t.Calls += charged.Calls
		t.Answered += answered
		t.Talked += talked
		t.Billed += billed
		if status == tollgate.ChargeUnpriced {
			t.Unpriced += charged.Calls
		}
		if status == tollgate.ChargePriced {
			t.Charged = addAmount(t.Charged, charged)
		}
		if costStatus == tollgate.ChargePriced {
			t.Cost = addAmount(t.Cost, cost)
		}
		if margin.Calls > 0 {
			t.Margin = addAmount(t.Margin, margin)
		}
	}
	return t, engine.Failed(rows.Err(), "adding up calls")
}

// addAmount adds to the sum of its currency; sums stay in order of currency.
func addAmount(sums []Amount, a Amount) []Amount {
	i, found := slices.BinarySearchFunc(sums, a.Currency, func(s Amount, c tollgate.Currency) int {
		return strings.Compare(string(s.Currency), string(c))
	})
	if !found {
		return slices.Insert(sums, i, a)
	}
	sums[i].Micro += a.Micro
	sums[i].Calls += a.Calls
	return sums
}
