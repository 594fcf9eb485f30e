package store_test

import (
	"errors"
	"maps"
	"reflect"
	"testing"

	"tollgate"
	"tollgate/store"
	"tollgate/store/live"
	"tollgate/store/storetest"
)

// seen asks one method for rows of the office under a scope and says how many
// it was shown; CodeNotFound is none.
type seen func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error)

// page counts the rows of a page that are the office's.
func page[T any](p store.Page[T], err error, own func(T) bool) (int, error) {
	return rows(p.Items, err, own)
}

func rows[T any](list []T, err error, own func(T) bool) (int, error) {
	n := 0
	for _, row := range list {
		if own(row) {
			n++
		}
	}
	return n, err
}

func single[T any](_ T, err error) (int, error) {
	if tollgate.CodeOf(err) == tollgate.CodeNotFound {
		return 0, nil
	}
	return 1, err
}

// scoped holds, for every method that takes a Scope, how to ask it.
func scoped() map[string]seen {
	all := scopedBooks()
	maps.Copy(all, scopedConfiguration())
	maps.Copy(all, scopedLive())
	return all
}

// first is the first page.
var first = store.Paging{}

func scopedBooks() map[string]seen {
	return map[string]seen{
		"Accounts": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.Accounts(t.Context(), s, store.AccountFilter{}, first)
			return page(p, err, func(a tollgate.Account) bool { return a.Enterprise == o.enterprise.ID })
		},
		"Account": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			return single(db.Account(t.Context(), s, o.user.ID))
		},
		"CDR": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.CDRs(t.Context(), store.Everything, store.CDRFilter{Account: o.user.ID}, first)
			if err != nil || len(p.Items) == 0 {
				return 0, err
			}
			return single(db.CDR(t.Context(), s, p.Items[0].ID))
		},
		"CDRs": callsSeen,
		"LoginLog": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.LoginLog(t.Context(), s, first)
			return page(p, err, func(l store.Login) bool { return l.Enterprise == o.enterprise.ID })
		},
		"OperationLog": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.OperationLog(t.Context(), s, first)
			return page(p, err, func(l store.Operation) bool { return l.Enterprise == o.enterprise.ID })
		},
		"Quarantine": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.Quarantine(t.Context(), s, first)
			return page(p, err, func(q store.Quarantined) bool { return q.Enterprise == o.enterprise.ID })
		},
		"QuarantineCount": func(t *testing.T, db *store.DB, s store.Scope, _ *office) (int, error) {
			n, err := db.QuarantineCount(t.Context(), s)
			return int(n), err
		},
		"Quarantined": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.Quarantine(t.Context(), store.Everything, first)
			if err != nil {
				return 0, err
			}
			for _, q := range p.Items {
				if q.Enterprise == o.enterprise.ID {
					return single(db.Quarantined(t.Context(), s, q.ID))
				}
			}
			return 0, errors.New("nothing in quarantine")
		},
		"Totals": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			totals, err := db.Totals(t.Context(), s, store.CDRFilter{Account: o.user.ID})
			return int(totals.Calls), err
		},
		"Transfers": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.Transfers(t.Context(), s, o.user.ID, first)
			return len(p.Items), err
		},
		"Usage": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			usage, err := db.Usage(t.Context(), s, store.UsageFilter{})
			return rows(usage, err, func(u store.Usage) bool { return u.Enterprise == o.enterprise.ID })
		},
		"Users": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			users, err := db.Users(t.Context(), s)
			return rows(users, err, func(u store.User) bool { return u.Enterprise == o.enterprise.ID })
		},
	}
}

