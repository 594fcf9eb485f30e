package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPushedJournal pushes the journal of a recorded call, in two parts and the
// first of them twice, for a device whose manager interface is away.
func TestPushedJournal(t *testing.T) {
	data := t.TempDir()
	address := serve(t, data)
	token, problems, code := command(t, "token", "add", "test", "--role", "admin", "--data", data)
	if code != 0 {
		t.Fatal(problems)
	}
	ask := func(method, path, kind string, body []byte) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, address+"/api/v1"+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
		r.Header.Set("Content-Type", kind)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	device := `{"name":"hq","kind":"asterisk","timezone":"UTC","enabled":true,"plan":{"country":"GB"},` +
		`"asterisk":{"address":"127.0.0.1:1","username":"x","trunks":["PJSIP/provider"]}}`
	if code, text := ask("POST", "/devices", "application/json", []byte(device)); code != http.StatusCreated {
		t.Fatal(code, text)
	}
	eventually := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("still not so: %s", what)
			}
		}
	}
	eventually("the device is there", func() bool {
		_, text := ask("GET", "/health", "", nil)
		return strings.Contains(text, "device hq") && !strings.Contains(text, "is not followed")
	})
	push := func(rows []byte) (int, string) { return ask("POST", "/devices/hq/journal", "text/csv", rows) }
	if code, text := push([]byte("a,b\n")); code != http.StatusUnprocessableEntity || !strings.Contains(text, "CEL") {
		t.Errorf("rubbish: %d %s", code, text)
	}
	rows := recentCall(t)
	half := bytes.IndexByte(rows[len(rows)/2:], '\n') + len(rows)/2 + 1
	for _, part := range [][]byte{rows[:half], rows[:half], rows[half:]} {
		if code, text := push(part); code != http.StatusOK {
			t.Fatal(code, text)
		}
	}
	var waiting struct {
		Items []struct{ UniqueID string } `json:"items"`
	}
	eventually("the call arrived", func() bool { // nobody pays for it: it waits in quarantine
		_, text := ask("GET", "/quarantine", "", nil)
		if err := json.Unmarshal([]byte(text), &waiting); err != nil {
			t.Fatal(err)
		}
		return len(waiting.Items) > 0
	})
	if len(waiting.Items) != 1 {
		t.Errorf("%d calls", len(waiting.Items))
	}
}

// recentCall is the journal of a call as if it was made a moment from now: what
// ended before a device is followed is not taken.
func recentCall(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(replayRecordings, "out_answered", "cel.csv"))
	if err != nil {
		t.Fatal(err)
	}
	began, _, _ := strings.Cut(strings.Split(string(text), `"`)[3], ".")
	if len(began) < 6 {
		t.Fatalf("no time in %.80s", text)
	}
	return bytes.ReplaceAll(text, []byte(`"`+began[:6]), []byte(`"`+"9"+began[1:6]))
}
