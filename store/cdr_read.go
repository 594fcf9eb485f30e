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
	Number    string // the first digits of the called number in normal form, as far as they are shown
	Extension string // the extension or the originator
	Trunk     string
	Class     tollgate.Class
	Direction tollgate.Direction
	Status    tollgate.ChargeStatus // of the customer side
	Private   *bool
	Unpriced  bool  // a tariff applies to a side but has no price for the call
	Unpaid    bool  // nobody was found who pays for it, and somebody should
	MinAmount int64 // micro-units of the customer side, in whatever currency
}

// cdrPath is the index by which a list of calls is found.
type cdrPath int

const (
	byTime cdrPath = iota
	byPayer
	byNumber
	byUnpriced
)

// Limits of looking for calls.
const (
	// probeRows is how many calls of a number are few enough to be found by number
	// and sorted; when there are more, calls are walked by time until the page is
	// full, which then is soon.
	probeRows = 5_000
	// walkRows is how many calls one page looks at when some of the filter has no
	// index: a page is answered in a tenth of a second, however long the books.
	walkRows = 20_000
)

// hiddenDigits is how many digits of the number of a private call nobody is
// shown: see tollgate.Number.Masked. Nor is a call found by them, or whoever
// lists calls could try digit after digit.
const hiddenDigits = 4

// where returns the part of the filter that the path's index serves. A column
// in front of which a + stands is not looked up in an index: the path is ours
// to choose, because only we know that calls are asked for newest first and a
// page long.
func (f *CDRFilter) where(s Scope, path cdrPath) *conditions {
	var c conditions
	enterprise, started := "+enterprise_id", "started_at"
	switch path {
	case byTime:
		enterprise = "enterprise_id"
	case byPayer:
		c.and("payer_id = ?", int64(f.Account))
	case byNumber:
		started = "+started_at"
		c.and("number >= ?", f.Number)
		c.and("number < ?", f.Number+"\U0010ffff")
	case byUnpriced:
		c.and(unpricedSide)
	}
	c.scope(enterprise, s)
	if !f.From.IsZero() {
		c.and(started+" >= ?", engine.Micros(f.From))
	}
	if !f.To.IsZero() {
		c.and(started+" < ?", engine.Micros(f.To))
	}
	return &c
}

// unpricedSide is the condition of the index on calls without a price, word
// for word.
const unpricedSide = "(status = 'unpriced' OR cost_status = 'unpriced')"

// unpaidCall is tollgate.CDR.Unpaid; uncharged is no revenue: whoever pays, no
// account was charged what the call costs.
const (
	unpaidCall = "(payer_id = 0 AND paid_by <> 'rule' AND direction = 'outbound' AND answered_at <> 0" +
		" AND class NOT IN ('internal', 'emergency'))"
	uncharged = "(micro > 0 AND (purse_id = 0 OR unposted <> ''))"
)

// sift adds the conditions that the path's index does not serve, and reports
// whether there are any.
func (f *CDRFilter) sift(c *conditions, path cdrPath) bool {
	served := len(c.pieces)
	if f.Account != 0 && path != byPayer {
		c.and("+payer_id = ?", int64(f.Account))
	}
	if f.Number != "" && path != byNumber {
		c.and("number || '' >= ?", f.Number)
		c.and("number || '' < ?", f.Number+"\U0010ffff")
	}
	if f.Number != "" {
		c.and("(private = ? OR length(number) >= ?)", false, len(f.Number)+hiddenDigits)
	}
	if f.Device != 0 {
		c.and("device_id = ?", int64(f.Device))
	}
	if f.Operator != 0 {
		c.and("operator_id = ?", int64(f.Operator))
	}
	if f.Extension != "" {
		c.and("(extension = ? OR originator = ?)", f.Extension, f.Extension)
	}
	if _, endpoint, found := strings.Cut(f.Trunk, "/"); found {
		c.and("trunk IN (?, ?)", f.Trunk, endpoint) // as people name it, and as it is reported
	} else if f.Trunk != "" {
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
		c.and(unpricedSide)
	}
	if f.Unpaid {
		c.and(unpaidCall)
	}
	if f.Private != nil {
		c.and("private = ?", *f.Private)
	}
	if f.MinAmount > 0 {
		c.and("micro >= ?", f.MinAmount)
	}
	return len(c.pieces) > served
}

