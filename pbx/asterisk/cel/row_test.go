package cel

import (
	"strings"
	"testing"
	"time"
)

func TestCELRows(t *testing.T) {
	t.Parallel()
	long := `"HANGUP","1795316484.225777","","00442079460001","","1004","","s","from-trunk","PJSIP/provider-94","AppDial",` +
		`"(Outgoing Line)","3","dept-sales","trunk-provider","1795316476.370","1795316473.367","","uf","",` +
		`"{""hangupcause"":16,""hangupsource"":"""",""dialstatus"":""""}"`
	short := strings.Replace(long, `"trunk-provider",`, "", 1)
	local := strings.Replace(short, "1795316484.225777", "2026-11-22 04:01:24", 1)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"with peer account": long, "as in the sample": short, "local time": local, "line end": short + "\r",
	} {
		row, err := Parse([]byte(strings.TrimSpace(line)), berlin)
		want := Row{
			Event: "HANGUP", CallerID: "00442079460001", RDNIS: "1004", Exten: "s", Channel: "PJSIP/provider-94",
			App: "AppDial", AppData: "(Outgoing Line)", Account: "dept-sales",
			UniqueID: "1795316476.370", LinkedID: "1795316473.367", Userfield: "uf",
			At: time.UnixMicro(1795316484225777).UTC(), Extra: Extra{HangupCause: 16},
		}
		if name == "local time" {
			want.At = time.Date(2026, 11, 22, 3, 1, 24, 0, time.UTC)
		}
		if err != nil || row != want {
			t.Errorf("%s: %+v, %v, want %+v", name, row, err, want)
		}
	}
	for name, line := range map[string]string{
		"empty": "", "header": "eventtype,eventtime", "no time": strings.Replace(short, "1795316484.225777", "soon", 1),
		"no channel": strings.Replace(short, "PJSIP/provider-94", "", 1), "too many": long + `,"x","y"`,
	} {
		if row, err := Parse([]byte(line), time.UTC); err == nil {
			t.Errorf("%s is taken for %+v", name, row)
		}
	}
	for _, kind := range []string{"USER_DEFINED", "TOLLGATE_CALL", "HANGUP"} {
		said := `"` + kind + `","1.5","","","","","","s","tollgate","PJSIP/1001-e","CELGenUserEvent","TOLLGATE_CALL,1.29#1",` +
			`"3","","1.29","1.29","","","TOLLGATE_CALL","{""extra"":""1.29#1""}"`
		row, err := Parse([]byte(said), time.UTC)
		if err != nil || row.Event != User+"TOLLGATE_CALL" || row.Extra.Value != "1.29#1" {
			t.Errorf("%s: %+v, %v", kind, row, err)
		}
	}
	odd := strings.Replace(short, `""hangupcause"":16`, `""hangupcause"":""x""`, 1)
	if row, err := Parse([]byte(odd), time.UTC); err != nil || row.Extra.HangupCause != 0 {
		t.Errorf("extra that is no good: %+v, %v", row, err)
	}
}

func TestSplitCSV(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		``:                 ``,
		`a,b,,c`:           `a|b||c`,
		`"a","b,c","d""e"`: `a|b,c|d"e`,
		`"a`:               `a`,
		`"a"b,c`:           `ab|c`,
		`a"b,"",`:          `a"b||`,
	} {
		if got := strings.Join(Split(line), "|"); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
