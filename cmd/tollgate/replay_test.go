package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const replayRecordings = "../../pbx/asterisk/testdata/recordings"

// replay runs the command on files and returns what it prints.
func replay(t *testing.T, stdin string, args ...string) (code int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		ctx: t.Context(), stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr,
		now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
	code = p.run(append([]string{"replay", "asterisk"}, args...))
	return code, stdout.String(), stderr.String()
}

func TestReplayPrintsLegs(t *testing.T) {
	t.Parallel()
	want := `{"uniqueid":"1795316561.444","extension":"1001","originator":"1004","dialed":"00442079460001",` +
		`"trunk":"provider","account_code":"dept-tech","private":false,"start":"2026-11-22T03:02:41.590356Z",` +
		`"answer":"2026-11-22T03:02:42.711794Z","end":"2026-11-22T03:02:46.755937Z","billable_ms":4044,"cause":16,` +
		`"direction":"outbound"}` + "\n"
	file := filepath.Join(replayRecordings, "fwd_phone_302_int", "ami.txt")
	for name, args := range map[string][]string{
		"trunk": {"--trunk", "PJSIP/provider", file}, "no trunk": {file}, "other trunk": {"--trunk", "PJSIP/prov", file},
	} {
		code, out, errors := replay(t, "", args...)
		expect := want
		if name == "other trunk" {
			expect = ""
		}
		if code != 0 || out != expect || errors != "" {
			t.Errorf("%s: exit %d, printed\n%s%swant\n%s", name, code, out, errors, expect)
		}
	}
}

func TestReplayUnanswered(t *testing.T) {
	t.Parallel()
	code, out, _ := replay(t, "", filepath.Join(replayRecordings, "out_busy", "ami.txt"))
	var line map[string]any
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if line["answer"] != nil || line["billable_ms"] != 0.0 || line["cause"] != 17.0 || len(line) != 13 {
		t.Errorf("printed %s", out)
	}
}

func TestReplayJournal(t *testing.T) {
	t.Parallel()
	code, out, errors := replay(t, "", "--cel", filepath.Join(replayRecordings, "out_failover", "cel.csv"))
	if code != 0 || strings.Count(out, "\n") != 2 || errors != "" {
		t.Errorf("exit %d, printed\n%s%s", code, out, errors)
	}
	if _, unsaid, _ := replay(t, "", filepath.Join(replayRecordings, "out_failover", "cel.csv")); unsaid != out {
		t.Errorf("without --cel printed\n%s", unsaid)
	}
}

func TestReplayHalfARecording(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(replayRecordings, "out_answered", "ami.txt"))
	if err != nil {
		t.Fatal(err)
	}
	half := "rubbish\r\n\x00\xff\r\n" + string(text[:len(text)*3/4])
	code, out, errors := replay(t, half, "-")
	if code != 0 || out != "" || !strings.Contains(errors, "had not ended (answered 2026-11-22T02:55:42.") ||
		!strings.Contains(errors, "skipped 2 lines") {
		t.Errorf("exit %d, printed\n%s%s", code, out, errors)
	}
}

func TestReplayNoSuchFile(t *testing.T) {
	t.Parallel()
	code, out, errors := replay(t, "", "nowhere.txt")
	if code != 2 || out != "" || !strings.Contains(errors, "nowhere.txt") {
		t.Errorf("exit %d, printed %q, %q", code, out, errors)
	}
}
