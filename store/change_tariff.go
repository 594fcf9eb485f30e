package store

import (
	"encoding/json"
	"fmt"
	"time"

	"tollgate"
	"tollgate/store/internal/engine"
	"tollgate/store/internal/terms"
)

const operatorColumns = "id, name, tariff_id"

func scanOperator(row engine.Scanner, o *tollgate.Operator) error {
	return row.Scan(&o.ID, &o.Name, &o.Tariff)
}

// PutOperator stores an operator.
func (c *Change) PutOperator(o *tollgate.Operator) error {
	if err := c.require("tariff", "tariff", o.Tariff); err != nil {
		return err
	}
	if o.ID == 0 {
		c.give(&o.ID)
		if _, err := c.tx.Exec(`INSERT INTO operator (id, name, tariff_id, deleted_at)
			VALUES ($1, $2, $3, 0)`, int64(o.ID), o.Name, int64(o.Tariff)); err != nil {
			return engine.Failed(err, "storing operator %q", o.Name)
		}
		return c.log(object("operator", o.ID), nil, o)
	}
	before, err := c.operator(o.ID)
	if err != nil {
		return err
	}
	touched, err := c.tx.Exec("UPDATE operator SET name = $2, tariff_id = $3 WHERE id = $1",
		int64(o.ID), o.Name, int64(o.Tariff))
	if err := one(touched, err, fmt.Sprintf("operator %q", o.Name)); err != nil {
		return err
	}
	return c.log(object("operator", o.ID), before, o)
}

func (c *Change) operator(id tollgate.ID) (tollgate.Operator, error) {
	var o tollgate.Operator
	row := c.tx.Row("SELECT "+operatorColumns+" FROM operator WHERE id = $1 AND deleted_at = 0", int64(id))
	return o, engine.Failed(scanOperator(row, &o), "operator %d", id)
}

// DeleteOperator hides an operator that no trunk leads to. Calls keep it.
func (c *Change) DeleteOperator(id tollgate.ID) error {
	o, err := c.operator(id)
	if err != nil {
		return err
	}
	if err := c.refuseIf("a trunk still leads to this operator",
		"SELECT 1 FROM trunk WHERE operator_id = $1", int64(id)); err != nil {
		return err
	}
	if _, err := c.tx.Exec("UPDATE operator SET deleted_at = $2 WHERE id = $1",
		int64(id), engine.Micros(c.db.now())); err != nil {
		return engine.Failed(err, "deleting operator %q", o.Name)
	}
	return c.log(object("operator", id), o, nil)
}

const tariffColumns = "id, enterprise_id, name, default_customer, revision, settings"

// scanTariff reads the columns over what the settings say, so that the
// database's constraints and the value never disagree.
func scanTariff(row engine.Scanner, t *tollgate.Tariff) error {
	var stored tollgate.Tariff
	var settings string
	if err := row.Scan(&stored.ID, &stored.Enterprise, &stored.Name, &stored.DefaultCustomer,
		&stored.Revision, &settings); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(settings), t); err != nil {
		return fmt.Errorf("settings of tariff %d: %w", stored.ID, err)
	}
	t.ID, t.Enterprise, t.Name = stored.ID, stored.Enterprise, stored.Name
	t.DefaultCustomer, t.Revision = stored.DefaultCustomer, stored.Revision
	return nil
}

