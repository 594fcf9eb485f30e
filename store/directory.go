package store

import (
	"context"
	"fmt"

	"tollgate"
	"tollgate/store/internal/engine"
)

// Directory is the whole configuration that prices calls, as one snapshot.
type Directory struct {
	Version      int64 // of the configuration; compare with ConfigVersion
	Devices      []tollgate.Device
	Extensions   []tollgate.Extension
	Trunks       []tollgate.Trunk
	Operators    []tollgate.Operator
	Accounts     []tollgate.Account // without house accounts
	Tariffs      []tollgate.Tariff  // without their decks: see Decks
	Attributions []tollgate.Attribution
	Exchange     []ExchangeRate // by From, To, Effective
	Permits      []tollgate.Permit
	Groups       []tollgate.Group
}

// Directory reads the configuration. What is deleted is not in it.
func (db *DB) Directory(ctx context.Context) (*Directory, error) {
	d := &Directory{}
	err := db.Snapshot(ctx, func(q engine.Querier) (err error) {
		if err = q.QueryRowContext(ctx, "SELECT version FROM config").Scan(&d.Version); err != nil {
			return err
		}
		if d.Devices, err = devicesOf(ctx, q, Everything); err != nil {
			return err
		}
		if d.Extensions, err = engine.List(ctx, q, scanExtension,
			"SELECT device_id, number, account_id, name FROM extension"); err != nil {
			return err
		}
		if d.Trunks, err = trunksOf(ctx, q, Everything); err != nil {
			return err
		}
		if d.Operators, err = engine.List(ctx, q, scanOperator, "SELECT "+operatorColumns+
			" FROM operator WHERE deleted_at = 0 ORDER BY name"); err != nil {
			return err
		}
		if d.Accounts, err = engine.List(ctx, q, scanAccount, "SELECT "+accountColumns+
			" FROM account WHERE kind <> 'house'"); err != nil {
			return err
		}
		if d.Tariffs, err = tariffsOf(ctx, q, Everything); err != nil {
			return err
		}
		if d.Attributions, err = engine.List(ctx, q, scanAttribution, `SELECT prefix, class, country,
			destination, area_code FROM attribution ORDER BY prefix`); err != nil {
			return err
		}
		if d.Permits, err = permitsOf(ctx, q, Everything); err != nil {
			return err
		}
		if d.Groups, err = groupsOf(ctx, q, Everything, 0); err != nil {
			return err
		}
		d.Exchange, err = engine.List(ctx, q, scanExchange, `SELECT base, quote, effective_at, rate
			FROM exchange_rate ORDER BY base, quote, effective_at`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return d, nil
}

func scanExtension(row engine.Scanner, e *tollgate.Extension) error {
	return row.Scan(&e.Device, &e.Number, &e.Account, &e.Name)
}

func scanTrunk(row engine.Scanner, t *tollgate.Trunk) error {
	return row.Scan(&t.Device, &t.Name, &t.Operator, &t.Account)
}

func scanAttribution(row engine.Scanner, a *tollgate.Attribution) error {
	return row.Scan(&a.Prefix, &a.Class, &a.Country, &a.Destination, &a.AreaCode)
}

func scanExchange(row engine.Scanner, r *ExchangeRate) error {
	var effective int64
	err := row.Scan(&r.From, &r.To, &effective, &r.Rate)
	r.Effective = engine.Instant(effective)
	return err
}

func devicesOf(ctx context.Context, q engine.Querier, s Scope) ([]tollgate.Device, error) {
	return engine.List(ctx, q, scanDevice, "SELECT "+deviceColumns+` FROM device
		WHERE deleted_at = 0 AND (enterprise_id = $1 OR $1 = 0) ORDER BY name`, int64(s))
}

func trunksOf(ctx context.Context, q engine.Querier, s Scope) ([]tollgate.Trunk, error) {
	return engine.List(ctx, q, scanTrunk, `SELECT device_id, trunk.name, operator_id, account_id
		FROM trunk JOIN device ON device.id = device_id
		WHERE (enterprise_id = $1 OR $1 = 0) ORDER BY device_id, trunk.name`, int64(s))
}

func tariffsOf(ctx context.Context, q engine.Querier, s Scope) ([]tollgate.Tariff, error) {
	return engine.List(ctx, q, scanTariff, "SELECT "+tariffColumns+` FROM tariff
		WHERE deleted_at = 0 AND (enterprise_id = $1 OR $1 = 0) ORDER BY name, id`, int64(s))
}

// Devices lists the devices that belong to the scope, by name. Shared devices
// are seen by Everything only. Secrets are included: they are not for showing.
func (db *DB) Devices(ctx context.Context, s Scope) ([]tollgate.Device, error) {
	devices, err := devicesOf(ctx, db.sql.Read(), s)
	return devices, engine.Failed(err, "reading devices")
}

// Trunks lists the trunks of the scope's devices.
func (db *DB) Trunks(ctx context.Context, s Scope) ([]tollgate.Trunk, error) {
	trunks, err := trunksOf(ctx, db.sql.Read(), s)
	return trunks, engine.Failed(err, "reading trunks")
}

// Operators lists the operators. They are the house's: another scope sees none.
func (db *DB) Operators(ctx context.Context, s Scope) ([]tollgate.Operator, error) {
	operators, err := engine.List(ctx, db.sql.Read(), scanOperator, "SELECT "+operatorColumns+
		" FROM operator WHERE deleted_at = 0 AND CAST($1 AS BIGINT) = 0 ORDER BY name", int64(s))
	return operators, engine.Failed(err, "reading operators")
}

// Tariffs lists the tariffs that belong to the scope, by name, without decks.
func (db *DB) Tariffs(ctx context.Context, s Scope) ([]tollgate.Tariff, error) {
	tariffs, err := tariffsOf(ctx, db.sql.Read(), s)
	return tariffs, engine.Failed(err, "reading tariffs")
}

// Exchange lists the exchange rates, by From, To, Effective. They are the
// house's: another scope sees none.
func (db *DB) Exchange(ctx context.Context, s Scope) ([]ExchangeRate, error) {
	rates, err := engine.List(ctx, db.sql.Read(), scanExchange, `SELECT base, quote, effective_at, rate
		FROM exchange_rate WHERE CAST($1 AS BIGINT) = 0 ORDER BY base, quote, effective_at`, int64(s))
	return rates, engine.Failed(err, "reading exchange rates")
}

// Extensions lists extensions by device and number: those whose account or
// device is in the scope, of one device or (0) of all.
func (db *DB) Extensions(ctx context.Context, s Scope, device tollgate.ID, p Paging) (
	Page[tollgate.Extension], error,
) {
	after, err := p.unmark(2)
	if err != nil {
		return Page[tollgate.Extension]{}, err
	}
	var c conditions
	if device != 0 {
		c.and("e.device_id = ?", int64(device))
	}
	if s != Everything {
		c.and(`(EXISTS (SELECT 1 FROM device d WHERE d.id = e.device_id AND d.enterprise_id = ?)
			OR EXISTS (SELECT 1 FROM account a WHERE a.id = e.account_id AND a.enterprise_id = ?))`,
			int64(s), int64(s))
	}
	if after != nil {
		c.and("(e.device_id, e.number) > (?, ?)", after.int(0), after.text(1))
	}
	found, err := engine.List(ctx, db.sql.Read(), scanExtension,
		"SELECT e.device_id, e.number, e.account_id, e.name FROM extension e"+c.clause()+
			" ORDER BY e.device_id, e.number"+p.limit(), c.args...)
	return paged(p, found, func(e *tollgate.Extension) string { return mark(e.Device, e.Number) }),
		engine.Failed(err, "reading extensions")
}

// DeviceLogin returns the enabled device that calls itself so when it pushes
// records, and the hash of its password; CodeNotFound when there is none.
func (db *DB) DeviceLogin(ctx context.Context, account string) (
	d tollgate.Device, passwordHash string, err error,
) {
	err = db.sql.Read().QueryRowContext(ctx, `SELECT password_hash FROM device
		WHERE account = $1 AND account <> '' AND deleted_at = 0`, account).Scan(&passwordHash)
	if err != nil {
		return d, "", engine.Failed(err, "device account %q", account)
	}
	err = scanDevice(db.sql.Read().QueryRowContext(ctx, "SELECT "+deviceColumns+
		" FROM device WHERE account = $1 AND deleted_at = 0", account), &d)
	if err != nil {
		return d, "", engine.Failed(err, "device account %q", account)
	}
	if !d.Enabled {
		return d, "", tollgate.Errorf(tollgate.CodeNotFound, "device account %q is disabled", account)
	}
	return d, passwordHash, nil
}

// Decks returns the decks of a tariff with their rates, oldest first.
func (db *DB) Decks(ctx context.Context, tariff tollgate.ID) ([]tollgate.Deck, error) {
	var decks []tollgate.Deck
	err := db.Snapshot(ctx, func(q engine.Querier) (err error) {
		decks, err = engine.List(ctx, q, scanDeck, `SELECT id, tariff_id, effective_at FROM deck
			WHERE tariff_id = $1 AND deleted_at = 0 ORDER BY effective_at`, int64(tariff))
		for i := range decks {
			if err == nil {
				decks[i].Rates, err = engine.List(ctx, q, scanRate, "SELECT "+rateColumns+
					" FROM rate WHERE deck_id = $1 ORDER BY prefix, number, class", int64(decks[i].ID))
			}
		}
		return err
	})
	return decks, engine.Failed(err, "reading the decks of tariff %d", tariff)
}

func scanDeck(row engine.Scanner, d *tollgate.Deck) error {
	var effective int64
	err := row.Scan(&d.ID, &d.Tariff, &effective)
	d.Effective = engine.Instant(effective)
	return err
}

const rateColumns = `prefix, number, class, name, price, price_peak, connect_fee, per,
	first_interval, next_interval`

func scanRate(row engine.Scanner, r *tollgate.Rate) error {
	return row.Scan(&r.Prefix, &r.Number, &r.Class, &r.Name, &r.Price, &r.PricePeak, &r.ConnectFee,
		&r.Per, &r.First, &r.Next)
}

// DeckList returns the decks of a tariff in the scope without their rates,
// oldest first, and how many rates each has.
func (db *DB) DeckList(ctx context.Context, s Scope, tariff tollgate.ID) (
	decks []tollgate.Deck, rates []int, err error,
) {
	decks, err = engine.List(ctx, db.sql.Read(), func(row engine.Scanner, d *tollgate.Deck) error {
		var effective int64
		var n int
		err := row.Scan(&d.ID, &d.Tariff, &effective, &n)
		d.Effective = engine.Instant(effective)
		rates = append(rates, n)
		return err
	}, `SELECT deck.id, tariff_id, effective_at,
		(SELECT COUNT(*) FROM rate WHERE deck_id = deck.id)
		FROM deck JOIN tariff ON tariff.id = tariff_id
		WHERE tariff_id = $1 AND (enterprise_id = $2 OR $2 = 0)
		AND deck.deleted_at = 0 ORDER BY effective_at`, int64(tariff), int64(s))
	return decks, rates, engine.Failed(err, "reading the decks of tariff %d", tariff)
}

// Rates lists the rates of a deck in the scope, those whose prefix or number
// begins with the digits given, by prefix, number and class.
func (db *DB) Rates(ctx context.Context, s Scope, deck tollgate.ID, digits string, p Paging) (
	Page[tollgate.Rate], error,
) {
	after, err := p.unmark(3)
	if err != nil {
		return Page[tollgate.Rate]{}, err
	}
	var c conditions
	c.and("deck_id = ?", int64(deck))
	if s != Everything {
		c.and(`EXISTS (SELECT 1 FROM deck d JOIN tariff t ON t.id = d.tariff_id
			WHERE d.id = rate.deck_id AND t.enterprise_id = ?)`, int64(s))
	}
	if digits != "" {
		end := digits + "\U0010ffff"
		c.and("(prefix >= ? AND prefix < ? OR number >= ? AND number < ?)", digits, end, digits, end)
	}
	if after != nil {
		c.and("(prefix, number, class) > (?, ?, ?)", after.text(0), after.text(1), after.text(2))
	}
	found, err := engine.List(ctx, db.sql.Read(), scanRate, "SELECT "+rateColumns+" FROM rate"+c.clause()+
		" ORDER BY prefix, number, class"+p.limit(), c.args...)
	return paged(p, found, func(r *tollgate.Rate) string { return mark(r.Prefix, r.Number, r.Class) }),
		engine.Failed(err, "reading rates")
}