// path chooses the index: that of calls without a price if they are asked for,
// the number's if few calls went there, the payer's if there is one, else time.
func (db *DB) path(ctx context.Context, f *CDRFilter) (cdrPath, error) {
	if f.Unpriced || f.Status == tollgate.ChargeUnpriced {
		return byUnpriced, nil
	}
	if f.Number != "" {
		probe := CDRFilter{Number: f.Number}
		c := probe.where(Everything, byNumber)
		var found int
		err := db.sql.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM cdr"+c.clause()+
			" LIMIT "+strconv.Itoa(db.probeRows)+") probe", c.args...).Scan(&found)
		if err != nil || found < db.probeRows {
			return byNumber, err
		}
	}
	if f.Account != 0 || f.Unpaid { // who pays is 0 then
		return byPayer, nil
	}
	return byTime, nil
}

// CDRs lists calls, those that started last first. Where some of the filter has
// no index, a page looks at the next 20,000 calls only: it may hold fewer rows
// than asked for, or none, and still have a Next. Only an empty Next is the end.
func (db *DB) CDRs(ctx context.Context, s Scope, f CDRFilter, p Paging) (Page[tollgate.CDR], error) {
	after, err := p.unmark(2)
	if err != nil {
		return Page[tollgate.CDR]{}, err
	}
	path, err := db.path(ctx, &f)
	if err != nil {
		return Page[tollgate.CDR]{}, engine.Failed(err, "reading calls")
	}
	c := f.where(s, path)
	order := " ORDER BY started_at DESC, id DESC"
	if path == byNumber {
		order = " ORDER BY +started_at DESC, +id DESC"
	}
	if after != nil {
		c.and("started_at <= ?", after.int(0)) // what follows says it too, and not every planner sees it
		c.and("(started_at, id) < (?, ?)", after.int(0), after.int(1))
	}
	walked := *c
	edge := ""
	if f.sift(c, path) && path != byNumber {
		if edge, err = db.edge(ctx, walked, order, c); err != nil {
			return Page[tollgate.CDR]{}, engine.Failed(err, "reading calls")
		}
	}
	found, err := engine.List(ctx, db.sql.Read(), scanCDR, "SELECT "+cdrColumns+" FROM cdr"+c.clause()+
		order+p.limit(), c.args...)
	page := paged(p, found, func(c *tollgate.CDR) string {
		return mark(tollgate.ID(engine.Micros(c.Start)), c.ID)
	})
	if page.Next == "" {
		page.Next = edge
	}
	return page, engine.Failed(err, "reading calls")
}

// edge finds the last call that a page looks at, keeps the page above it, and
// returns the cursor from there on; empty when the walk reaches the end.
func (db *DB) edge(ctx context.Context, walked conditions, order string, c *conditions) (string, error) {
	var started, id int64
	err := db.sql.Read().QueryRowContext(ctx, "SELECT started_at, id FROM cdr"+walked.clause()+order+
		" LIMIT 1 OFFSET "+strconv.Itoa(db.walkRows), walked.args...).Scan(&started, &id)
	if found, err := engine.Found(err); !found {
		return "", err
	}
	c.and("started_at >= ?", started)
	c.and("(started_at, id) >= (?, ?)", started, id)
	return mark(tollgate.ID(started), tollgate.ID(id)), nil
}

// CDR returns one call; CodeNotFound when it is not in the scope.
func (db *DB) CDR(ctx context.Context, s Scope, id tollgate.ID) (tollgate.CDR, error) {
	var c tollgate.CDR
	err := scanCDR(db.sql.Read().QueryRowContext(ctx, "SELECT "+cdrColumns+
		" FROM cdr WHERE id = $1 AND (+enterprise_id = $2 OR $2 = 0)", int64(id), int64(s)), &c)
	return c, engine.Failed(err, "call %d", id)
}

// CDRsOf returns those of a few hundred calls that are in the tables, in no order.
func (db *DB) CDRsOf(ctx context.Context, ids []tollgate.ID) ([]tollgate.CDR, error) {
	var c conditions
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = int64(id)
	}
	c.and("id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", args...)
	found, err := engine.List(ctx, db.sql.Read(), scanCDR, "SELECT "+cdrColumns+" FROM cdr"+c.clause(), c.args...)
	return found, engine.Failed(err, "reading %d calls", len(ids))
}

