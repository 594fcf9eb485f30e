package asterisk

import (
	"strings"
	"testing"
	"time"

	"tollgate/pbx/asterisk/ami"
)

// adoptCase is a list of running channels and the legs that must be found in it.
// A line is a channel: name, application, data, DNID, calling number, account
// code, and what its variables say.
type adoptCase struct{ status, want string }

// adoptCases are answers to Status as real Asterisks gave them.
func adoptCases() map[string]adoptCase {
	return map[string]adoptCase{
		"plain": {
			`
			PJSIP/provider-02 AppDial (Outgoing) - 0044 sales DIALEDPEERNUMBER=0044@provider answer=3
			PJSIP/1001-01 Dial PJSIP/0044@provider,60 0044 1001 sales DIALEDPEERNUMBER=0044@provider`,
			"PJSIP/provider-02 dialed=0044 by=1001 from=1001 account=sales private=false seconds=7",
		},
		"private": {
			`
			PJSIP/provider-02 AppDial (Outgoing) - 0044 sales DIALEDPEERNUMBER=0044@provider answer=3
			PJSIP/1001-01 Dial PJSIP/0044@provider,60 *7*0044 1001 sales DIALEDPEERNUMBER=0044@provider`,
			"PJSIP/provider-02 by=1001 private=true",
		},
		"forwarded by the dialplan": {
			`
			PJSIP/provider-02 AppDial (Outgoing) - 0044 trunk DIALEDPEERNUMBER=0044@provider ORIGINATOR=1002 answer=3
			PJSIP/provider-01 Dial PJSIP/0044@provider,60 5551002 0031 trunk ORIGINATOR=1002`,
			"PJSIP/provider-02 by=1002 from=1002 account=",
		},
		"deflected, its Local channel gone": {
			`
			PJSIP/provider-02 AppDial (Outgoing) - 0044 trunk DIALEDPEERNUMBER=0044@provider REDIRECTING(from-num)=1004 answer=3
			PJSIP/provider-01 Dial PJSIP/1004,20 5551004 0031 trunk REDIRECTING(from-num)=1004`,
			"PJSIP/provider-02 dialed=0044 by=1004 from=1004",
		},
		"blind transferred outside caller": {
			`
			PJSIP/provider-02 AppDial (Outgoing) - 0044 trunk DIALEDPEERNUMBER=0044@provider SIPREFERREDBYHDR=<sip:1001@h> answer=3
			PJSIP/provider-01 Dial PJSIP/0044@provider,60 5551001 0031 trunk SIPREFERREDBYHDR=<sip:1001@h>`,
			"PJSIP/provider-02 by=1001 from=1001 account=",
		},
		"blind transferred outside party, to a phone": {
			`
			PJSIP/provider-02 Dial PJSIP/1002,20 - 0044 sales DIALEDPEERNUMBER=1002 SIPREFERREDBYHDR=<sip:1001@h> answer=3
			PJSIP/1002-03 AppDial (Outgoing) - 1002 sales DIALEDPEERNUMBER=1002 answer=4`,
			"PJSIP/provider-02 dialed=0044 by=1001 from=1001",
		},
		"blind transferred outside party, to a second one": {
			`
			PJSIP/provider-03 AppDial (Outgoing) - 0055 sales DIALEDPEERNUMBER=0055@provider SIPREFERREDBYHDR=<sip:1001@h> answer=4
			PJSIP/provider-02 Dial PJSIP/0055@provider,60 - 0044 sales DIALEDPEERNUMBER=0055@provider SIPREFERREDBYHDR=<sip:1001@h> answer=3`,
			"PJSIP/provider-03 dialed=0055 by=1001\nPJSIP/provider-02 dialed=0044 by=1001",
		},
		"attended by feature code, consulting": {
			`
			PJSIP/provider-01 Dial PJSIP/1001,20 5551001 0031 trunk DIALEDPEERNUMBER=1001 answer=1
			PJSIP/1001-02 AppDial (Outgoing) - 1001 trunk DIALEDPEERNUMBER=1001 bridge=B answer=1
			Local/0044@in-03;1 - - - 0044 trunk bridge=B answer=3
			Local/0044@in-03;2 Dial PJSIP/0044@provider,60 - 0031 trunk answer=3
			PJSIP/provider-04 AppDial (Outgoing) - 0044 trunk DIALEDPEERNUMBER=0044@provider answer=3`,
			"PJSIP/provider-04 dialed=0044 by=1001 account=",
		},
		"incoming only": {`
			PJSIP/provider-01 Dial PJSIP/1001,20 5551001 0031 trunk DIALEDPEERNUMBER=1001 answer=1
			PJSIP/1001-02 AppDial (Outgoing) - 1001 trunk DIALEDPEERNUMBER=1001 answer=1`, ""},
		"incoming on an analogue line, which knows no called number": {`
			DAHDI/1-1 Dial PJSIP/1001,20 - 0031 trunk DIALEDPEERNUMBER=1001 answer=1
			PJSIP/1001-02 AppDial (Outgoing) - 1001 trunk DIALEDPEERNUMBER=1001 answer=1`, ""},
		"ringing": {
			`
			PJSIP/provider-02 AppDial (Outgoing) - 0044 sales DIALEDPEERNUMBER=0044@provider
			PJSIP/1001-01 Dial PJSIP/0044@provider,60 0044 1001 sales DIALEDPEERNUMBER=`,
			"PJSIP/provider-02 by=1001 answered=false",
		},
	}
}

// TestAdopt finds running calls with nothing but Asterisk's list to go by.
func TestAdopt(t *testing.T) {
	t.Parallel()
	for name, test := range adoptCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracker := NewTracker(TrackerConfig{Trunks: []string{"PJSIP/provider", "DAHDI/1"}})
			now := time.Unix(1_700_000_010, 0)
			var list []statusChannel
			for line := range strings.Lines(strings.TrimSpace(test.status)) {
				m := statusMessage(strings.Fields(line))
				list = append(list, parseStatus(&m, now))
			}
			tracker.adopt(list)
			var got []string
			want := strings.Split(test.want, "\n")
			for i, leg := range tracker.closeMissing(nil, now.Add(time.Second), now) {
				got = append(got, describe(&leg, want[min(i, len(want)-1)]+" "))
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

// statusMessage makes an event of Status of a line; - is nothing.
func statusMessage(words []string) ami.Message {
	list := []ami.Field{ami.Header("Event", "Status"), ami.Header("Linkedid", "1")}
	for i, key := range []string{"Channel", "Application", "Data", "DNID", "CallerIDNum", "AccountCode"} {
		list = append(list, ami.Header(key, strings.TrimPrefix(words[i], "-")))
	}
	list = append(list, ami.Header("Uniqueid", uidOf(words[0])))
	for _, word := range words[6:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "answer":
			list = append(list, fields("ChannelState: 6", "Variable: CDR(answer,u)=170000000"+value+".000000")...)
		case "bridge":
			list = append(list, ami.Header("BridgeID", value))
		default:
			list = append(list, ami.Header("Variable", word))
		}
	}
	return ami.Message{Fields: append(list, ami.Header("Variable", "CDR(start,u)=1700000000.500000"))}
}