func scopedLive() map[string]seen {
	return map[string]seen{
		"Alerts": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.Alerts(t.Context(), s, first)
			return page(p, err, func(a tollgate.Alert) bool { return a.Enterprise == o.enterprise.ID })
		},
		"Reservations": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.Reservations(t.Context(), s, store.ReservationFilter{Account: o.user.ID}, first)
			return page(p, err, func(r store.Reservation) bool { return r.Enterprise == o.enterprise.ID })
		},
		"QuotaLog": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.QuotaLog(t.Context(), s, o.user.ID, first)
			return page(p, err, func(q store.QuotaEntry) bool { return q.Enterprise == o.enterprise.ID })
		},
	}
}

// callsSeen asks by every index.
func callsSeen(t *testing.T, db *store.DB, s store.Scope, o *office) (n int, err error) {
	for _, f := range []store.CDRFilter{{}, {Account: o.user.ID}, {Number: "4930"}} {
		p, err := db.CDRs(t.Context(), s, f, first)
		k, err := page(p, err, func(c tollgate.CDR) bool { return c.Enterprise == o.enterprise.ID })
		if err != nil {
			return 0, err
		}
		n += k
	}
	return n, nil
}

func scopedConfiguration() map[string]seen {
	return map[string]seen{
		"DeckList": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			decks, _, err := db.DeckList(t.Context(), s, o.tariff.ID)
			return len(decks), err
		},
		"Devices": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			devices, err := db.Devices(t.Context(), s)
			return rows(devices, err, func(d tollgate.Device) bool { return d.ID == o.device.ID })
		},
		"Exchange": func(t *testing.T, db *store.DB, s store.Scope, _ *office) (int, error) {
			rates, err := db.Exchange(t.Context(), s)
			return len(rates), err
		},
		"Extensions": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			p, err := db.Extensions(t.Context(), s, 0, first)
			return page(p, err, func(e tollgate.Extension) bool { return e.Device == o.device.ID })
		},
		"Groups": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			groups, err := db.Groups(t.Context(), s)
			return rows(groups, err, func(g tollgate.Group) bool { return g.Enterprise == o.enterprise.ID })
		},
		"Permits": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			permits, err := db.Permits(t.Context(), s)
			return rows(permits, err, func(p tollgate.Permit) bool { return p.Device == o.device.ID })
		},
		"Operators": func(t *testing.T, db *store.DB, s store.Scope, _ *office) (int, error) {
			operators, err := db.Operators(t.Context(), s)
			return len(operators), err
		},
		"Rates": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			decks, _, err := db.DeckList(t.Context(), store.Everything, o.tariff.ID)
			if err != nil || len(decks) == 0 {
				return 0, err
			}
			p, err := db.Rates(t.Context(), s, decks[0].ID, "49", first)
			return len(p.Items), err
		},
		"Tariffs": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			tariffs, err := db.Tariffs(t.Context(), s)
			return rows(tariffs, err, func(f tollgate.Tariff) bool { return f.ID == o.tariff.ID })
		},
		"Tokens": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			tokens, err := db.Tokens(t.Context(), s)
			return rows(tokens, err, func(k store.Token) bool { return k.Enterprise == o.enterprise.ID })
		},
		"Trunks": func(t *testing.T, db *store.DB, s store.Scope, o *office) (int, error) {
			trunks, err := db.Trunks(t.Context(), s)
			return rows(trunks, err, func(k tollgate.Trunk) bool { return k.Device == o.device.ID })
		},
	}
}

// houseOnly are the methods whose rows belong to no enterprise.
var houseOnly = map[string]bool{"Operators": true, "Exchange": true}

