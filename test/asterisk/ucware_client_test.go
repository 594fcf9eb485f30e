//go:build linux

package asterisk_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tollgate"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
)

// accounting is a client that knows UCware's documentation and nothing else,
// beside the house that it works for.
type accounting struct {
	*house
	token string
	user  tollgate.ID // the account of 1001
}

// row is one connection as UCware documents it.
type row struct {
	ID           int64  `json:"id"`
	UniqueID     string `json:"uniqueid"`
	Extension    string `json:"extension"`
	Originator   string `json:"originator"`
	DialedNumber string `json:"dialedNumber"`
	Timestamp    int64  `json:"timestamp"`
	Duration     int64  `json:"duration"`
	Private      bool   `json:"private"`
}

// bill is what a row says without its times and names.
type bill struct {
	extension, originator, number string
	private                       bool
}

func (r row) bill() bill { return bill{r.Extension, r.Originator, r.DialedNumber, r.Private} }

// rpc calls a method and reads its result.
func (a *accounting) rpc(method string, params, result any) {
	a.t.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		a.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost,
		a.url+"/api/2/admin/billing/", bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	var whole struct {
		Result json.RawMessage
		Error  json.RawMessage
	}
	if err := json.Unmarshal(said, &whole); err != nil || whole.Error != nil {
		a.t.Fatalf("%s: %s: %v %s", method, answer.Status, err, said)
	}
	if err := json.Unmarshal(whole.Result, result); err != nil {
		a.t.Fatalf("%s: %v in %s", method, err, said)
	}
}

// answers calls a method and wants a number.
func (a *accounting) answers(method string, params any, want int) {
	a.t.Helper()
	var got int
	if a.rpc(method, params, &got); got != want {
		a.t.Errorf("%s(%v): %d, want %d", method, params, got, want)
	}
}

// list fetches what is unpaid.
func (a *accounting) list() []row {
	a.t.Helper()
	var rows []row
	a.rpc("getAllUnbilled", nil, &rows)
	return rows
}

// unbilled waits until so many rows are there, and a little longer for one too
// many.
func (a *accounting) unbilled(want int) []row {
	a.t.Helper()
	rows := a.list()
	for deadline := time.Now().Add(15 * time.Second); len(rows) < want && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
		rows = a.list()
	}
	time.Sleep(500 * time.Millisecond)
	if rows = a.list(); len(rows) != want {
		a.t.Fatalf("%d rows, want %d: %+v", len(rows), want, rows)
	}
	return rows
}

// left wants exactly these rows to be unpaid.
func (a *accounting) left(want []row) {
	a.t.Helper()
	if rows := a.list(); rows == nil || !slices.Equal(rows, want) {
		a.t.Errorf("unpaid are %+v, want %+v", rows, want)
	}
}

// work is the four steps once. It returns what was booked.
func (a *accounting) work() []row {
	a.t.Helper()
	rows := a.list()
	ids := []int64{}
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	a.answers("markCallsRetrieved", []any{ids}, len(ids))
	a.answers("prune", nil, len(ids))
	return rows
}

// same compares rows with bills, in order.
func (a *accounting) same(what string, rows []row, want []bill) {
	a.t.Helper()
	if !slices.EqualFunc(rows, want, func(r row, b bill) bool { return r.bill() == b }) {
		a.t.Errorf("%s: %+v, want %+v", what, rows, want)
	}
}

// onWire holds the times of rows against the wire: the beginning to the second,
// and talk by the second begun.
func (a *accounting) onWire(rows []row) {
	a.t.Helper()
	for _, r := range rows {
		fits := false
		for _, leg := range a.f.Carrier.Legs() {
			if leg.Number != r.DialedNumber || leg.Answer.IsZero() {
				continue
			}
			talk, doubt := leg.End.Sub(leg.Answer), exact+leg.Doubt
			least := int64(math.Floor((talk - doubt).Seconds()))
			most := int64(math.Floor((talk + doubt).Seconds()))
			begun := leg.Invite.Unix() - r.Timestamp
			fits = fits || least <= r.Duration && r.Duration <= most && (begun == 0 || begun == 1)
		}
		if !fits {
			a.t.Errorf("no call on the wire was like %+v", r)
		}
	}
}

// sql reads the table itself, as a program on the same machine would.
func (a *accounting) sql(want []row) {
	a.t.Helper()
	driver, source := "sqlite", "file:"+filepath.Join(a.data, "tollgate.db")+"?mode=ro"
	if a.database != "" {
		driver, source = "pgx", a.database
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	columnsOf(a.t, db)
	rows, err := db.QueryContext(a.t.Context(), `SELECT uniqueid, extension, originator, "dialedNumber", timestamp, duration
		FROM services_billing WHERE retrieved_at = 0 ORDER BY id`)
	if err != nil {
		a.t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var r row
		err := rows.Scan(&r.UniqueID, &r.Extension, &r.Originator, &r.DialedNumber, &r.Timestamp, &r.Duration)
		if err != nil {
			a.t.Fatal(err)
		}
		if n < len(want) {
			w := want[n]
			if w.ID, w.Private = 0, false; r != w {
				a.t.Errorf("the table has %+v, want %+v", r, w)
			}
		}
	}
	if rows.Err() != nil || n != len(want) {
		a.t.Errorf("the table has %d rows, want %d: %v", n, len(want), rows.Err())
	}
}

// columnsOf wants the columns that UCware's table has, in its order.
func columnsOf(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM services_billing LIMIT 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	const want = "[uniqueid extension originator dialedNumber timestamp duration]"
	if err != nil || len(names) < 6 || fmt.Sprint(names[:6]) != want || rows.Err() != nil {
		t.Errorf("columns %v, want %s first: %v", names, want, err)
	}
}
