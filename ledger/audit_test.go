package ledger_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store/audit"
	"tollgate/store/storetest"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// bare opens a database behind the ledger's back.
func bare(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, name = "sqlite", path
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// violation is damage done to sound books, and the rules that must notice.
type violation struct {
	name, damage string
	rules        []string
}

// violations write {account} for the prepaid account and {call} for a call it paid.
var violations = []violation{
	{
		"a balance is edited", "UPDATE account SET balance = balance - 1 WHERE id = {account}",
		[]string{"balance is the sum of transfers", "balances of an enterprise sum to zero"},
	},
	{
		"a transfer is edited", "UPDATE transfer SET amount = amount + 1 WHERE id = {call}",
		[]string{"balance is the sum of transfers", "priced call has one charge of its amount"},
	},
	{
		"a transfer is lost", "DELETE FROM transfer WHERE id = {call}",
		[]string{"balance is the sum of transfers", "priced call has one charge of its amount"},
	},
	{
		"a transfer goes to another account", "UPDATE transfer SET debit_id = 5 WHERE id = {call} AND debit_id = {account}",
		[]string{"transfer joins two accounts of its enterprise and currency", "priced call has one charge of its amount"},
	},
	{
		"a call is charged twice", `INSERT INTO transfer SELECT enterprise_id, id + 1, debit_id, credit_id, amount,
			currency, kind, cdr_id, note, author, request, created_at FROM transfer WHERE id = {call} AND debit_id = {account}`,
		[]string{"charge belongs to a priced call"},
	},
	{
		"a call is lost", "DELETE FROM cdr WHERE id = {call} AND payer_id = {account}",
		[]string{"charge belongs to a priced call", "key leads to its call", "usage counters are the sum of the calls"},
	},
	{
		"a key is lost", "DELETE FROM cdr_key WHERE cdr_id = {call}",
		[]string{"call has its key"},
	},
	{
		"a key leads elsewhere", "UPDATE cdr_key SET cdr_id = cdr_id + 1 WHERE cdr_id = {call}",
		[]string{"key leads to its call", "call has its key"},
	},
	{
		"a price is edited", "UPDATE cdr SET micro = micro + 1 WHERE id = {call} AND payer_id = {account}",
		[]string{"priced call has one charge of its amount", "usage counters are the sum of the calls"},
	},
	{
		"a call without a price has an amount",
		"UPDATE cdr SET status = 'unpriced' WHERE id = {call} AND payer_id = {account}",
		[]string{"only a priced side has an amount"},
	},
	{
		"billed seconds are edited", "UPDATE cdr SET billed = billed + 1 WHERE id = {call} AND payer_id = {account}",
		[]string{"billed seconds are the sum of the spans"},
	},
	{
		"the operator's spans are edited", `UPDATE cdr SET cost_billed = 6, cost_detail = '{"spans":[{"seconds":5}]}'
			WHERE id = {call} AND payer_id = {account}`,
		[]string{"billed seconds are the sum of the spans"},
	},
	{
		"a counter is edited", "UPDATE usage SET talked = talked + 1 WHERE account_id = {account}",
		[]string{"usage counters are the sum of the calls"},
	},
	{
		"a quota's counter is edited", "UPDATE account SET used = used + 1 WHERE mode = 'quota'",
		[]string{"used is the sum of the quota's calls and changes"},
	},
	{
		"a correction is lost", "DELETE FROM quota_log WHERE kind = 'correction'",
		[]string{"used is the sum of the quota's calls and changes"},
	},
	{
		"a reset is lost", "DELETE FROM quota_log WHERE kind = 'reset'",
		[]string{"a period begins when its quota was reset"},
	},
	{
		"money is held for nobody", "UPDATE account SET reserved = reserved + 1 WHERE id = {account}",
		[]string{"reserved is the sum of open reservations"},
	},
	{
		"a reservation is lost", "DELETE FROM reservation WHERE unique_id = 'open'",
		[]string{"reserved is the sum of open reservations"},
	},
	{
		"a reservation is of another enterprise", "UPDATE reservation SET enterprise_id = 5 WHERE unique_id = 'open'",
		[]string{"reserved is the sum of open reservations"},
	},
	{
		"a reservation names what is no account", "UPDATE reservation SET accounts = 'x' WHERE unique_id = 'open'",
		[]string{"reserved is the sum of open reservations"},
	},
	{
		"a settled call's reservation was left", `INSERT INTO reservation
			SELECT enterprise_id, id, device_id, unique_id, leg, '', 0, '', 1 FROM cdr WHERE id = {call}`,
		[]string{"a settled call holds no money"},
	},
	{
		"an overdraft names a transfer that is not there", `UPDATE account SET overdraft = 'transfer 5'
			WHERE id = {account}`,
		[]string{"prepaid account below its limit has a recorded reason"},
	},
	{
		"a request key leads nowhere", "UPDATE request_key SET transfer_id = 5 WHERE 1 = 1",
		[]string{"request key leads to its transfer"},
	},
}

func TestAuditFindsWhatIsPlanted(t *testing.T) {
	for _, v := range violations {
		t.Run(v.name, func(t *testing.T) {
			storetest.EachURL(t, func(t *testing.T, url string) {
				s := openShop(t, storetest.Open(t, url))
				results := s.settle(s.paid(1, s.prepaid, 100), s.paid(2, s.quota, 50), s.paid(3, s.enterprise, 0))
				quota := s.paid(4, s.quota, 70)
				quota.Quota, quota.Purse = s.quota.ID, s.enterprise.ID
				s.settle(quota)
				if _, err := s.book.Recharge(t.Context(), clerk, s.prepaid.ID,
					tollgate.Money{Micro: 30, Currency: "EUR"}, "", "k"); err != nil {
					t.Fatal(err)
				}
				s.holdSome()
				s.audit()
				r, err := bare(t, url).ExecContext(t.Context(), strings.NewReplacer(
					"{account}", s.prepaid.ID.String(), "{call}", results[0].CDR.String(),
				).Replace(v.damage))
				if err != nil {
					t.Fatal(err)
				}
				if n, err := r.RowsAffected(); n != 1 || err != nil {
					t.Fatalf("the damage was done to %d rows, %v", n, err)
				}
				report, err := s.book.Audit(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, rule := range v.rules {
					if !slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Rule == rule }) {
						t.Errorf("nobody noticed that not: %s; found %v", rule, report.Findings)
					}
				}
			})
		})
	}
}

