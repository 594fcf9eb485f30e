package charging

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
)

// configure runs one line that builds the house.
func (s *script) configure(word string, args []string) error {
	var name string
	var o map[string]string
	named := word != "rate" && word != "exchange"
	if named {
		name, o = args[0], options(args[1:])
	} else {
		o = options(args)
	}
	return s.db.Change(s.t.Context(), s.actor(), word, func(c *store.Change) error {
		switch word {
		case "tariff":
			return s.tariff(c, name, o)
		case "rate":
			return s.rate(c, o)
		case "operator":
			operator := &tollgate.Operator{Name: name, Tariff: s.tariffs[o["tariff"]].ID}
			s.operators[name] = operator
			return c.PutOperator(operator)
		case "enterprise", "user", "gateway":
			return s.account(c, tollgate.AccountKind(word), name, o)
		case "device":
			return s.device(c, name, o)
		case "permit":
			return c.PutPermit(tollgate.Permit{
				Permission: tollgate.PermissionPrivateCall, Device: s.devices[name].ID, Account: s.accounts[args[1]].ID,
			})
		case "rule":
			return s.rule(c, name, args[1], options(args[2:]))
		case "freeze", "unfreeze":
			s.accounts[name].Frozen = word == "freeze"
			return c.PutAccount(s.accounts[name])
		case "extension":
			return c.PutExtension(tollgate.Extension{
				Device: s.devices[name].ID, Number: args[1], Account: s.accounts[args[2]].ID,
			})
		case "trunk":
			return s.trunk(c, name, args[1], options(args[2:]))
		case "exchange":
			since, err := time.Parse(time.DateOnly, args[2])
			if err != nil {
				return err
			}
			return c.PutExchangeRate(store.ExchangeRate{
				From: tollgate.Currency(args[0]), To: tollgate.Currency(args[1]), Effective: since, Rate: args[3],
			})
		}
		return fmt.Errorf("unknown word %q", word)
	})
}

func (s *script) tariff(c *store.Change, name string, o map[string]string) error {
	per, err := strconv.ParseInt(o["per"], 10, 64)
	if err != nil {
		return err
	}
	_, standard := o["standard"]
	t := &tollgate.Tariff{
		Name: name, Currency: tollgate.Currency(o["currency"]), Timezone: "Europe/Berlin", Per: per,
		Decimals: 6, Rounding: tollgate.RoundHalfUp, DurationRounding: tollgate.DurationUp,
		Default:         tollgate.Rate{Price: o["price"], First: o["first"], Next: o["next"]},
		DefaultCustomer: standard,
	}
	if o["of"] != "" {
		t.Enterprise = s.accounts[o["of"]].ID
	}
	if err := c.PutTariff(t); err != nil {
		return err
	}
	s.tariffs[name], s.decks[name], s.last = t, &tollgate.Deck{Tariff: t.ID}, name
	return nil
}

func (s *script) rate(c *store.Change, o map[string]string) error {
	deck := s.decks[s.last]
	deck.Rates = append(deck.Rates, tollgate.Rate{
		Prefix: o["prefix"], Number: o["number"], Class: tollgate.Class(o["class"]), Name: o["name"],
		Price: o["price"], First: o["first"], Next: o["next"],
	})
	return c.PutDeck(deck)
}

func (s *script) account(
	c *store.Change, kind tollgate.AccountKind, name string, o map[string]string,
) error {
	a := &tollgate.Account{
		Kind: kind, Name: name, Mode: tollgate.Mode(o["mode"]), Code: o["code"],
		Currency: tollgate.Currency(cmp.Or(o["currency"], "EUR")),
		Timezone: "Europe/Berlin", Reset: tollgate.Period(o["reset"]), WeekStart: 1,
		Bills: tollgate.Billing(o["bills"]), Business: tollgate.BusinessPay(o["business"]),
	}
	if o["tariff"] != "" {
		a.Tariff = s.tariffs[o["tariff"]].ID
	}
	if o["of"] != "" {
		a.Parent = s.accounts[o["of"]].ID
		a.Enterprise = s.accounts[o["of"]].Enterprise
	}
	for field, option := range map[*int64]string{
		&a.CreditLimit: o["limit"], &a.Allowance: o["allowance"], &a.LowCredit: o["low"],
	} {
		if option == "" {
			continue
		}
		micro, err := tollgate.ParseMicro(option)
		if err != nil {
			return err
		}
		*field = micro
	}
	if before := s.accounts[name]; before != nil {
		a.ID, a.Enterprise = before.ID, before.Enterprise
	}
	s.accounts[name] = a
	return c.PutAccount(a)
}

func (s *script) device(c *store.Change, name string, o map[string]string) error {
	digits := 4
	if o["digits"] != "" {
		var err error
		if digits, err = strconv.Atoi(o["digits"]); err != nil {
			return err
		}
	}
	d := &tollgate.Device{
		Name: name, Kind: tollgate.DevicePush, Timezone: "Europe/Berlin", Enabled: true,
		ForwardPayer: tollgate.ForwardPays(o["pays"]), Control: true,
		Plan: tollgate.DialingPlan{
			Country: o["country"], AreaCode: o["area"], ExtensionDigitsMax: digits,
			PrivateCodes: list(o["private"]), RoutePrefixes: list(o["route"]),
		},
	}
	if d.ForwardPayer == "" {
		d.ForwardPayer = tollgate.OriginatorPays
	}
	if o["enterprise"] != "" {
		d.Enterprise = s.accounts[o["enterprise"]].ID
	}
	if o["default"] != "" {
		d.DefaultAccount = s.accounts[o["default"]].ID
	}
	if before := s.devices[name]; before != nil {
		d.ID = before.ID
	}
	if s.first == "" {
		s.first = name
	}
	s.devices[name] = d
	return c.PutDevice(d, "")
}

func (s *script) trunk(c *store.Change, device, name string, o map[string]string) error {
	t := tollgate.Trunk{Device: s.devices[device].ID, Name: name}
	if o["operator"] != "" {
		t.Operator = s.operators[o["operator"]].ID
	}
	if o["account"] != "" {
		t.Account = s.accounts[o["account"]].ID
	}
	return c.PutTrunk(t)
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// debited is the account that the last call's transfer took money from.
func (s *script) debited() tollgate.ID {
	for _, a := range s.accounts {
		page, err := s.db.Transfers(s.t.Context(), store.Everything, a.ID, store.Paging{})
		if err != nil {
			s.t.Fatalf("%s: %v", s.place, err)
		}
		for _, t := range page.Items {
			if t.CDR == s.cdr.ID && t.Kind == tollgate.TransferCharge {
				return t.Debit
			}
		}
	}
	return 0
}
