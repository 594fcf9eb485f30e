package ucware

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/charging"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

const (
	killVariable  = "TOLLGATE_TEST_KILL_UCWARE"
	killRounds    = 25     // of the server being killed, on each engine
	killRoundsMax = 20_000 // of the four steps
	killCalls     = 1_000  // that end meanwhile, at least
)

// TestMain is also the server that is killed: calls keep ending in it while it
// answers.
func TestMain(m *testing.M) {
	if job := os.Getenv(killVariable); job != "" {
		if err := serveCalls(strings.Fields(job)); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serveCalls serves the store at job[0]; calls of the device job[1] end, named
// after the round job[2].
func serveCalls(job []string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, job[0], store.Options{Now: time.Now})
	if err != nil {
		return err
	}
	book := ledger.New(db, ledger.Options{Now: time.Now})
	office, err := charging.New(ctx, db, book, charging.Options{Now: time.Now})
	if err != nil {
		return err
	}
	gate, err := access.New(db, access.Options{Now: time.Now, Random: rand.Reader})
	if err != nil {
		return err
	}
	handler, err := New(Options{Store: db, Access: gate, Now: time.Now})
	if err != nil {
		return err
	}
	s := &site{pbx: map[tollgate.ID]tollgate.ID{}}
	var device tollgate.ID
	if err := device.UnmarshalText([]byte(job[1])); err != nil {
		return err
	}
	s.pbx[0] = device
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ended := make(chan error, 3)
	go func() { ended <- book.Run(ctx) }()
	go func() { ended <- http.Serve(listener, handler) }()
	go func() {
		for i := 0; ; i++ {
			name := fmt.Sprint(job[2], ".", i)
			_, err := office.Finish(ctx, []tollgate.Record{
				s.record(0, name, "101", "101", "030123456", time.Minute),
				s.record(0, name+"x", "101", "101", "0049301112222", time.Second),
			})
			if err != nil {
				ended <- err
			}
			time.Sleep(time.Duration(mathrand.Int64N(int64(2 * time.Millisecond))))
		}
	}()
	fmt.Println(listener.Addr())
	return <-ended
}

// accounting is a client that loses no call, whatever becomes of the server: it
// asks again until it is answered.
type accounting struct {
	*testing.T
	site  *site
	url   string // of the store
	round int
	child *exec.Cmd
	base  string
	paid  map[string]int // how often each call was booked here
}

// start starts the server, and ends it when the context does.
func (a *accounting) start(ctx context.Context) {
	a.Helper()
	a.round++
	a.child = exec.CommandContext(ctx, os.Args[0])
	a.child.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", killVariable, a.url, a.site.pbx[a.site.acme], a.round))
	out, err := a.child.StdoutPipe()
	a.site.must(err)
	a.site.must(a.child.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	a.site.must(err)
	a.base = "http://" + strings.TrimSpace(line) + "/api/2/admin/billing/"
}

// kill ends the server with the signal that cannot be caught, and starts another.
func (a *accounting) kill() {
	a.Helper()
	a.site.must(a.child.Process.Kill())
	var exited *exec.ExitError
	if err := a.child.Wait(); !errors.As(err, &exited) {
		a.Fatalf("the server ended by itself: %v", err)
	}
	a.start(a.Context())
}

// ask asks until there is a whole answer; the server is killed at some moment
// within the first tries, if it is to be.
func (a *accounting) ask(method, params string, kill bool) json.RawMessage {
	a.Helper()
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`)
	for range 20 {
		answered := make(chan json.RawMessage, 1)
		go func(url string) { answered <- a.try(url, body) }(a.base)
		if kill {
			kill = false
			time.Sleep(time.Duration(mathrand.Int64N(int64(6 * time.Millisecond))))
			a.kill()
		}
		if result := <-answered; result != nil {
			return result
		}
	}
	a.Fatalf("%s was never answered", method)
	return nil
}

// try returns the result of a request; nil when the answer did not come whole.
func (a *accounting) try(url string, body []byte) json.RawMessage {
	request, err := http.NewRequestWithContext(a.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil
	}
	request.Header.Set("Authorization", "Bearer "+a.site.token["house"])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil
	}
	var got answer
	if err := json.Unmarshal(text, &got); err != nil {
		return nil
	}
	if got.Error != nil {
		a.Errorf("%s", text)
	}
	return got.Result
}

// work is the four steps once. A call is booked when it is known to be marked.
func (a *accounting) work(kill int) {
	a.Helper()
	var rows []row
	a.site.must(json.Unmarshal(a.ask("getAllUnbilled", "[]", kill == 0), &rows))
	if kill == 1 {
		a.kill()
	}
	if len(rows) == 0 {
		time.Sleep(2 * time.Millisecond) // until a call has ended
	}
	var params []any
	for i, r := range rows {
		if i%2 == 0 {
			params = append(params, r.ID)
		} else {
			params = append(params, r.UniqueID)
		}
	}
	text, err := json.Marshal(map[string]any{"ids": params})
	a.site.must(err)
	var marked int
	a.site.must(json.Unmarshal(a.ask("markCallsRetrieved", string(text), kill == 2), &marked))
	if kill != 2 && marked != len(rows) {
		a.Errorf("%d of %d calls were marked for the first time", marked, len(rows))
	}
	for _, r := range rows {
		a.paid[r.UniqueID]++
	}
	if kill == 3 {
		a.kill()
	}
	var pruned int
	a.site.must(json.Unmarshal(a.ask("prune", "[]", kill == 4), &pruned))
	if kill != 4 && pruned != len(rows) {
		a.Errorf("%d rows pruned, %d were paid", pruned, len(rows))
	}
}

// Calls keep ending while an accounting works through the four steps over and
// over, and the server is killed within and between all of them. In the end
// every call of the archive was booked exactly once.
func TestKilledBetweenAnySteps(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, url string) {
		db := storetest.Open(t, url)
		a := &accounting{T: t, site: newSite(t, db), url: url, paid: map[string]int{}}
		a.start(t.Context())
		defer func() {
			_ = a.child.Process.Kill() // it may have ended
			_ = a.child.Wait()
		}()
		for i := 0; a.round <= killRounds || len(a.paid) < killCalls; i++ {
			kill := -1
			if a.round <= killRounds {
				kill = i % 6 // the sixth time it may live
			}
			a.work(kill)
			if i > killRoundsMax {
				t.Fatalf("%d calls after %d rounds of work", len(a.paid), i)
			}
		}
		a.site.must(a.child.Process.Kill())
		_ = a.child.Wait()
		a.settle(db)
	})
}

// settle books what is left, and compares with the archive.
func (a *accounting) settle(db *store.DB) {
	a.Helper()
	for _, r := range a.site.unbilled("house") {
		a.paid[r.UniqueID]++
	}
	calls := 0
	for next := (store.Paging{Rows: store.PageRowsMax}); ; {
		page, err := db.CDRs(a.Context(), store.Everything, store.CDRFilter{}, next)
		a.site.must(err)
		for _, c := range page.Items {
			calls++
			if n := a.paid[c.Call.UniqueID]; n != 1 {
				a.Errorf("call %s was booked %d times", c.Call.UniqueID, n)
			}
		}
		if next.After = page.Next; page.Next == "" {
			break
		}
	}
	if calls != len(a.paid) || calls < killCalls {
		a.Errorf("%d calls in the archive, %d booked, want %d or more", calls, len(a.paid), killCalls)
	}
	a.Logf("%d calls, server killed %d times", calls, a.round-1)
}