// Every rule must be one that some planted violation breaks.
func TestEveryRuleHasItsViolation(t *testing.T) {
	s := openShop(t, storetest.Open(t, storetest.SQLite(t)))
	for _, rule := range s.audit().Rules {
		if !slices.ContainsFunc(violations, func(v violation) bool { return slices.Contains(v.rules, rule) }) {
			t.Errorf("no violation is planted against: %s", rule)
		}
	}
}

func TestAuditNamesOnlyTheFirst(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := openShop(t, storetest.Open(t, url))
		for i := range 50 {
			s.settle(s.paid(i, s.prepaid, 100))
		}
		if _, err := bare(t, url).ExecContext(t.Context(), "UPDATE cdr SET billed = 61, micro = 101"); err != nil {
			t.Fatal(err)
		}
		report, err := s.book.Audit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for _, f := range report.Findings {
			count[f.Rule]++
		}
		for rule, n := range count {
			if n > 20 {
				t.Errorf("%d findings of: %s", n, rule)
			}
		}
		if count["billed seconds are the sum of the spans"] != 20 {
			t.Errorf("findings: %v", count)
		}
		for _, c := range report.Checked {
			if c.What == "cdr" && c.Rows != 50 {
				t.Errorf("%d calls were checked, want 50", c.Rows)
			}
		}
	})
}

// The audit sees one instant: books that are written to all the time are right
// whenever it looks.
func TestAuditOfLiveBooks(t *testing.T) {
	eachShop(t, func(s *shop) {
		var seen []int64
		look := func() {
			for _, c := range s.audit().Checked {
				if c.What == "cdr" {
					seen = append(seen, c.Rows)
				}
			}
		}
		look()
		stop, written := make(chan bool), make(chan int)
		go func() {
			i := 0
			for ; i < 4000; i += 20 { // the more there are the longer an audit takes
				select {
				case <-stop:
					written <- i
					return
				default:
				}
				var calls []ledger.Settlement
				for j := range 20 {
					calls = append(calls, s.paid(i+j, s.prepaid, 5))
				}
				if _, err := s.book.Settle(s.Context(), calls); err != nil {
					s.Error(err)
				}
			}
			<-stop
			written <- i
		}()
		// At least ten, and until one sees more than the first: a busy machine may
		// do ten audits before the first commit.
		for len(seen) < 10 || seen[len(seen)-1] == seen[0] {
			look()
		}
		close(stop)
		if n := int64(<-written); seen[len(seen)-1] > n || !slices.IsSorted(seen) {
			s.Errorf("the audits saw %v calls of %d", seen, n)
		}
		s.audit()
	})
}
