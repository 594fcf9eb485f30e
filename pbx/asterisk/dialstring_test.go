package asterisk

import "testing"

func TestChannelNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ tech, resource, endpoint, mate string }{
		"PJSIP/1001-0000005d":                   {"PJSIP", "1001", "1001", ""},
		"PJSIP/sales-desk-0000005d":             {"PJSIP", "sales-desk", "sales-desk", ""},
		"PJSIP/provider-0000005d<ZOMBIE>":       {"PJSIP", "provider", "provider", ""},
		"SIP/1001-00a1b2c3":                     {"SIP", "1001", "1001", ""},
		"IAX2/peer-4711":                        {"IAX2", "peer", "peer", ""},
		"DAHDI/i1/0123456-1a":                   {"DAHDI", "i1/0123456", "i1", ""},
		"DAHDI/1-1":                             {"DAHDI", "1", "1", ""},
		"Local/0044@out-0000000b;1":             {"Local", "0044@out", "0044@out", "Local/0044@out-0000000b;2"},
		"Local/0044@out-0000000b;2":             {"Local", "0044@out", "0044@out", "Local/0044@out-0000000b;1"},
		"AsyncGoto/PJSIP/1001-0000005d<ZOMBIE>": {"AsyncGoto", "PJSIP/1001", "PJSIP", ""},
		"odd":                                   {"odd", "", "", ""},
		"":                                      {"", "", "", ""},
	} {
		tech, resource := splitName(name)
		if tech != want.tech || resource != want.resource || endpointOf(name) != want.endpoint || mateOf(name) != want.mate {
			t.Errorf("%q: %q %q, endpoint %q, mate %q, want %+v", name, tech, resource, endpointOf(name), mateOf(name), want)
		}
	}
}

func TestDialStrings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ tech, text, resource, number string }{
		{"PJSIP", "00442079460001@provider", "provider", "00442079460001"},
		{"PJSIP", "+442079460001@provider", "provider", "+442079460001"},
		{"PJSIP", "provider/sip:00442079460001@10.0.0.1:5060", "provider", "00442079460001"},
		{"PJSIP", "provider/sip:0044@10.0.0.1;transport=tcp", "provider", "0044"},
		{"PJSIP", "provider/sips:0044@carrier.example", "provider", "0044"},
		{"PJSIP", "1001", "1001", ""},
		{"PJSIP", "PJSIP/0044@provider", "provider", "0044"},
		{"SIP", "provider/0044", "provider", "0044"},
		{"SIP", "0044@provider", "provider", "0044"},
		{"SIP", "0044@provider:5060", "provider", "0044"},
		{"SIP", "provider/0044!from!to", "provider", "0044"},
		{"SIP", "0044!from@provider", "provider", "0044"},
		{"IAX2", "peer/0044", "peer", "0044"},
		{"IAX2", "user:secret@peer/0044@context", "peer", "0044"},
		{"DAHDI", "g1/0044", "g1", "0044"},
		{"DAHDI", "i1/0044", "i1", "0044"},
		{"DAHDI", "1", "1", ""},
		{"Local", "0044@from-internal/n", "from-internal", "0044"},
		{"Local", "Local/0044@from-internal", "from-internal", "0044"},
		{"PJSIP", "", "", ""},
		{"PJSIP", "@", "", ""},
	} {
		got := parseDialString(test.tech, test.text)
		if got.Resource != test.resource || got.Number != test.number {
			t.Errorf("%s/%s: %+v, want %s at %s", test.tech, test.text, got, test.number, test.resource)
		}
	}
}

func TestTrunks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		prefixes      []string
		channel, text string
		want          string
	}{
		{[]string{"PJSIP/provider"}, "PJSIP/provider-01", "0044@provider", "provider"},
		{[]string{"PJSIP/provider"}, "PJSIP/provider2-01", "0044@provider2", ""},
		{[]string{"PJSIP/provider"}, "PJSIP/provider-2-01", "0044@provider-2", ""},
		{[]string{"PJSIP/provider"}, "PJSIP/Provider-01", "0044@Provider", ""},
		{[]string{"PJSIP/provider"}, "SIP/provider-01", "provider/0044", ""},
		{[]string{"PJSIP/provider"}, "PJSIP/1001-01", "1001", ""},
		{[]string{" PJSIP/provider- "}, "PJSIP/provider-01", "0044@provider", "provider"},
		{[]string{"PJSIP/a", "PJSIP/b"}, "PJSIP/b-01", "0044@b", "b"},
		{[]string{"DAHDI/i1"}, "DAHDI/i1/0044-1", "g1/0044", "i1"},
		{[]string{"DAHDI/i1"}, "DAHDI/i10/0044-1", "g1/0044", ""},
		{[]string{"DAHDI/g1"}, "DAHDI/i1/0044-1", "g1/0044", "g1"},
		{[]string{"DAHDI"}, "DAHDI/i2/0044-1", "g1/0044", "i2"},
		{[]string{"Local/0044@out"}, "Local/0044@out-01;1", "0044@out", ""},
		{nil, "PJSIP/provider-01", "0044@provider", "provider"},
		{nil, "PJSIP/provider-01", "provider/sip:0044@10.0.0.1", "provider"},
		{nil, "SIP/provider-01", "provider/0044", "provider"},
		{nil, "DAHDI/i1/0044-1", "g1/0044", "g1"},
		{nil, "DAHDI/i1/0044-1", "i1/0044", "i1"},
		{nil, "IAX2/peer-01", "peer/0044", "peer"},
		{nil, "PJSIP/1001-01", "1001", ""},
		{nil, "PJSIP/1001-01", "1001/sip:1001@10.0.0.7:5060", ""},
		{nil, "PJSIP/1001-01", "1001/sip:93f2ab@10.0.0.7:5060", ""},
		{nil, "Local/0044@out-01;1", "0044@out", ""},
	} {
		trunks := newTrunks(test.prefixes)
		if got := trunks.dialled(test.channel, test.text); got != test.want {
			t.Errorf("trunks %q: %s dialled with %s is on trunk %q, want %q",
				test.prefixes, test.channel, test.text, got, test.want)
		}
		if test.want != "" && !trunks.is(test.channel) {
			t.Errorf("trunks %q: %s was dialled on one and is none", test.prefixes, test.channel)
		}
	}
}

func FuzzDialString(f *testing.F) {
	f.Add("PJSIP/provider-01", "0044@provider")
	f.Add("DAHDI/i1/0044-1", "g1/0044")
	f.Add("Local/1@x-1;1", "Local/1@x/n")
	f.Fuzz(func(t *testing.T, channel, text string) {
		open := newTrunks(nil)
		if trunk := open.dialled(channel, text); trunk != "" {
			tech, _ := splitName(channel)
			if number := parseDialString(tech, text).Number; !isDialable(number) {
				t.Errorf("%q dialled with %q is on trunk %q though %q is no number", channel, text, trunk, number)
			}
		}
	})
}