// Amount is a sum in one currency.
type Amount struct {
	tollgate.Money
	Calls int64 `json:"calls"` // that it is the sum of
}

// Totals is what a list of calls adds up to.
type Totals struct {
	Calls    int64    `json:"calls"`
	Answered int64    `json:"answered"`
	Talked   int64    `json:"talked"`   // microseconds
	Billed   int64    `json:"billed"`   // seconds, customer side
	Unpriced int64    `json:"unpriced"` // calls without a customer price though a tariff applies
	Unpaid   int64    `json:"unpaid"`   // calls that nobody was found to pay
	Charged  []Amount `json:"charged"`  // to somebody, by currency
	Cost     []Amount `json:"cost"`     // operator side, by currency
	Margin   []Amount `json:"margin"`   // charged less cost where both are known, by customer currency
}

// addersMax is how many sums are made at a time: each keeps a core and a reading
// connection busy for seconds, and calls that want to be placed need both.
const addersMax = 2

// Totals adds up the calls that CDRs lists. What a call costs us counts whether
// or not somebody pays for it: one that is not charged takes its cost off the margin.
func (db *DB) Totals(ctx context.Context, s Scope, f CDRFilter) (Totals, error) {
	path, err := db.path(ctx, &f)
	if err != nil {
		return Totals{}, engine.Failed(err, "adding up calls")
	}
	c := f.where(s, path)
	f.sift(c, path)
	var t Totals
	select {
	case db.adding <- struct{}{}:
		defer func() { <-db.adding }()
	case <-ctx.Done():
		return t, ctx.Err()
	}
	rows, err := db.sql.Read().QueryContext(ctx, `SELECT currency, cost_currency, status, cost_status,
		`+unpaidCall+` AS unpaid, `+uncharged+` AS uncharged, COUNT(*),
		COUNT(CASE WHEN answered_at <> 0 THEN 1 END),
		CAST(SUM(CASE WHEN answered_at <> 0 THEN ended_at - answered_at ELSE 0 END) AS BIGINT),
		CAST(SUM(billed) AS BIGINT), CAST(SUM(micro) AS BIGINT), CAST(SUM(cost_micro) AS BIGINT),
		COUNT(margin), CAST(COALESCE(SUM(margin), 0) AS BIGINT),
		CAST(COALESCE(SUM(CASE WHEN margin IS NOT NULL THEN micro END), 0) AS BIGINT)
		FROM cdr`+c.clause()+` GROUP BY currency, cost_currency, status, cost_status, unpaid, uncharged`, c.args...)
	if err != nil {
		return t, engine.Failed(err, "adding up calls")
	}
	defer rows.Close()
	for rows.Next() {
		if err := t.add(rows); err != nil {
			return t, engine.Failed(err, "adding up calls")
		}
	}
	return t, engine.Failed(rows.Err(), "adding up calls")
}

// add adds the calls of one group of Totals.
func (t *Totals) add(row engine.Scanner) error {
	var charged, cost, margin Amount
	var status, costStatus tollgate.ChargeStatus
	var unpaid, uncharged bool
	var calls, answered, talked, billed, priceOfMargin int64
	if err := row.Scan(&charged.Currency, &cost.Currency, &status, &costStatus, &unpaid, &uncharged, &calls,
		&answered, &talked, &billed, &charged.Micro, &cost.Micro,
		&margin.Calls, &margin.Micro, &priceOfMargin); err != nil {
		return err
	}
	charged.Calls, cost.Calls, margin.Currency = calls, calls, charged.Currency
	t.Calls += calls
	t.Answered += answered
	t.Talked += talked
	t.Billed += billed
	if status == tollgate.ChargeUnpriced {
		t.Unpriced += calls
	}
	if unpaid {
		t.Unpaid += calls
	}
	if uncharged {
		margin.Micro -= priceOfMargin
	}
	if status == tollgate.ChargePriced && !uncharged {
		t.Charged = addAmount(t.Charged, charged)
	}
	if costStatus == tollgate.ChargePriced {
		t.Cost = addAmount(t.Cost, cost)
	}
	if margin.Calls > 0 {
		t.Margin = addAmount(t.Margin, margin)
	}
	return nil
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
