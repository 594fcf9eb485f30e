package asterisk

import (
	"strings"
	"testing"
	"time"

	"tollgate"
)

func TestCDRRows(t *testing.T) {
	t.Parallel()
	line := `"dept-sales","1001","00442079460001","outbound","""Alice"" <1001>","PJSIP/1001-4a","PJSIP/provider-4b","Dial",` +
		`"PJSIP/00442079460001@provider,60,tT","2026-11-22 02:55:41","2026-11-22 02:55:42","2026-11-22 02:55:47",6,5,` +
		`"ANSWERED","DOCUMENTATION","1795316141.210","private","dept-sales","1795316141.210",113`
	row, err := parseCDRRow([]byte(line), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	known := newTrunks([]string{"PJSIP/provider"})
	leg, ok := row.leg(&known)
	want := Leg{
		UniqueID: "1795316141.210", Channel: "PJSIP/provider-4b", Source: tollgate.SourceCDR, Sequence: 113,
		Extension: "1001", Originator: "1001", Caller: "1001", Dialed: "00442079460001", Trunk: "provider",
		AccountCode: "dept-sales", Private: true, Cause: 16,
		Start:  time.Date(2026, 11, 22, 2, 55, 41, 0, time.UTC),
		Answer: time.Date(2026, 11, 22, 2, 55, 42, 0, time.UTC),
		End:    time.Date(2026, 11, 22, 2, 55, 47, 0, time.UTC),
	}
	if !ok || leg != want {
		t.Errorf("leg %+v, want %+v", leg, want)
	}
	missed := strings.Replace(line, `"ANSWERED"`, `"NO ANSWER"`, 1)
	if row, err = parseCDRRow([]byte(missed), time.UTC); err != nil || !row.answer.IsZero() {
		t.Errorf("not answered: %+v, %v", row, err)
	}
	internal := strings.NewReplacer(
		"PJSIP/provider-4b", "PJSIP/1002-4b", "PJSIP/00442079460001@provider", "PJSIP/1002").Replace(line)
	if row, err = parseCDRRow([]byte(internal), time.UTC); err != nil {
		t.Fatal(err)
	}
	if leg, ok := row.leg(&known); ok {
		t.Errorf("an internal call is leg %+v", leg)
	}
	if _, err := parseCDRRow([]byte("a,b,c"), time.UTC); err == nil {
		t.Error("three columns are taken for a CDR")
	}
}

func FuzzCEL(f *testing.F) {
	f.Add([]byte(`CHAN_START,1795316473.173305,,0031,,,,5551001,t,PJSIP/provider-91,,,3,a,,1.1,1.1,,,,` + "\n" +
		`APP_START,1795316473.2,,1001,,,,0,t,PJSIP/1001-91,Dial,"PJSIP/1@p&Local/2@q,30",3,a,1.1,1.1,,,,` + "\n" +
		`CHAN_START,1795316473.3,,,,,,s,t,PJSIP/p-92,,,3,a,1.2,1.1,,,,` + "\n" +
		`HANGUP,1795316473.4,,,,,,s,t,PJSIP/p-92,AppDial,(Outgoing Line),3,a,1.2,1.1,,,,"{""hangupcause"":16}"` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tracker := NewTracker(TrackerConfig{MaxChannels: 5})
		for line := range strings.Lines(string(data)) {
			legs, _ := tracker.HandleCEL([]byte(strings.TrimRight(line, "\n")))
			for _, l := range legs {
				if l.Duration() < 0 || l.End.Before(l.Start) {
					t.Fatalf("leg %+v ends before it began", l)
				}
			}
		}
		if c := tracker.Counts(); c.Channels > 5 || c.Open > c.Channels {
			t.Fatalf("counts %+v", c)
		}
	})
}

func FuzzCDR(f *testing.F) {
	f.Add([]byte(`"a","1","2","c","","PJSIP/1-1","PJSIP/p-2","Dial","PJSIP/2@p","2026-11-22 02:55:41","","2026-11-22 02:55:47",6,5,"BUSY","D","1.1",""`))
	f.Fuzz(func(t *testing.T, data []byte) {
		row, err := parseCDRRow(data, time.UTC)
		if err != nil {
			return
		}
		known := newTrunks(nil)
		if leg, ok := row.leg(&known); ok && leg.Trunk == "" {
			t.Fatalf("leg %+v has no trunk", leg)
		}
	})
}