// PutTariff stores a tariff without its decks and raises its revision. Whether
// it compiles is for the caller to know. A second default customer tariff of
// one owner is refused with CodeConflict.
func (c *Change) PutTariff(t *tollgate.Tariff) error {
	if err := c.requireEnterprise(t.Enterprise); err != nil {
		return err
	}
	var before any
	if t.ID == 0 {
		c.give(&t.ID)
		t.Revision = 1
	} else {
		old, err := c.tariff(t.ID)
		if err != nil {
			return err
		}
		if err := terms.KeepCurrency(c.tx, &old, t); err != nil {
			return err
		}
		before, t.Revision = old, old.Revision+1
	}
	settings, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("tariff %q: %w", t.Name, err)
	}
	if before == nil {
		_, err = c.tx.Exec(`INSERT INTO tariff
			(id, enterprise_id, name, default_customer, revision, settings, deleted_at)
			VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			int64(t.ID), int64(t.Enterprise), t.Name, t.DefaultCustomer, t.Revision, string(settings))
	} else {
		_, err = c.tx.Exec(`UPDATE tariff SET enterprise_id = $2, name = $3, default_customer = $4,
			revision = $5, settings = $6 WHERE id = $1`,
			int64(t.ID), int64(t.Enterprise), t.Name, t.DefaultCustomer, t.Revision, string(settings))
	}
	if err != nil {
		return engine.Failed(err, "storing tariff %q", t.Name)
	}
	return c.log(object("tariff", t.ID), before, t)
}

func (c *Change) tariff(id tollgate.ID) (tollgate.Tariff, error) {
	var t tollgate.Tariff
	row := c.tx.Row("SELECT "+tariffColumns+" FROM tariff WHERE id = $1 AND deleted_at = 0", int64(id))
	return t, engine.Failed(scanTariff(row, &t), "tariff %d", id)
}

// DeleteTariff hides a tariff that no account, operator or call rule names. Calls
// priced by it keep their frozen prices.
func (c *Change) DeleteTariff(id tollgate.ID) error {
	t, err := c.tariff(id)
	if err != nil {
		return err
	}
	if err := c.refuseIf("an account still has this tariff",
		"SELECT 1 FROM account WHERE tariff_id = $1", int64(id)); err != nil {
		return err
	}
	if err := c.refuseIf("an operator still has this tariff",
		"SELECT 1 FROM operator WHERE tariff_id = $1 AND deleted_at = 0", int64(id)); err != nil {
		return err
	}
	if err := c.refuseIfRuled(id); err != nil {
		return err
	}
	if _, err := c.tx.Exec("UPDATE tariff SET deleted_at = $2 WHERE id = $1",
		int64(id), engine.Micros(c.db.now())); err != nil {
		return engine.Failed(err, "deleting tariff %q", t.Name)
	}
	return c.log(object("tariff", id), t, nil)
}

// shownDeck is a deck in the operation log: a hundred thousand rates are not
// written there.
type shownDeck struct {
	Tariff    tollgate.ID `json:"tariff"`
	Effective time.Time   `json:"effective"`
	Rates     int         `json:"rates"`
}

// PutDeck stores a deck; on one that exists the rates are replaced. Two rates
// with the same key are refused with CodeConflict, and so is a second deck of
// the tariff from the same instant. The tariff's revision is raised.
func (c *Change) PutDeck(d *tollgate.Deck) error {
	if err := c.raiseRevision(d.Tariff); err != nil {
		return err
	}
	var before any
	if d.ID == 0 {
		c.give(&d.ID)
		if _, err := c.tx.Exec(`INSERT INTO deck (id, tariff_id, effective_at, deleted_at)
			VALUES ($1, $2, $3, 0)`, int64(d.ID), int64(d.Tariff), engine.Micros(d.Effective)); err != nil {
			return engine.Failed(err, "storing the deck from %s", d.Effective)
		}
	} else {
		old, err := c.deck(d.ID)
		if err != nil {
			return err
		}
		before = old
		touched, err := c.tx.Exec("UPDATE deck SET effective_at = $3 WHERE id = $1 AND tariff_id = $2",
			int64(d.ID), int64(d.Tariff), engine.Micros(d.Effective))
		if err := one(touched, err, fmt.Sprintf("deck %d of tariff %d", d.ID, d.Tariff)); err != nil {
			return err
		}
		if _, err := c.tx.Exec("DELETE FROM rate WHERE deck_id = $1", int64(d.ID)); err != nil {
			return engine.Failed(err, "replacing the rates of deck %d", d.ID)
		}
	}
	err := c.tx.Insert(rateTable, len(d.Rates), func(i int, w engine.RowWriter) {
		writeRate(w, d.ID, &d.Rates[i])
	})
	if err != nil {
		return engine.Failed(err, "storing the rates")
	}
	return c.log(object("deck", d.ID), before,
		shownDeck{Tariff: d.Tariff, Effective: d.Effective, Rates: len(d.Rates)})
}

func (c *Change) raiseRevision(tariff tollgate.ID) error {
	touched, err := c.tx.Exec(`UPDATE tariff SET revision = revision + 1
		WHERE id = $1 AND deleted_at = 0`, int64(tariff))
	return one(touched, err, fmt.Sprintf("tariff %d", tariff))
}

func (c *Change) deck(id tollgate.ID) (shownDeck, error) {
	var d shownDeck
	var effective int64
	err := c.tx.QueryRow(`SELECT tariff_id, effective_at,
		(SELECT COUNT(*) FROM rate WHERE deck_id = $1)
		FROM deck WHERE id = $1 AND deleted_at = 0`,
		[]any{int64(id)}, &d.Tariff, &effective, &d.Rates)
	d.Effective = engine.Instant(effective)
	return d, engine.Failed(err, "deck %d", id)
}

// DeleteDeck hides a deck; its rates stay for those who ask what a past call
// was priced by.
func (c *Change) DeleteDeck(id tollgate.ID) error {
	d, err := c.deck(id)
	if err != nil {
		return err
	}
	if err := c.raiseRevision(d.Tariff); err != nil {
		return err
	}
	if _, err := c.tx.Exec("UPDATE deck SET deleted_at = $2 WHERE id = $1",
		int64(id), engine.Micros(c.db.now())); err != nil {
		return engine.Failed(err, "deleting deck %d", id)
	}
	return c.log(object("deck", id), d, nil)
}

// ExchangeRate says that one unit of From is worth Rate units of To from an
// instant until the next rate's. Rate is a decimal number as written.
type ExchangeRate struct {
	From      tollgate.Currency `json:"from"`
	To        tollgate.Currency `json:"to"`
	Effective time.Time         `json:"effective"` // zero: since ever
	Rate      string            `json:"rate"`
}

// PutExchangeRate stores a dated exchange rate, over one from the same instant.
func (c *Change) PutExchangeRate(r ExchangeRate) error {
	if !r.From.Valid() || !r.To.Valid() || r.From == r.To || r.Rate == "" {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"exchange rate: want two currencies and a number, not %q, %q, %q", r.From, r.To, r.Rate)
	}
	if _, err := c.tx.Exec(`INSERT INTO exchange_rate (base, quote, effective_at, rate)
		VALUES ($1, $2, $3, $4) ON CONFLICT (base, quote, effective_at)
		DO UPDATE SET rate = excluded.rate`,
		string(r.From), string(r.To), engine.Micros(r.Effective), r.Rate); err != nil {
		return engine.Failed(err, "storing the exchange rate")
	}
	return c.log(fmt.Sprintf("exchange %s %s", r.From, r.To), nil, r)
}

// DeleteExchangeRate removes the rate of two currencies from an instant.
func (c *Change) DeleteExchangeRate(r ExchangeRate) error {
	touched, err := c.tx.Exec(`DELETE FROM exchange_rate
		WHERE base = $1 AND quote = $2 AND effective_at = $3`,
		string(r.From), string(r.To), engine.Micros(r.Effective))
	if err := one(touched, err, "exchange rate"); err != nil {
		return err
	}
	return c.log(fmt.Sprintf("exchange %s %s", r.From, r.To), r, nil)
}

// PutAttributions replaces the user's whole table of number attribution.
func (c *Change) PutAttributions(rows []tollgate.Attribution) error {
	before, err := c.tx.Exec("DELETE FROM attribution")
	if err != nil {
		return engine.Failed(err, "replacing the number attribution")
	}
	err = c.tx.Insert(attributionTable, len(rows), func(i int, w engine.RowWriter) {
		r := &rows[i]
		w.Text(r.Prefix)
		w.Text(string(r.Class))
		w.Text(r.Country)
		w.Text(r.Destination)
		w.Text(r.AreaCode)
	})
	if err != nil {
		return engine.Failed(err, "storing the number attribution")
	}
	return c.log("attribution", map[string]int64{"rows": before},
		map[string]int{"rows": len(rows)})
}

var (
	rateTable = engine.Table{Name: "rate", Columns: []string{
		"deck_id", "prefix", "number", "class", "name", "price", "price_peak", "connect_fee",
		"per", "first_interval", "next_interval",
	}}
	attributionTable = engine.Table{Name: "attribution", Columns: []string{
		"prefix", "class", "country", "destination", "area_code",
	}}
)

func writeRate(w engine.RowWriter, deck tollgate.ID, r *tollgate.Rate) {
	w.ID(deck)
	w.Text(r.Prefix)
	w.Text(r.Number)
	w.Text(string(r.Class))
	w.Text(r.Name)
	w.Text(r.Price)
	w.Text(r.PricePeak)
	w.Text(r.ConnectFee)
	w.Text(r.Per)
	w.Text(r.First)
	w.Text(r.Next)
}
