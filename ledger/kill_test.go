package ledger_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/daybook"
	"tollgate/store/storetest"

	"golang.org/x/sync/errgroup"
)

// What is ingested until nobody kills it any more.
const (
	killBatches   = 160
	killBatchRows = 50
	killRounds    = 50 // of being killed, on each engine
	killVariable  = "TOLLGATE_TEST_KILL"
	killAhead     = "daybook" // the books are kept in the daybook first
)

// TestMain is also the process that is killed: it ingests the same input from
// the start, whenever it is started, and says which batches are acknowledged.
func TestMain(m *testing.M) {
	if job := os.Getenv(killVariable); job != "" {
		if err := ingest(strings.Fields(job)); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ingest settles every batch into the store at job[0].
func ingest(job []string) error {
	db, err := store.Open(context.Background(), job[0], store.Options{Now: time.Now})
	if err != nil {
		return err
	}
	s := &shop{db: db}
	for i, id := range []*tollgate.ID{&s.enterprise.ID, &s.prepaid.ID, &s.quota.ID, &s.device.ID} {
		if err := id.UnmarshalText([]byte(job[i+1])); err != nil {
			return err
		}
	}
	open := func(context.Context, *store.DB, ledger.Options) (*ledger.Book, error) {
		return ledger.New(db, ledger.Options{Now: time.Now}), nil
	}
	ahead := job[5] == killAhead
	if ahead {
		open = ledger.OpenAhead
	}
	book, err := open(context.Background(), db, ledger.Options{Now: time.Now})
	if err != nil {
		return err
	}
	go func() {
		if err := book.Run(context.Background()); err != nil {
			fmt.Println("failed", err)
		}
	}()
	if err := s.ingestAll(book, ahead); err != nil {
		return err
	}
	fmt.Println("finished")
	return db.Close()
}

// ingestAll settles the batches, one after the other into the tables, or many at
// once ahead of them. What only the tables can do makes them catch up, so it comes
// last there: the more is ahead the better.
func (s *shop) ingestAll(book *ledger.Book, ahead bool) error {
	group := new(errgroup.Group)
	group.SetLimit(1)
	if ahead {
		group.SetLimit(16)
	}
	var later []ledger.Settlement
	for batch := range killBatches {
		calls := s.killBatch(batch)
		if rest := calls[len(calls)-1:]; ahead {
			calls, later = calls[:len(calls)-1], append(later, rest...)
		}
		group.Go(func() error {
			outcome, err := s.ingestBatch(book, batch, calls)
			if err == nil && !ahead {
				err = s.killRecharge(book, batch)
			}
			if err == nil {
				fmt.Println("acknowledged", batch, outcome)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil || !ahead {
		return err
	}
	if _, err := book.Settle(context.Background(), later); err != nil {
		return err
	}
	for batch := range killBatches {
		if err := s.killRecharge(book, batch); err != nil {
			return err
		}
	}
	return nil
}

func (s *shop) ingestBatch(book *ledger.Book, batch int, calls []ledger.Settlement) (tollgate.Outcome, error) {
	if batch%4 == 0 {
		// What is held always has the same id: when it was held before, it is held already,
		// and when its call was settled, it is held again until that is found out.
		h := s.held(fmt.Sprint("kill ", batch), 5, s.quota)
		h.ID = tollgate.ID(batch + 1)
		if held, err := book.Hold(context.Background(), h); err != nil || held.Refused {
			return "", fmt.Errorf("%+v, %w", held, err)
		}
		calls[0].Reservation = h.ID
	}
	results, err := book.Settle(context.Background(), calls)
	if err != nil {
		return "", err
	}
	return results[0].Outcome, nil
}

func (s *shop) killRecharge(book *ledger.Book, batch int) error {
	_, err := book.Recharge(context.Background(), clerk, s.prepaid.ID,
		tollgate.Money{Micro: 3, Currency: "EUR"}, "", fmt.Sprint("recharge ", batch))
	return err
}

// killBatch is always the same: mostly calls that are paid, one that is sent
// twice, and one that must be quarantined.
func (s *shop) killBatch(batch int) []ledger.Settlement {
	var calls []ledger.Settlement
	for i := range killBatchRows - 2 {
		by := s.prepaid
		if i%3 == 0 {
			by = s.enterprise
		}
		calls = append(calls, s.paid(batch*killBatchRows+i, by, 10))
	}
	bad := s.call(batch*killBatchRows+killBatchRows-1, 10)
	bad.Reason = "no such trunk"
	return append(calls, calls[0], bad)
}

// round starts the process, kills it some time after it has stored something
// new, and returns how many batches it had acknowledged; killed is false when
// it was quicker.
func round(t *testing.T, job string, after time.Duration) (acknowledged int, killed bool) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context()) // kills with the signal that cannot be caught
	defer kill()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), killVariable+"="+job)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	killing := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if words[0] != "acknowledged" {
			if words[0] == "finished" {
				if err := child.Wait(); err != nil {
					t.Fatal(err)
				}
				return killBatches, false
			}
			t.Fatal(lines.Text())
		}
		acknowledged++
		if words[2] == string(tollgate.OutcomeStored) && !killing {
			killing = true
			time.AfterFunc(after, kill)
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("it ended by itself and did not say so")
	}
	return acknowledged, true
}

// A process that ingests is killed without warning, over and over, and sends
// everything again each time. Whatever it had acknowledged must be there, the
// books must be right, and in the end every call is there exactly once.
func TestKilledAndSentAgain(t *testing.T) {
	killAndSendAgain(t, "tables", 8*time.Millisecond, killRounds)
}

func TestKilledAheadOfTheTables(t *testing.T) {
	killAndSendAgain(t, killAhead, time.Millisecond, killRounds/4) // many at once: it is done sooner
}

func killAndSendAgain(t *testing.T, how string, pauseMax time.Duration, rounds int) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		s := openShop(t, storetest.Open(t, url))
		s.allow(1e9)
		job := fmt.Sprint(url, " ", s.enterprise.ID, " ", s.prepaid.ID, " ", s.quota.ID, " ", s.device.ID, " ", how)
		kills := 0
		for i := range 4 * rounds {
			pause := time.Duration(rand.Int64N(int64(pauseMax)))
			if kills >= rounds {
				pause = time.Hour // let it finish
			}
			acknowledged, killed := round(t, job, pause)
			if killed {
				kills++
			}
			s.recover()
			totals, err := s.db.Totals(t.Context(), store.Everything, store.CDRFilter{})
			if err != nil {
				t.Fatal(err)
			}
			if totals.Calls < int64(acknowledged*(killBatchRows-2)) {
				t.Fatalf("round %d: %d batches acknowledged and %d calls there", i, acknowledged, totals.Calls)
			}
			if i%10 == 0 || !killed {
				s.audit()
			}
			if !killed {
				break
			}
		}
		if kills < rounds {
			t.Errorf("killed %d times before it was finished, want %d", kills, rounds)
		}
		s.checkKilled()
	})
}

