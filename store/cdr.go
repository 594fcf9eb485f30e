package store

import (
	"encoding/json"
	"fmt"
	"strconv"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Entry is a call as it goes into the books: the CDR, and what the ledger
// decided about paying for it.
type Entry struct {
	CDR      *tollgate.CDR
	Purse    tollgate.ID // the account that pays; 0: nobody
	Quota    tollgate.ID // the account whose used counter grows; 0: none
	Unposted string      // why a price was not charged; empty: it was, or there was none
	Unlisted bool        // the accounting does not get it: selective billing leaves it out
}

var cdrTable = engine.Table{Name: "cdr", Columns: []string{
	"enterprise_id", "id", "started_at", "device_id", "unique_id", "leg", "source", "direction",
	"extension", "originator", "caller", "dialed", "number", "class", "country", "destination",
	"private", "project", "trunk", "account_code", "answered_at", "ended_at", "cause", "payer_id",
	"paid_by", "operator_id", "purse_id", "quota_id", "unposted",
	"status", "micro", "currency", "billed", "tariff_id", "deck_id", "rate", "detail",
	"cost_status", "cost_micro", "cost_currency", "cost_billed", "cost_tariff_id", "cost_deck_id",
	"cost_rate", "cost_detail", "exchange", "margin",
}}

func writeEntry(w engine.RowWriter, e *Entry) {
	c := e.CDR
	w.ID(c.Enterprise)
	w.ID(c.ID)
	w.Int(engine.Micros(c.Start))
	w.ID(c.Call.Device)
	w.Text(c.Call.UniqueID)
	w.Int(int64(c.Call.Leg))
	w.Text(string(c.Source))
	w.Text(string(c.Direction))
	w.Text(c.Extension)
	w.Text(c.Originator)
	w.Text(c.Caller)
	w.Text(c.Number.Raw)
	w.Text(c.Number.E164)
	w.Text(string(c.Number.Class))
	w.Text(c.Number.Country)
	w.Text(c.Number.Destination)
	w.Bool(c.Number.Private)
	w.Text(c.Number.Project)
	w.Text(c.Trunk)
	w.Text(c.AccountCode)
	w.Int(engine.Micros(c.Answer))
	w.Int(engine.Micros(c.End))
	w.Int(int64(c.Cause))
	w.ID(c.Payer)
	w.Text(string(c.PaidBy))
	w.ID(c.Operator)
	w.ID(e.Purse)
	w.ID(e.Quota)
	w.Text(e.Unposted)
	writeCharge(w, &c.Customer)
	writeCharge(w, &c.Cost)
	w.Text(c.Exchange)
	if c.Margin == nil {
		w.Null()
	} else {
		w.Int(*c.Margin)
	}
}

func writeCharge(w engine.RowWriter, c *tollgate.Charge) {
	w.Text(string(c.Status))
	w.Int(c.Micro)
	w.Text(string(c.Currency))
	w.Int(c.Billed)
	w.ID(c.Tariff)
	w.ID(c.Deck)
	w.Text(c.Rate)
	w.Text(detailText(c))
}

const cdrColumns = `enterprise_id, id, started_at, device_id, unique_id, leg, source, direction,
	extension, originator, caller, dialed, number, class, country, destination,
	private, project, trunk, account_code, answered_at, ended_at, cause, payer_id,
	paid_by, operator_id,
	status, micro, currency, billed, tariff_id, deck_id, rate, detail,
	cost_status, cost_micro, cost_currency, cost_billed, cost_tariff_id, cost_deck_id,
	cost_rate, cost_detail, exchange, margin, CASE WHEN unposted = '' THEN purse_id ELSE 0 END AS purse`

func scanCDR(row engine.Scanner, c *tollgate.CDR) error {
	var start, answer, end int64
	var detail, costDetail string
	n, a, b := &c.Number, &c.Customer, &c.Cost
	err := row.Scan(&c.Enterprise, &c.ID, &start, &c.Call.Device, &c.Call.UniqueID, &c.Call.Leg,
		&c.Source, &c.Direction, &c.Extension, &c.Originator, &c.Caller, &n.Raw, &n.E164, &n.Class,
		&n.Country, &n.Destination, &n.Private, &n.Project, &c.Trunk, &c.AccountCode, &answer, &end,
		&c.Cause, &c.Payer, &c.PaidBy, &c.Operator,
		&a.Status, &a.Micro, &a.Currency, &a.Billed, &a.Tariff, &a.Deck, &a.Rate, &detail,
		&b.Status, &b.Micro, &b.Currency, &b.Billed, &b.Tariff, &b.Deck, &b.Rate, &costDetail,
		&c.Exchange, &c.Margin, &c.Purse)
	if err != nil {
		return err
	}
	c.Start, c.Answer, c.End = engine.Instant(start), engine.Instant(answer), engine.Instant(end)
	if err := readDetail(detail, a); err != nil {
		return fmt.Errorf("customer charge of call %d: %w", c.ID, err)
	}
	if err := readDetail(costDetail, b); err != nil {
		return fmt.Errorf("cost of call %d: %w", c.ID, err)
	}
	return nil
}

// detail is the part of a charge that explains it and that nobody searches by.
type detail struct {
	Source     tollgate.ChargeSource `json:"source"`
	RateName   string                `json:"name"`
	ConnectFee string                `json:"fee"`
	First      int64                 `json:"first"`
	Next       int64                 `json:"next"`
	Seconds    int64                 `json:"seconds"`
	Adjusted   tollgate.Adjustment   `json:"adjusted"`
	Limit      string                `json:"limit"`
	Spans      []tollgate.Span       `json:"spans"`
}

func readDetail(text string, c *tollgate.Charge) error {
	if text == "" {
		return nil
	}
	var d detail
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return fmt.Errorf("detail %.40q: %w", text, err)
	}
	c.Source, c.RateName, c.ConnectFee = d.Source, d.RateName, d.ConnectFee
	c.First, c.Next, c.Seconds, c.Spans = d.First, d.Next, d.Seconds, d.Spans
	c.Adjusted, c.Limit = d.Adjusted, d.Limit
	return nil
}

