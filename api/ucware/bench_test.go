package ucware

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/store/storetest"
)

// A million rows are listed. What is reported is by how much the heap grew at
// most meanwhile, server and client together, next to the size of the answer.
func BenchmarkGetAllUnbilled(b *testing.B) {
	const calls = 1_000_000
	for engine, open := range map[string]func(testing.TB) string{
		store.SQLite: storetest.SQLite, store.PostgreSQL: storetest.Postgres,
	} {
		b.Run(engine, func(b *testing.B) {
			db := storetest.Open(b, open(b))
			token, url := serveBench(b, db)
			list(b, db, calls)
			for b.Loop() {
				runtime.GC()
				before, peak := heap(), uint64(0)
				stop, stopped := make(chan bool), make(chan bool)
				go func() {
					defer close(stopped)
					for {
						select {
						case <-stop:
							return
						case <-time.After(5 * time.Millisecond):
							peak = max(peak, heap())
						}
					}
				}()
				n := fetchBench(b, url, token)
				close(stop)
				<-stopped
				b.ReportMetric(float64(n)/(1<<20), "MiB-answer")
				b.ReportMetric(float64(max(peak, before)-before)/(1<<20), "MiB-heap")
			}
			b.ReportMetric(calls*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func benchCall(db *store.DB, i int) store.Entry {
	return store.Entry{CDR: &tollgate.CDR{
		Enterprise: 1, ID: db.NewID(),
		Call:      tollgate.CallID{Device: 1, UniqueID: fmt.Sprintf("1547391782.%d", i)},
		Direction: tollgate.Outbound, Extension: "101", Originator: "102",
		Number: tollgate.Number{Raw: "0049301234567", E164: "49301234567", Class: tollgate.ClassDomestic},
		Start:  began, Answer: began, End: began.Add(time.Minute),
	}}
}

func fetchBench(b *testing.B, url, token string) int64 {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/api/2/admin/billing/",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"getAllUnbilled"}`))
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// serveBench serves a store and returns the token of the house.
func serveBench(b *testing.B, db *store.DB) (token, url string) {
	b.Helper()
	gate, err := access.New(db, access.Options{Now: time.Now, Random: rand.Reader})
	if err != nil {
		b.Fatal(err)
	}
	token, _, err = gate.NewToken(b.Context(), access.Principal{Role: access.RoleAdmin},
		store.Token{Name: "house", Role: string(access.RoleOperator)})
	if err != nil {
		b.Fatal(err)
	}
	handler, err := New(Options{Store: db, Access: gate, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(handler)
	b.Cleanup(web.Close)
	return token, web.URL
}

// list puts finished calls into the books.
func list(t testing.TB, db *store.DB, calls int) {
	t.Helper()
	const batch = 5_000
	for from := 0; from < calls; from += batch {
		entries := make([]store.Entry, min(batch, calls-from))
		for i := range entries {
			entries[i] = benchCall(db, from+i)
		}
		err := db.Post(t.Context(), func(p *store.Posting) error { return p.InsertEntries(entries) })
		if err != nil {
			t.Fatal(err)
		}
	}
}
