package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"strconv"

	"tollgate"
	"tollgate/batch"
	"tollgate/ledger"
	"tollgate/store"
)

//go:embed demo/*.csv
var demoFiles embed.FS

// demoZone is where the demonstration takes place.
const demoZone = "Europe/Berlin"

// demoCompany is a customer of the demonstration.
type demoCompany struct {
	name     string
	mode     tollgate.Mode
	tariff   string // business, or "" for the default one
	limit    int64  // credit limit, units
	recharge int64  // units
	first    int    // the first extension
	people   []string
}

func demoCompanies() []demoCompany {
	return []demoCompany{
		{
			name: "Nordwind Logistik GmbH", mode: tollgate.ModePostpaid, tariff: "Business",
			limit: 500, first: 101,
			people: []string{"Dispatch", "Katrin Wolff", "Jens Petersen", "Workshop", "Night desk"},
		},
		{
			name: demoHotel, mode: tollgate.ModePostpaid, limit: 250, first: 201,
			people: []string{"Reception", "Room 11", "Room 12", "Room 14", "Room 21", "Room 22"},
		},
		{
			name: "Praxis Dr. Sommer", mode: tollgate.ModePrepaid, recharge: 200, first: 301,
			people: []string{"Front desk", "Dr. Sommer", "Laboratory"},
		},
	}
}

// demoWorld builds the configuration of the demonstration, with the device that
// its calls come from.
func demoWorld(ctx context.Context, db *store.DB, book *ledger.Book, pbx *demoPBX) error {
	actor := store.Actor{Name: "demo"}
	prepaid := make(map[tollgate.ID]int64)
	err := db.Change(ctx, actor, "set up the demonstration", func(c *store.Change) error {
		pbx.lines = nil
		clear(prepaid)
		tariffs, err := demoTariffs(c)
		if err != nil {
			return err
		}
		device := tollgate.Device{
			Name: "city-pbx", Kind: tollgate.DevicePush, Timezone: demoZone, Enabled: true,
			Account: "city-pbx", ForwardPayer: tollgate.OriginatorPays,
			Plan: tollgate.DialingPlan{Country: "DE", AreaCode: "30", PrivateCodes: []string{"*7*"}},
		}
		if err := c.PutDevice(&device, ""); err != nil {
			return err
		}
		pbx.device = device.ID
		operator := tollgate.Operator{Name: "Carrier One", Tariff: tariffs["Carrier One"]}
		if err := c.PutOperator(&operator); err != nil {
			return err
		}
		trunk := tollgate.Trunk{Device: device.ID, Name: pbx.trunk, Operator: operator.ID}
		if err := c.PutTrunk(trunk); err != nil {
			return err
		}
		for _, company := range demoCompanies() {
			account, lines, err := demoAccounts(c, company, tariffs[company.tariff], device.ID)
			if err != nil {
				return err
			}
			pbx.lines = append(pbx.lines, lines...)
			if company.name == demoHotel {
				guest, err := demoGuest(c, account, device.ID)
				if err != nil {
					return err
				}
				pbx.guest = guest
			}
			if company.recharge > 0 {
				prepaid[account] = company.recharge * tollgate.MicroPerUnit
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set up the demonstration: %w", err)
	}
	for account, micro := range prepaid {
		amount := tollgate.Money{Micro: micro, Currency: "EUR"}
		if _, err := book.Recharge(ctx, actor, account, amount, "bank transfer", ""); err != nil {
			return fmt.Errorf("recharge: %w", err)
		}
	}
	return nil
}

// demoHotel has a guest who pays in advance, at demoGuestLine.
const (
	demoHotel     = "Hotel Adlerhof"
	demoGuestLine = "231"
)

// demoGuest stores a room whose calls end when its credit does.
func demoGuest(c *store.Change, hotel, device tollgate.ID) (tollgate.ID, error) {
	room := tollgate.Account{
		Enterprise: hotel, Parent: hotel, Kind: tollgate.KindUser, Mode: tollgate.ModePrepaid,
		Name: "Room 31, pays in advance", Currency: "EUR", Timezone: demoZone,
		LowCredit: tollgate.MicroPerUnit / 5,
	}
	if err := c.PutAccount(&room); err != nil {
		return 0, err
	}
	return room.ID, c.PutExtension(tollgate.Extension{
		Device: device, Number: demoGuestLine, Account: room.ID, Name: room.Name,
	})
}

// demoTariffs stores what the demonstration sells for and buys at.
func demoTariffs(c *store.Change) (map[string]tollgate.ID, error) {
	words := map[string]tollgate.Tariff{
		"retail": {
			Name: "Retail", Description: "Full minutes, dearer in office hours", DefaultCustomer: true,
			Peak: tollgate.PeakWindow{
				From: "08:00", To: "18:00", Weekend: []string{"saturday", "sunday"}, Holidays: []string{"de"},
			},
		},
		"business": {Name: "Business", Description: "To the second, any time of day"},
		"carrier":  {Name: "Carrier One", Description: "What the carrier charges us"},
	}
	ids := make(map[string]tollgate.ID)
	for file, tariff := range words {
		tariff.Currency, tariff.Timezone, tariff.Per = "EUR", demoZone, 60
		tariff.Decimals, tariff.Rounding = 4, tollgate.RoundHalfUp
		tariff.DurationRounding = tollgate.DurationUp
		if err := c.PutTariff(&tariff); err != nil {
			return nil, err
		}
		sheet, err := demoFiles.ReadFile("demo/" + file + ".csv")
		if err != nil {
			return nil, err
		}
		rates, rejects, err := batch.ReadRates(bytes.NewReader(sheet))
		if err != nil || len(rejects) > 0 {
			return nil, fmt.Errorf("%s: %v %w", file, rejects, err)
		}
		if err := c.PutDeck(&tollgate.Deck{Tariff: tariff.ID, Rates: rates}); err != nil {
			return nil, err
		}
		ids[tariff.Name] = tariff.ID
	}
	return ids, nil
}

// demoAccounts stores a company, its people and their extensions.
func demoAccounts(
	c *store.Change, company demoCompany, tariff, device tollgate.ID,
) (tollgate.ID, []demoLine, error) {
	head := tollgate.Account{
		Kind: tollgate.KindEnterprise, Mode: company.mode, Name: company.name, Currency: "EUR",
		Tariff: tariff, Timezone: demoZone, CreditLimit: company.limit * tollgate.MicroPerUnit,
	}
	if err := c.PutAccount(&head); err != nil {
		return 0, nil, err
	}
	var lines []demoLine
	for i, name := range company.people {
		user := tollgate.Account{
			Enterprise: head.ID, Parent: head.ID, Kind: tollgate.KindUser, Mode: tollgate.ModeParent,
			Name: name, Currency: "EUR", Timezone: demoZone,
		}
		if err := c.PutAccount(&user); err != nil {
			return 0, nil, err
		}
		number := strconv.Itoa(company.first + i)
		e := tollgate.Extension{Device: device, Number: number, Account: user.ID, Name: name}
		if err := c.PutExtension(e); err != nil {
			return 0, nil, err
		}
		if err := c.PutPermit(tollgate.Permit{
			Permission: tollgate.PermissionPrivateCall, Device: device, Account: user.ID,
		}); err != nil {
			return 0, nil, err
		}
		lines = append(lines, demoLine{extension: number, colleague: strconv.Itoa(company.first)})
	}
	return head.ID, lines, nil
}