// detailText is the JSON of a charge's detail, written by hand: the encoder of
// the standard library would cost more than writing the row. Empty fields are
// left out, and a charge without any detail is empty text.
func detailText(c *tollgate.Charge) string {
	b := make([]byte, 0, 256) // enough for one span
	b = appendText(b, `,"source":`, string(c.Source))
	b = appendText(b, `,"name":`, c.RateName)
	b = appendText(b, `,"fee":`, c.ConnectFee)
	b = appendInt(b, `,"first":`, c.First)
	b = appendInt(b, `,"next":`, c.Next)
	b = appendInt(b, `,"seconds":`, c.Seconds)
	b = appendText(b, `,"adjusted":`, string(c.Adjusted))
	b = appendText(b, `,"limit":`, c.Limit)
	if len(c.Spans) > 0 {
		b = append(b, `,"spans":[`...)
		for i := range c.Spans {
			b = appendSpan(b, &c.Spans[i])
		}
		b[len(b)-1] = ']'
	}
	if len(b) == 0 {
		return ""
	}
	b[0] = '{'
	return string(append(b, '}'))
}

// appendSpan appends one span and a comma.
func appendSpan(b []byte, s *tollgate.Span) []byte {
	b = append(b, `{"from":`...)
	b = strconv.AppendInt(b, s.From, 10)
	b = append(b, `,"seconds":`...)
	b = strconv.AppendInt(b, s.Seconds, 10)
	b = appendText(b, `,"price":`, s.Price)
	b = append(b, `,"per":`...)
	b = strconv.AppendInt(b, s.Per, 10)
	b = appendText(b, `,"band":`, string(s.Band))
	return append(b, '}', ',')
}

func appendInt(b []byte, key string, v int64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), v, 10)
}

func appendText(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	b = append(b, key...)
	for i := range len(v) {
		if c := v[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, err := json.Marshal(v) // replaces what is not UTF-8
			if err != nil {
				panic(err) // a string always has a JSON form
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, v...)
	return append(b, '"')
}

// StoredEntry returns a call of the enterprise, or of none, as it is in the
// books; CodeNotFound when it is not.
func (p *Posting) StoredEntry(enterprise, id tollgate.ID) (Entry, error) {
	e := Entry{CDR: &tollgate.CDR{}}
	row := p.tx.Row("SELECT "+cdrColumns+`, purse_id, quota_id, unposted
		FROM cdr WHERE id = $1 AND +enterprise_id IN ($2, 0)`, int64(id), int64(enterprise))
	err := scanCDR(entryRow{row, &e}, e.CDR)
	return e, engine.Failed(err, "call %d", id)
}

// entryRow scans the columns of a CDR and those of its entry after them.
type entryRow struct {
	row engine.Scanner
	e   *Entry
}

func (r entryRow) Scan(dest ...any) error {
	return r.row.Scan(append(dest, &r.e.Purse, &r.e.Quota, &r.e.Unposted)...)
}

const updateCharges = `UPDATE cdr SET purse_id = $4, quota_id = $5, unposted = $6,
	status = $7, micro = $8, currency = $9, billed = $10, tariff_id = $11, deck_id = $12, rate = $13,
	detail = $14, cost_status = $15, cost_micro = $16, cost_currency = $17, cost_billed = $18,
	cost_tariff_id = $19, cost_deck_id = $20, cost_rate = $21, cost_detail = $22,
	exchange = $23, margin = $24, enterprise_id = $27, payer_id = $28, paid_by = $29, private = $30
	WHERE id = $1 AND started_at = $2 AND +enterprise_id = $3 AND status = $25 AND cost_status = $26
		AND +payer_id = $31 AND paid_by = $32`

// UpdateCharges replaces both charges of a call, and who pays, if it still has the
// statuses and the payer of the old; changed says whether it had.
func (p *Posting) UpdateCharges(old *tollgate.CDR, e *Entry) (changed bool, err error) {
	d, a, b := e.CDR, &e.CDR.Customer, &e.CDR.Cost
	touched, err := p.tx.Exec(updateCharges, int64(d.ID), engine.Micros(d.Start), int64(old.Enterprise),
		int64(e.Purse), int64(e.Quota), e.Unposted,
		string(a.Status), a.Micro, string(a.Currency), a.Billed, int64(a.Tariff), int64(a.Deck), a.Rate,
		detailText(a),
		string(b.Status), b.Micro, string(b.Currency), b.Billed, int64(b.Tariff), int64(b.Deck), b.Rate,
		detailText(b),
		d.Exchange, d.Margin, string(old.Customer.Status), string(old.Cost.Status),
		int64(d.Enterprise), int64(d.Payer), string(d.PaidBy), d.Number.Private, int64(old.Payer), string(old.PaidBy))
	if err == nil && touched == 1 && d.Enterprise != old.Enterprise {
		_, err = p.tx.Exec("UPDATE cdr_key SET enterprise_id = $4 WHERE device_id = $1 AND unique_id = $2 AND leg = $3",
			int64(d.Call.Device), d.Call.UniqueID, d.Call.Leg, int64(d.Enterprise))
	}
	return touched == 1, engine.Failed(err, "pricing call %d", d.ID)
}
