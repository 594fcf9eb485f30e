package ledger_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

// spend makes the quota account use so much.
func (s *shop) spend(unique int, micro int64) {
	s.Helper()
	call := s.paid(unique, s.enterprise, micro)
	call.Quota = s.quota.ID
	s.settle(call)
}

func (s *shop) checkUsed(want int64) {
	s.Helper()
	if got := s.account(s.quota).Used; got != want {
		s.Errorf("used %d, want %d", got, want)
	}
}

func TestAPeriodBeginsOnce(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.spend(1, 500)
		day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
		for i, c := range []struct {
			period time.Time
			want   bool
			used   int64
		}{
			{day(1), true, 0}, {day(1), false, 7}, {day(0), false, 14}, {day(2), true, 0}, {day(2), false, 7}, {day(3), true, 0},
		} {
			got, err := s.book.ResetQuota(s.Context(), s.enterprise.ID, s.quota.ID, c.period)
			if err != nil || got != c.want {
				s.Errorf("step %d: %v, %v, want %v", i, got, err, c.want)
			}
			s.checkUsed(c.used)
			s.spend(10+i, 7)
		}
		log, err := s.db.QuotaLog(s.Context(), store.Everything, s.quota.ID, store.Paging{})
		if err != nil || len(log.Items) != 3 || log.Items[0].Amount != -14 || log.Items[2].Amount != -500 ||
			!log.Items[0].Period.Equal(day(3)) || log.Items[0].Kind != store.QuotaReset {
			s.Errorf("log: %+v, %v", log.Items, err)
		}
		if a := s.account(s.quota); !a.PeriodStart.Equal(day(3)) {
			s.Errorf("the period began %s", a.PeriodStart)
		}
		for name, c := range map[string]struct {
			enterprise, account tollgate.ID
			want                tollgate.ErrorCode
		}{
			"not a quota":        {s.enterprise.ID, s.prepaid.ID, tollgate.CodeInvalid},
			"not there":          {s.enterprise.ID, 5, tollgate.CodeNotFound},
			"another enterprise": {5, s.quota.ID, tollgate.CodeNotFound},
		} {
			if _, err := s.book.ResetQuota(s.Context(), c.enterprise, c.account, day(9)); tollgate.CodeOf(err) != c.want {
				s.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		s.audit()
	})
}

// Two nodes that both see midnight begin one period.
func TestTwoNodesBeginAPeriod(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := openShop(t, storetest.Open(t, url))
		books := []*ledger.Book{s.book, openBook(t, storetest.Open(t, url))}
		for n := range 10 {
			s.spend(n, 100)
			var did atomic.Int64
			var done sync.WaitGroup
			for _, b := range append(books, books...) {
				done.Go(func() {
					reset, err := b.ResetQuota(t.Context(), s.enterprise.ID, s.quota.ID, noon.AddDate(0, 0, n))
					if err != nil {
						t.Error(err)
					}
					if reset {
						did.Add(1)
					}
				})
			}
			done.Wait()
			if did.Load() != 1 {
				t.Errorf("day %d began %d times", n, did.Load())
			}
			s.checkUsed(0)
		}
		s.audit()
	})
}

func TestUsedIsCorrectedByEntries(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.spend(1, 500)
		euro := func(micro int64) tollgate.Money { return tollgate.Money{Micro: micro, Currency: "EUR"} }
		for i, c := range []struct {
			account tollgate.ID
			amount  tollgate.Money
			key     string
			want    tollgate.ErrorCode
			used    int64
		}{
			{s.quota.ID, euro(-200), "k1", "", 300},
			{s.quota.ID, euro(-200), "k1", "", 300}, // the same request
			{s.quota.ID, euro(-201), "k1", tollgate.CodeConflict, 300},
			{s.quota.ID, euro(-301), "k2", tollgate.CodeInvalid, 300}, // less than nothing
			{s.quota.ID, euro(-300), "k2", "", 0},                     // what was refused used no key
			{s.quota.ID, euro(50), "", "", 50},
			{s.quota.ID, euro(50), "", "", 100}, // without a key they are two requests
			{s.quota.ID, euro(0), "", tollgate.CodeInvalid, 100},
			{s.quota.ID, euro(1 << 60), "", tollgate.CodeInvalid, 100},
			{s.quota.ID, tollgate.Money{Micro: 5, Currency: "USD"}, "", tollgate.CodeInvalid, 100},
			{s.prepaid.ID, euro(5), "", tollgate.CodeInvalid, 100},
			{5, euro(5), "", tollgate.CodeNotFound, 100},
		} {
			err := s.book.CorrectUsed(s.Context(), clerk, c.account, c.amount, "as agreed", c.key)
			if tollgate.CodeOf(err) != c.want {
				s.Errorf("step %d: %v, want %q", i, err, c.want)
			}
			s.checkUsed(c.used)
		}
		log, err := s.db.QuotaLog(s.Context(), store.Scope(s.enterprise.ID), s.quota.ID, store.Paging{Rows: 1})
		if err != nil || len(log.Items) != 1 || log.Next == "" || log.Items[0].By != clerk.Name ||
			log.Items[0].Note != "as agreed" || log.Items[0].Kind != store.QuotaCorrection {
			s.Errorf("log: %+v, %v", log, err)
		}
		operations, err := s.db.OperationLog(s.Context(), store.Everything, store.Paging{})
		if err != nil || operations.Items[0].Action != "correct used" {
			s.Errorf("operations: %+v, %v", operations.Items, err)
		}
		s.audit()
	})
}
