package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/storetest"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyText is what devices send: mostly plain, at times quoted, foreign or long.
func anyText(t *rapid.T, name string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "101", "PJSIP/provider", `a"b\c`, "Zürich 📞", "tab\tand\nline", strings.Repeat("x", 300)}),
		rapid.StringN(0, 12, -1),
	).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, name)
}

func anyCharge(t *rapid.T) tollgate.Charge {
	c := tollgate.Charge{
		Status: rapid.SampledFrom([]tollgate.ChargeStatus{
			tollgate.ChargeNone, tollgate.ChargePriced, tollgate.ChargeUnpriced, tollgate.ChargeUnanswered,
		}).Draw(t, "status"),
		Source: tollgate.ChargedByTariff, Currency: "EUR", RateName: anyText(t, "name"), Rate: "49",
		ConnectFee: "0.10", First: rapid.Int64Range(0, 60).Draw(t, "first"), Next: 1, Tariff: 5, Deck: 6,
		Adjusted: rapid.SampledFrom([]tollgate.Adjustment{"", tollgate.AdjustedGrace}).Draw(t, "adjusted"),
		Seconds:  rapid.Int64Range(0, 1e6).Draw(t, "call seconds"), Limit: anyText(t, "limit"),
	}
	if c.Status == tollgate.ChargePriced {
		c.Micro = rapid.Int64Range(0, 1e15).Draw(t, "micro")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "spans") {
		s := tollgate.Span{
			From: c.Billed, Seconds: rapid.Int64Range(1, 1e6).Draw(t, "seconds"), Price: fmt.Sprint("0.0", i),
			Per: 60, Band: tollgate.Peak,
		}
		c.Spans = append(c.Spans, s)
		c.Billed += s.Seconds
	}
	return c
}

func TestCallsReadBackAsWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		unique := 0
		rapid.Check(t, func(rt *rapid.T) {
			unique++
			c := o.call(unique)
			c.Start = noon.Add(time.Duration(rapid.Int64Range(-1e14, 1e14).Draw(rt, "µs")) * time.Microsecond)
			if rapid.Bool().Draw(rt, "unanswered") {
				c.Answer = time.Time{}
			}
			c.Extension, c.Caller, c.Trunk = anyText(rt, "extension"), anyText(rt, "caller"), anyText(rt, "trunk")
			c.Number.Destination, c.Number.Raw = anyText(rt, "destination"), anyText(rt, "raw")
			c.Customer, c.Cost = anyCharge(rt), anyCharge(rt)
			if rapid.Bool().Draw(rt, "no margin") {
				c.Margin = nil
			}
			c.ID = db.NewID()
			entry := []store.Entry{{CDR: c, Purse: o.user.ID}}
			if c.Purse = o.user.ID; rapid.Bool().Draw(rt, "unposted") {
				c.Purse, entry[0].Unposted = 0, "priced in EUR, account 7 is in USD"
			}
			if err := db.Post(t.Context(), func(p *store.Posting) error { return p.InsertEntries(entry) }); err != nil {
				rt.Fatal(err)
			}
			got, err := db.CDR(t.Context(), store.Everything, c.ID)
			if err != nil {
				rt.Fatal(err)
			}
			if diff := gocmp.Diff(*c, got); diff != "" {
				rt.Fatalf("-written +read\n%s", diff)
			}
		})
	})
}

func TestTextThatIsNoTextStopsNoBatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		c := o.call(1)
		c.Caller, c.Call.UniqueID, c.Customer.RateName = "a\x00b\xff", "u\x00\xfe", "r\x00\xfd"
		o.post(t, db, c)
		err := db.Post(t.Context(), func(p *store.Posting) error {
			holders, err := p.Holders([]tollgate.CallID{c.Call})
			if err == nil && holders[0] != c.ID {
				t.Errorf("the key is held by %d, want %d", holders[0], c.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.CDR(t.Context(), store.Everything, c.ID); err != nil {
			t.Error(err)
		}
		checkBooks(t, db)
	})
}

// accepts is the filter in plain Go, to compare with what the database finds.
func accepts(f store.CDRFilter, c *tollgate.CDR) bool {
	return (f.From.IsZero() || !c.Start.Before(f.From)) && (f.To.IsZero() || c.Start.Before(f.To)) &&
		(f.Account == 0 || c.Payer == f.Account) && (f.Device == 0 || c.Call.Device == f.Device) &&
		(f.Operator == 0 || c.Operator == f.Operator) && strings.HasPrefix(shownDigits(c), f.Number) &&
		(f.Extension == "" || c.Extension == f.Extension || c.Originator == f.Extension) &&
		(f.Trunk == "" || c.Trunk == f.Trunk || "PJSIP/"+c.Trunk == f.Trunk) &&
		(f.Class == "" || c.Number.Class == f.Class) &&
		(f.Direction == "" || c.Direction == f.Direction) &&
		(f.Status == "" || c.Customer.Status == f.Status) &&
		(!f.Unpriced || c.Customer.Status == tollgate.ChargeUnpriced || c.Cost.Status == tollgate.ChargeUnpriced) &&
		(!f.Unpaid || c.Unpaid()) &&
		(f.Private == nil || c.Number.Private == *f.Private) && c.Customer.Micro >= f.MinAmount
}

// shownDigits are the digits of a number that people see: a private call is not
// found by the others, or whoever sees it in a list could ask them out of us.
func shownDigits(c *tollgate.CDR) string {
	if c.Number.Private {
		return strings.TrimRight(c.Number.Masked(), "X")
	}
	return c.Number.E164
}

// variety posts calls of both offices that differ in all that can be asked for,
// several at the same instant, and returns them as they are listed.
func variety(t *testing.T, db *store.DB, offices []*office) []*tollgate.CDR {
	t.Helper()
	var all []*tollgate.CDR
	for i := range 300 {
		o := offices[i%2]
		c := o.call(i * 7919 % 100)
		c.Call.UniqueID = strconv.Itoa(i)
		c.Start = c.Start.AddDate(0, i%3, 0)
		c.Number.E164 = fmt.Sprintf("%d%d%d", 49+i%3, i%7, i)
		c.Number.Class, c.Number.Private = tollgate.Classes()[i%4], i%3 == 1
		c.Extension, c.Originator = strconv.Itoa(100+i%5), strconv.Itoa(100+i%3)
		c.Trunk = []string{"PJSIP/provider", "provider", "SIP/provider", "other"}[i%4]
		c.Customer.Micro = int64(1 + i)
		if i%5 == 0 {
			c.Payer = o.enterprise.ID
		}
		if i%7 == 0 {
			c.Payer = 0
			c.PaidBy = []tollgate.PayerRule{tollgate.PaidByNobody, tollgate.PaidByRule, tollgate.PaidByExtension}[i%3]
			c.Direction = []tollgate.Direction{tollgate.Outbound, tollgate.Outbound, tollgate.Inbound}[i/7%3]
			c.Customer.Micro *= int64(i % 2)
			if i%4 == 3 {
				c.Number.Class = tollgate.ClassEmergency
			}
			if i%8 == 1 {
				c.Answer = time.Time{}
			}
		}
		*c.Margin = c.Customer.Micro - c.Cost.Micro
		if i%11 == 0 {
			c.Margin = nil
			c.Cost = tollgate.Charge{Status: tollgate.ChargeUnpriced}
		}
		o.post(t, db, c)
		if c.Payer != 0 {
			c.Purse = o.user.ID
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *tollgate.CDR) int {
		return -cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// sums are the totals of calls in one currency, in plain Go.
type sums struct{ calls, unpaid, charged, cost, margin int64 }

func (s *sums) add(c *tollgate.CDR) {
	s.calls++
	s.cost += c.Cost.Micro
	paid := c.Customer.Micro
	if c.Unpaid() {
		s.unpaid++
	}
	if c.Uncharged() {
		paid = 0
	}
	s.charged += paid
	if c.Margin != nil {
		s.margin += paid - c.Cost.Micro
	}
}

func micros(amounts []store.Amount) (sum int64) {
	for _, a := range amounts {
		sum += a.Micro
	}
	return sum
}

func anyFilter(t *rapid.T, o *office) store.CDRFilter {
	var f store.CDRFilter
	yes := true
	for _, set := range []func(){
		func() { f.From = noon.Add(20 * time.Second) },
		func() { f.To = noon.AddDate(0, 1, 0).Add(50 * time.Second) },
		func() { f.Account = o.user.ID },
		func() { f.Device = o.device.ID },
		func() { f.Operator = o.operator.ID },
		func() {
			f.Number = rapid.SampledFrom([]string{"49", "501", "5", "9", "50", "506118"}).Draw(t, "number")
		},
		func() { f.Extension = "101" },
		func() { f.Trunk = "PJSIP/provider" },
		func() { f.Class = tollgate.ClassLocal },
		func() { f.Direction = tollgate.Outbound },
		func() {
			f.Status = rapid.SampledFrom([]tollgate.ChargeStatus{
				tollgate.ChargePriced, tollgate.ChargeUnpriced,
			}).Draw(t, "status")
		},
		func() { f.Unpriced = true },
		func() { f.Unpaid = true },
		func() { f.Private = &yes },
		func() { f.MinAmount = 150 },
	} {
		if rapid.IntRange(0, 3).Draw(t, "set") == 0 {
			set()
		}
	}
	return f
}

// everyPage lists the calls that a filter finds, page by page, and adds up what
// the rows say of themselves.
func everyPage(t *rapid.T, db *store.DB, s store.Scope, f store.CDRFilter) (found []tollgate.ID, sum sums) {
	for paging := (store.Paging{Rows: rapid.IntRange(1, 40).Draw(t, "rows")}); ; {
		p, err := db.CDRs(t.Context(), s, f, paging)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Items {
			found = append(found, c.ID)
			sum.calls++
			sum.cost += c.Cost.Micro
			if c.Unpaid() {
				sum.unpaid++
			}
			if !c.Uncharged() {
				sum.charged += c.Customer.Micro
			}
			if earned := c.Earned(); earned != nil {
				sum.margin += *earned
			}
		}
		if paging.After = p.Next; p.Next == "" {
			return found, sum
		}
	}
}

func TestCallsAreFoundByEveryFilter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		offices := []*office{furnish(t, db, "acme"), furnish(t, db, "umbra")}
		all := variety(t, db, offices)
		rapid.Check(t, func(rt *rapid.T) {
			o := rapid.SampledFrom(offices).Draw(rt, "office")
			scope := rapid.SampledFrom([]store.Scope{
				store.Everything, store.Scope(o.enterprise.ID),
			}).Draw(rt, "scope")
			f := anyFilter(rt, o)
			db.SetWalk(rapid.IntRange(1, 400).Draw(rt, "probe"), rapid.IntRange(1, 400).Draw(rt, "walk"))
			var want []tollgate.ID
			var sum sums
			for _, c := range all {
				if accepts(f, c) && (scope == store.Everything || scope == store.Scope(c.Enterprise)) {
					want = append(want, c.ID)
					sum.add(c)
				}
			}
			found, listed := everyPage(rt, db, scope, f)
			if diff := gocmp.Diff(want, found); diff != "" {
				rt.Fatalf("%+v: -want +got\n%s", f, diff)
			}
			totals, err := db.Totals(t.Context(), scope, f)
			if err != nil {
				rt.Fatal(err)
			}
			got := sums{totals.Calls, totals.Unpaid, micros(totals.Charged), micros(totals.Cost), micros(totals.Margin)}
			if got != sum || listed != sum {
				rt.Fatalf("%+v: %+v, and the rows say %+v, want %+v", f, got, listed, sum)
			}
		})
		checkBooks(t, db)
	})
}

func TestAccountsAndTransfersInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		change(t, db, func(c *store.Change) error {
			for i := range 25 {
				a := o.user
				a.ID, a.Code, a.Name = 0, "", fmt.Sprintf("extra %d/%d%%", i, i%5)
				if err := c.PutAccount(&a); err != nil {
					return err
				}
			}
			return nil
		})
		for i := range 23 {
			o.post(t, db, o.call(i))
		}
		seen := map[tollgate.ID]bool{}
		for p := (store.Paging{Rows: 4}); ; {
			page, err := db.Accounts(t.Context(), store.Scope(o.enterprise.ID), store.AccountFilter{Search: "EXTRA"}, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page.Items {
				seen[a.ID] = true
			}
			if p.After = page.Next; p.After == "" {
				break
			}
		}
		if len(seen) != 25 {
			t.Errorf("%d accounts over the pages, want 25", len(seen))
		}
		page, err := db.Accounts(t.Context(), store.Everything, store.AccountFilter{Search: "4%"}, store.Paging{})
		if err != nil || len(page.Items) != 5 {
			t.Errorf("searching for a percent sign: %d accounts, %v, want 5", len(page.Items), err)
		}
		var last tollgate.ID = 1<<63 - 1
		count := 0
		for p := (store.Paging{Rows: 5}); ; {
			page, err := db.Transfers(t.Context(), store.Everything, o.user.ID, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, tr := range page.Items {
				if tr.ID >= last {
					t.Errorf("transfer %d after %d", tr.ID, last)
				}
				last, count = tr.ID, count+1
			}
			if p.After = page.Next; p.After == "" {
				break
			}
		}
		if count != 23 {
			t.Errorf("%d transfers over the pages, want 23", count)
		}
		_, err = db.Accounts(t.Context(), store.Everything, store.AccountFilter{}, store.Paging{After: "x"})
		if tollgate.CodeOf(err) != tollgate.CodeInvalid {
			t.Errorf("a cursor of somebody else's: %v", err)
		}
	})
}

func TestQuarantineKeepsARecordOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		o := furnish(t, db, "acme")
		record := func(raw string) tollgate.Record {
			return tollgate.Record{Call: tollgate.CallID{Device: o.device.ID}, Raw: raw}
		}
		put := func(reason string) {
			t.Helper()
			rows := []store.Quarantined{
				{Reason: reason, Record: record("line one")},
				{Reason: reason, Record: record("line two\x00\xff")},
				{Reason: reason, Record: tollgate.Record{Call: tollgate.CallID{Device: o.device.ID, UniqueID: "7"}}},
			}
			if err := db.Post(t.Context(), func(p *store.Posting) error { return p.Quarantine(rows) }); err != nil {
				t.Fatal(err)
			}
		}
		put("no such trunk")
		put("no such extension") // the same file again, after a change
		page, err := db.Quarantine(t.Context(), store.Everything, store.Paging{})
		if err != nil || len(page.Items) != 3 {
			t.Fatalf("%d records, %v, want 3", len(page.Items), err)
		}
		if q := page.Items[2]; q.Reason != "no such extension" || q.Record.Raw != "line one" {
			t.Errorf("quarantined: %+v", q)
		}
		if err := db.Post(t.Context(), func(p *store.Posting) error {
			return p.Release([]tollgate.ID{page.Items[0].ID, page.Items[1].ID})
		}); err != nil {
			t.Fatal(err)
		}
		if n, err := db.QuarantineCount(t.Context(), store.Everything); err != nil || n != 1 {
			t.Errorf("%d left, %v, want 1", n, err)
		}
	})
}

// TestSumsWaitForEachOther: however many are asked for, a few are made at a time,
// so that connections are left for calls; who gives up waits no longer.
func TestSumsWaitForEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		release := db.Sum()
		ctx, leave := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer leave()
		if _, err := db.Totals(ctx, store.Everything, store.CDRFilter{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a sum too many: %v", err)
		}
		if _, err := db.CDRs(t.Context(), store.Everything, store.CDRFilter{}, store.Paging{}); err != nil {
			t.Error(err)
		}
		release()
		if _, err := db.Totals(t.Context(), store.Everything, store.CDRFilter{}); err != nil {
			t.Error(err)
		}
	})
}