// recover posts what a killed process left. PostgreSQL takes a moment to notice
// that it is gone.
func (s *shop) recover() {
	s.Helper()
	for range 1000 {
		if err := ledger.Recover(s.Context(), s.db, ledger.Options{Now: time.Now}); err != nil {
			s.Fatal(err)
		}
		if left, err := daybook.Left(s.Context(), s.db); err != nil {
			s.Fatal(err)
		} else if !left || s.db.Engine() == store.SQLite {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatal("nobody can post what is left")
}

// checkKilled compares what is there in the end with what was sent.
func (s *shop) checkKilled() {
	s.Helper()
	const calls = killBatches * (killBatchRows - 2)
	totals, err := s.db.Totals(s.Context(), store.Everything, store.CDRFilter{})
	if err != nil || totals.Calls != calls || amount(totals.Charged) != 10*calls {
		s.Errorf("totals %+v, %v; want %d calls of %d", totals, err, calls, 10*calls)
	}
	paid := s.balance(s.prepaid) + s.balance(s.enterprise)
	if want := int64(3*killBatches - 10*calls); paid != want {
		s.Errorf("balances sum to %d, want %d", paid, want)
	}
	if a := s.account(s.quota); a.Reserved != 0 {
		s.Errorf("reserved %d for calls that are settled", a.Reserved)
	}
	if n, err := s.db.QuarantineCount(s.Context(), store.Everything); err != nil || n != killBatches {
		s.Errorf("%d in quarantine, %v, want %d", n, err, killBatches)
	}
	s.audit()
}
