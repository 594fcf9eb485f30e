package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/rawlimit"
	"tollgate/store/storetest"
)

// BenchmarkSettle settles batches of 5,000 calls of 200 accounts and holds
// them against the bare driver writing the same rows.
func BenchmarkSettle(b *testing.B) {
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{store.SQLite, storetest.SQLite}, {store.PostgreSQL, storetest.Postgres}} {
		b.Run(engine.name, func(b *testing.B) {
			const perCommit = 5_000
			url := engine.url(b)
			calls := benchmarkCalls(b, url, perCommit*max(1, b.N/perCommit), 200)
			db := storetest.Open(b, url)
			book := ledger.New(db, ledger.Options{Now: time.Now})
			runBook(b, book)
			b.ResetTimer()
			for from := 0; from < len(calls); from += perCommit {
				if _, err := book.Settle(b.Context(), calls[from:from+perCommit]); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			limit, err := rawlimit.Measure(b.Context(), url, engine.url(b), perCommit, time.Now)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(calls))/b.Elapsed().Seconds(), "calls/s")
			b.ReportMetric(float64(len(calls))/limit.Elapsed.Seconds(), "limit/s")
			b.ReportMetric(limit.Elapsed.Seconds()/b.Elapsed().Seconds(), "ratio")
		})
	}
}

// BenchmarkPair holds money for calls and settles them, 64 at a time, each of
// its own account or all of one, and holds that against commits of one row.
func BenchmarkPair(b *testing.B) {
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{store.SQLite, storetest.SQLite}, {store.PostgreSQL, storetest.Postgres}} {
		for _, accounts := range []int{200, 1} {
			b.Run(fmt.Sprintf("%s/accounts=%d", engine.name, accounts), func(b *testing.B) {
				url := engine.url(b)
				calls := benchmarkCalls(b, url, b.N, accounts)
				db := storetest.Open(b, url)
				book := ledger.New(db, ledger.Options{Now: time.Now})
				runBook(b, book)
				runPairs(b, book, db, calls)
				b.StopTimer()
				bare, err := rawlimit.Commits(b.Context(), engine.url(b), b.N, time.Now)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
				b.ReportMetric(float64(b.N)/bare.Seconds(), "bare/s")
				b.ReportMetric(bare.Seconds()/b.Elapsed().Seconds(), "ratio")
				b.ReportMetric(float64(book.Stats().Rows.Sum)/float64(sum(book.Stats().Rows.Counts)), "rows/commit")
			})
		}
	}
}

// runPairs makes a pair of each call, 64 at a time.
func runPairs(b *testing.B, book *ledger.Book, db *store.DB, calls []ledger.Settlement) {
	b.Helper()
	var next atomic.Int64
	var done sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(calls)); i = next.Add(1) - 1 {
				if err := pair(b.Context(), book, db, calls[i:i+1]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	done.Wait()
}

func sum(counts []int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// pair holds money for a call and settles it.
func pair(ctx context.Context, book *ledger.Book, db *store.DB, calls []ledger.Settlement) error {
	c := &calls[0]
	h := ledger.Hold{
		Enterprise: c.CDR.Enterprise, ID: db.NewID(), Call: c.CDR.Call, Accounts: []tollgate.ID{c.Purse},
		To: c.CDR.Customer.Micro, Until: noon, Detail: make([]byte, 400),
	}
	for i := range h.Detail {
		h.Detail[i] = 'x'
	}
	c.Reservation = h.ID
	held, err := book.Hold(ctx, h)
	if err != nil || held.Refused {
		return fmt.Errorf("%+v, %w", held, err)
	}
	_, err = book.Settle(ctx, calls)
	return err
}

func benchmarkCalls(b *testing.B, url string, n, accounts int) []ledger.Settlement {
	b.Helper()
	s := &shop{db: storetest.Open(b, url)}
	users := make([]tollgate.Account, accounts)
	err := s.db.Change(b.Context(), clerk, "test", func(c *store.Change) error {
		s.enterprise = tollgate.Account{
			Kind: tollgate.KindEnterprise, Mode: tollgate.ModePostpaid, Name: "acme", Currency: "EUR", Timezone: "UTC",
		}
		if err := c.PutAccount(&s.enterprise); err != nil {
			return err
		}
		for i := range users {
			users[i] = s.enterprise
			users[i].ID, users[i].Kind, users[i].Name = 0, tollgate.KindUser, fmt.Sprint("user ", i)
			users[i].CreditLimit = 1 << 50
			if err := c.PutAccount(&users[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	s.device.ID = s.db.NewID()
	calls := make([]ledger.Settlement, n)
	for i := range calls {
		c := s.paid(i, users[i*7%len(users)], 100_000+int64(i))
		c.CDR.Number.E164 = fmt.Sprintf("49%010d", i*7919%1_000_000_007)
		c.CDR.Number.Raw = "00" + c.CDR.Number.E164
		c.CDR.Operator, c.CDR.Cost = 17, c.CDR.Customer
		c.CDR.Cost.Micro /= 2
		calls[i] = c
	}
	return calls
}
