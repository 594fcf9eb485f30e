package store_test

import (
	"fmt"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/audit"
)

// noon is when the calls of these tests happen.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// call is an answered minute of the office's user.
func (o *office) call(unique int) *tollgate.CDR {
	start := noon.Add(time.Duration(unique) * time.Second)
	margin := int64(60_000)
	return &tollgate.CDR{
		Enterprise: o.enterprise.ID,
		Call:       tollgate.CallID{Device: o.device.ID, UniqueID: fmt.Sprintf("call-%06d", unique), Leg: 1},
		Source:     tollgate.SourceAMI, Direction: tollgate.Outbound, Extension: "101", Originator: "101",
		Caller: "+49301234101", Trunk: "PJSIP/provider", AccountCode: "4711",
		Number: tollgate.Number{
			Raw: "0049301234", E164: "49301234", Class: tollgate.ClassDomestic, Country: "DE",
			Destination: "Berlin", Private: unique%2 == 0, Project: "77",
		},
		Start: start, Answer: start.Add(3 * time.Second), End: start.Add(63 * time.Second), Cause: 16,
		Payer: o.user.ID, PaidBy: tollgate.PaidByExtension, Operator: o.operator.ID,
		Customer: tollgate.Charge{
			Status: tollgate.ChargePriced, Source: tollgate.ChargedByTariff, Micro: 100_000, Currency: "EUR",
			Billed: 60, Tariff: o.tariff.ID, Deck: 7, Rate: "49", RateName: "Germany", ConnectFee: "0.02",
			First: 60, Next: 60, Spans: []tollgate.Span{{Seconds: 60, Price: "0.1", Per: 60, Band: tollgate.OffPeak}},
		},
		Cost: tollgate.Charge{
			Status: tollgate.ChargePriced, Source: tollgate.ChargedByTariff, Micro: 40_000, Currency: "EUR",
			Billed: 60, Rate: "49", Spans: []tollgate.Span{{Seconds: 60, Price: "0.04", Per: 60, Band: tollgate.OffPeak}},
		},
		Exchange: "1", Margin: &margin,
	}
}

// post puts calls into the books as the ledger would, and what they come to.
func (o *office) post(t *testing.T, db *store.DB, calls ...*tollgate.CDR) {
	t.Helper()
	err := db.Post(t.Context(), func(p *store.Posting) error {
		house, err := p.House(o.enterprise.ID, "EUR", "revenue")
		if err != nil {
			return err
		}
		var entries []store.Entry
		var transfers []tollgate.Transfer
		var usage []store.Usage
		sum := int64(0)
		for _, c := range calls {
			c.ID = db.NewID()
			u := store.Usage{UsageKey: store.UsageKeyOf(c)}
			u.Add(c, 1)
			usage = append(usage, u)
			if c.Payer == 0 {
				entries = append(entries, store.Entry{CDR: c})
				continue
			}
			entries = append(entries, store.Entry{CDR: c, Purse: o.user.ID})
			transfers = append(transfers, tollgate.Transfer{
				Enterprise: c.Enterprise, ID: c.ID, Debit: o.user.ID, Credit: house, Amount: c.Customer.Micro,
				Currency: "EUR", Kind: tollgate.TransferCharge, CDR: c.ID, At: noon,
			})
			sum += c.Customer.Micro
		}
		if holders, err := p.Claim(entries); err != nil || holders != nil {
			return fmt.Errorf("claiming: %v, %w", holders, err)
		}
		if err := p.InsertEntries(entries); err != nil {
			return err
		}
		if len(transfers) > 0 {
			if err := p.InsertTransfers(transfers); err != nil {
				return err
			}
			if err := p.AddBalances([]store.Delta{
				{Enterprise: o.enterprise.ID, Account: o.user.ID, Balance: -sum, Cause: transfers[0].ID},
				{Enterprise: o.enterprise.ID, Account: house, Balance: sum},
			}); err != nil {
				return err
			}
		}
		for i := range usage { // one by one, for the same key may come again
			if err := p.AddUsage(usage[i : i+1]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkBooks(t *testing.T, db *store.DB) {
	t.Helper()
	report, err := audit.Run(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Errorf("audit: %s: %s", f.Rule, f.What)
	}
}