// fill gives the office a row in every table that a tenant may look into.
func (o *office) fill(t *testing.T, db *store.DB) {
	t.Helper()
	actor := store.Actor{Name: "clerk of " + o.enterprise.Name, Enterprise: o.enterprise.ID}
	err := db.Change(t.Context(), actor, "fill", func(c *store.Change) error {
		o.tariff.Enterprise = o.enterprise.ID
		if err := c.PutTariff(&o.tariff); err != nil {
			return err
		}
		if err := c.PutDeck(&tollgate.Deck{
			Tariff: o.tariff.ID, Rates: []tollgate.Rate{{Prefix: "49", Price: "0.1"}},
		}); err != nil {
			return err
		}
		if err := c.PutExchangeRate(store.ExchangeRate{From: "USD", To: "EUR", Rate: "0.9"}); err != nil {
			return err
		}
		if err := c.PutGroup(&tollgate.Group{Enterprise: o.enterprise.ID, Name: "all"}); err != nil {
			return err
		}
		if err := c.PutPermit(tollgate.Permit{
			Permission: tollgate.PermissionPrivateCall, Device: o.device.ID, Account: o.user.ID,
		}); err != nil {
			return err
		}
		if err := c.PutUser(&store.User{
			Name: actor.Name, Role: "enterprise", Enterprise: o.enterprise.ID, PasswordHash: "x",
		}); err != nil {
			return err
		}
		return c.PutToken(&store.Token{
			Name: actor.Name, Hash: actor.Name, Role: "enterprise", Enterprise: o.enterprise.ID,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.LogLogin(t.Context(), store.Login{Name: "clerk", Enterprise: o.enterprise.ID}); err != nil {
		t.Fatal(err)
	}
	if err := db.PutAlert(t.Context(), &tollgate.Alert{
		Enterprise: o.enterprise.ID, Kind: tollgate.AlertOrphan, Text: "nobody reported it",
	}); err != nil {
		t.Fatal(err)
	}
	err = db.Post(t.Context(), func(p *store.Posting) error {
		if _, err := live.On(p).Reserve([]store.Reservation{{
			Enterprise: o.enterprise.ID, ID: db.NewID(), Accounts: []tollgate.ID{o.user.ID},
			Call: tollgate.CallID{Device: o.device.ID, UniqueID: "open"},
		}}); err != nil {
			return err
		}
		if err := live.On(p).ChangeQuota(store.QuotaEntry{
			Enterprise: o.enterprise.ID, ID: db.NewID(), Account: o.user.ID, Kind: store.QuotaReset, Period: noon, At: noon,
		}); err != nil {
			return err
		}
		return p.Quarantine([]store.Quarantined{{
			Enterprise: o.enterprise.ID, Reason: "no such trunk",
			Record: tollgate.Record{Call: tollgate.CallID{Device: o.device.ID, UniqueID: "lost"}},
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	o.post(t, db, o.call(1), o.call(2))
}

func TestEveryQueryKeepsToItsScope(t *testing.T) {
	methods := scoped()
	db := reflect.TypeFor[*store.DB]()
	for i := range db.NumMethod() {
		m := db.Method(i)
		for j := range m.Type.NumIn() {
			if m.Type.In(j) == reflect.TypeFor[store.Scope]() && methods[m.Name] == nil {
				t.Errorf("%s takes a Scope and is not tried here", m.Name)
			}
		}
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		acme, umbra := furnish(t, db, "acme"), furnish(t, db, "umbra")
		acme.fill(t, db)
		umbra.fill(t, db)
		nobody := store.Scope(db.NewID())
		for name, ask := range methods {
			try := func(s store.Scope, o *office) int {
				t.Helper()
				n, err := ask(t, db, s, o)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				return n
			}
			if try(store.Everything, acme) == 0 {
				t.Errorf("%s: everything is asked for and nothing seen", name)
			}
			if own := try(store.Scope(acme.enterprise.ID), acme); (own == 0) != houseOnly[name] {
				t.Errorf("%s: a tenant sees %d of its own rows", name, own)
			}
			if n := try(nobody, acme); n != 0 {
				t.Errorf("%s: nobody sees %d rows", name, n)
			}
			if n := try(store.Scope(umbra.enterprise.ID), acme); n != 0 && name != "QuarantineCount" {
				t.Errorf("%s: another tenant sees %d rows", name, n)
			}
		}
		checkBooks(t, db)
	})
}
