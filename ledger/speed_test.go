package ledger_test

import (
	"fmt"
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
			calls := benchmarkCalls(b, url, perCommit*max(1, b.N/perCommit))
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

func benchmarkCalls(b *testing.B, url string, n int) []ledger.Settlement {
	b.Helper()
	s := &shop{db: storetest.Open(b, url)}
	users := make([]tollgate.Account, 200)
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
