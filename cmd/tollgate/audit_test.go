package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/store"
	"tollgate/store/audit"
)

// audited runs the command on a directory and returns what it printed and its
// exit code.
func audited(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, problems bytes.Buffer
	p := &program{
		ctx: t.Context(), stdout: &out, stderr: &problems, now: time.Now, log: slog.New(slog.DiscardHandler),
	}
	code = p.run(append([]string{"audit"}, args...))
	return out.String(), problems.String(), code
}

func TestAudit(t *testing.T) {
	dir := t.TempDir()
	if _, stderr, code := audited(t, "--data", dir); code != 2 || !strings.Contains(stderr, "no database") {
		t.Errorf("no books: code %d, %s", code, stderr)
	}
	db, err := store.Open(t.Context(), "sqlite:"+dir+"/"+databaseName, store.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // the audit runs beside it
	stdout, stderr, code := audited(t, "--data", dir)
	if code != 0 || !strings.Contains(stdout, "the books are right (") {
		t.Errorf("sound books: code %d\n%s%s", code, stdout, stderr)
	}
	err = db.Post(t.Context(), func(p *store.Posting) error { // money from nowhere to nowhere
		return p.InsertTransfers([]tollgate.Transfer{{
			Enterprise: 1, ID: db.NewID(), Debit: 2, Credit: 3, Amount: 4, Currency: "EUR",
			Kind: tollgate.TransferRecharge, At: time.Now(),
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	const rule = "transfer joins two accounts of its enterprise and currency"
	stdout, stderr, code = audited(t, "--data", dir)
	if code != 1 || !strings.Contains(stdout, "BROKEN  "+rule+"\n        transfer ") ||
		!strings.Contains(stderr, "the books are not right: 1 findings") {
		t.Errorf("broken books: code %d\n%s%s", code, stdout, stderr)
	}
	stdout, _, code = audited(t, "--json", "--data", dir)
	var report audit.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 1 ||
		len(report.Findings) != 1 || report.Findings[0].Rule != rule {
		t.Errorf("as JSON: code %d, %v\n%s", code, err, stdout)
	}
}
