package cel

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestSampleJournal writes a row as the sample configuration has Asterisk write
// it and reads it back.
func TestSampleJournal(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../sample/cel_custom.conf")
	if err != nil {
		t.Fatal(err)
	}
	_, mapping, found := strings.Cut(string(text), "tollgate.csv => ")
	if !found {
		t.Fatal("the sample has no line for tollgate.csv")
	}
	values := map[string]string{
		"eventtype": "ORIGINATOR", "eventtime": "1795316484.225777", "CALLERID(num)": "1001", "CALLERID(RDNIS)": "1004",
		"CHANNEL(exten)": "s", "CHANNEL(channame)": "PJSIP/provider-94", "CHANNEL(appname)": "AppDial",
		"CHANNEL(appdata)": "(Outgoing Line)", "CHANNEL(accountcode)": "sales", "CHANNEL(uniqueid)": "1.2",
		"CHANNEL(linkedid)": "1.1", "CHANNEL(userfield)": "private", "userdeftype": "ORIGINATOR",
		"eventextra": `{"hangupcause":16}`,
	}
	quote := regexp.MustCompile(`\$\{CSV_QUOTE\(\$\{([^}]*)\}\)\}`)
	line := quote.ReplaceAllStringFunc(strings.TrimSpace(mapping), func(field string) string {
		return `"` + strings.ReplaceAll(values[quote.FindStringSubmatch(field)[1]], `"`, `""`) + `"`
	})
	row, err := Parse([]byte(line), time.UTC)
	want := Row{
		Event: User + "ORIGINATOR", At: time.UnixMicro(1795316484225777).UTC(), CallerID: "1001", RDNIS: "1004", Exten: "s",
		Channel: "PJSIP/provider-94", App: "AppDial", AppData: "(Outgoing Line)", Account: "sales",
		UniqueID: "1.2", LinkedID: "1.1", Userfield: "private",
		Extra: Extra{HangupCause: 16},
	}
	if err != nil || row != want {
		t.Errorf("line %s\nis read as %+v (%v)\nwant %+v", line, row, err, want)
	}
}
