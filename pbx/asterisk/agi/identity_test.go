package agi

import (
	"fmt"
	"strings"
	"testing"

	"tollgate"
)

// identities has what Asterisk 16 and 22 say in each kind of call, and who
// started it and whose line sends it out.
const identities = `
a phone
	PJSIP/1001-0000002a caller=1001 code=sales
	extension=1001 originator=1001 caller=1001 code=sales private=false
a phone that says it was diverted
	PJSIP/1001-0000002a caller=1001 rdnis=1002
	extension=1001 originator=1001 caller=1001 code= private=false
blind transfer of an outside caller
	PJSIP/provider-00000003 caller=0171 code=trunk-provider BLINDTRANSFER=PJSIP/1001-00000004
	extension=1001 originator=1001 caller=0171 code= private=false
blind transfer of a colleague
	PJSIP/1002-00000003 caller=1002 code=his-own BLINDTRANSFER=PJSIP/1001-00000004
	extension=1002 originator=1001 caller=1002 code= private=false
a carrier that transfers
	PJSIP/1002-00000003 caller=1002 BLINDTRANSFER=PJSIP/provider-00000004
	extension=1002 originator=1002 caller=1002 code= private=false
attended transfer by keys
	Local/0049@phones-00000007;2 caller=1001 TRANSFERERNAME=PJSIP/1001-00000004
	extension=1001 originator=1001 caller=1001 code= private=false
a phone deflects
	Local/0049@phones-00000007;2 caller=1001 rdnis=1004 FORWARDERNAME=PJSIP/1004-00000004
	extension=1004 originator=1004 caller=1001 code= private=false
the dialplan forwards
	PJSIP/1001-00000003 caller=1001 code=sales ORIGINATOR=1003
	extension=1001 originator=1003 caller=1001 code= private=false
forwarded, then transferred
	PJSIP/provider-00000003 caller=unknown ORIGINATOR=1003 BLINDTRANSFER=PJSIP/1005-00000004
	extension=1005 originator=1005 caller= code= private=false
an outside caller, redirected
	PJSIP/provider-00000003 caller=0171 rdnis=1003
	extension=1003 originator=1003 caller=0171 code= private=false
an outside caller, nothing said
	PJSIP/provider-00000003 caller=0171 rdnis=unknown
	extension= originator= caller=0171 code= private=false
not a trunk but named like one
	PJSIP/provider2-00000003 caller=20
	extension=provider2 originator=provider2 caller=20 code= private=false
private by the CDR
	PJSIP/1001-00000003 CDR(userfield)=private
	extension=1001 originator=1001 caller= code= private=true
private by the channel
	SIP/1001-0b CHANNEL(userfield)=private
	extension=1001 originator=1001 caller= code= private=true
a line of a card
	DAHDI/1-1
	extension=1 originator=1 caller= code= private=false
`

func TestIdentify(t *testing.T) {
	t.Parallel()
	device := &tollgate.Device{Asterisk: tollgate.AMISettings{Trunks: []string{"PJSIP/provider"}}}
	lines := strings.Split(strings.TrimSpace(identities), "\n")
	for ; len(lines) >= 3; lines = lines[3:] {
		name, said, want := lines[0], strings.Fields(lines[1]), strings.TrimSpace(lines[2])
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newFakeAsterisk(t, environment{"agi_channel": said[0]})
			a.variables = map[string]string{}
			for _, s := range said[1:] {
				key, value, _ := strings.Cut(s, "=")
				switch key {
				case "caller":
					a.env["agi_callerid"] = value
				case "code":
					a.env["agi_accountcode"] = value
				case "rdnis":
					a.env["agi_rdnis"] = value
				default:
					a.variables[key] = value
				}
			}
			got, err := a.session().attempt(device)
			if err != nil {
				t.Fatal(err)
			}
			is := fmt.Sprintf("extension=%s originator=%s caller=%s code=%s private=%t",
				got.Extension, got.Originator, got.Caller, got.AccountCode, got.Private)
			if is != want {
				t.Errorf("got  %s\nwant %s", is, want)
			}
			if n := len(a.said()); n != 1 {
				t.Errorf("it took %d commands, want 1", n)
			}
		})
	}
}
