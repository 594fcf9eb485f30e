package web

import (
	"fmt"
	"net/url"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// berlin is the zone of the samples.
func berlin() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}

var sampleNow = time.Date(2026, 11, 20, 13, 42, 7, 0, time.UTC)

func sampleNames() *names {
	return newNames(&store.Directory{
		Accounts: []tollgate.Account{
			{ID: 1, Enterprise: 1, Kind: tollgate.KindEnterprise, Name: "Hôtel Kaiserhof Betriebsgesellschaft mbH & Co. KG", Currency: "EUR"},
			{ID: 2, Enterprise: 1, Kind: tollgate.KindUser, Name: "Reception"},
			{ID: 3, Enterprise: 3, Kind: tollgate.KindEnterprise, Name: "Müller & Söhne", Currency: "EUR"},
		},
		Operators: []tollgate.Operator{{ID: 7, Name: "Northern Carrier", Tariff: 22}},
		Tariffs:   []tollgate.Tariff{{ID: 21, Name: "retail"}, {ID: 22, Name: "carrier 2026"}},
		Devices:   []tollgate.Device{{ID: 5, Name: "pbx-berlin"}},
	})
}

func sampleCalls() []callRow {
	margin := func(v int64) *int64 { return &v }
	charge := func(status tollgate.ChargeStatus, micro int64, tariff tollgate.ID, rate, name, p string, seconds int64) tollgate.Charge {
		c := tollgate.Charge{Status: status, Source: tollgate.ChargedByTariff, Micro: micro, Currency: "EUR",
			Tariff: tariff, Deck: 31, Rate: rate, RateName: name, Billed: seconds, Seconds: seconds, First: 60, Next: 6}
		if status == tollgate.ChargePriced {
			c.Spans = []tollgate.Span{{From: 0, Seconds: seconds, Price: p, Per: 60, Band: tollgate.OffPeak}}
		}
		return c
	}
	at := sampleNow
	call := func(id tollgate.ID, n tollgate.Number, payer tollgate.ID, d time.Duration, customer, cost tollgate.Charge, m *int64) callRow {
		at = at.Add(-47 * time.Second)
		c := tollgate.CDR{Enterprise: 1, ID: id, Extension: "201", Originator: "201", Number: n, Payer: payer,
			Operator: 7, Start: at.Add(-d - 8*time.Second), Answer: at.Add(-d), End: at, Customer: customer, Cost: cost, Margin: m}
		if d == 0 {
			c.Answer = time.Time{}
		}
		if id%3 == 0 {
			c.Originator = "2014"
		}
		return newCallRow(&c, sampleNames(), clockwork{berlin(), sampleNow}, true)
	}
	peak := charge(tollgate.ChargePriced, 2_500_000, 21, "49", "Germany", "0.30", 900)
	peak.Spans = []tollgate.Span{
		{From: 0, Seconds: 300, Price: "0.30", Per: 60, Band: tollgate.Peak},
		{From: 300, Seconds: 600, Price: "0.10", Per: 60, Band: tollgate.OffPeak},
	}
	peak.ConnectFee = "0.05"
	peak.Micro = 2_550_000
	minimum := charge(tollgate.ChargePriced, 200_000, 21, "4930", "Berlin", "0.06", 60)
	minimum.Adjusted, minimum.Limit = tollgate.AdjustedMinimum, "0.20"
	odd := charge(tollgate.ChargePriced, 56_667, 21, "44", "United Kingdom", "0.10", 34)
	none := tollgate.Charge{Status: tollgate.ChargeNone, Source: tollgate.ChargedByNothing}
	de := func(e164, name string, class tollgate.Class) tollgate.Number {
		return tollgate.Number{Raw: "0" + e164, E164: e164, Class: class, Country: "DE", Destination: name}
	}
	return []callRow{
		call(9001, de("49301234567", "Berlin", tollgate.ClassLocal), 2, 15*time.Minute, peak, charge(tollgate.ChargePriced, 300_000, 22, "49", "Germany", "0.02", 900), margin(2_250_000)),
		call(9002, de("447700900123", "United Kingdom mobile", tollgate.ClassMobile), 1, 34*time.Second, odd, charge(tollgate.ChargePriced, 85_000, 22, "447", "", "0.15", 34), margin(-28_333)),
		call(9003, de("882161234567890", "Emsat satellite telephony and other global networks", tollgate.ClassInternational), 3, 3*time.Hour+125*time.Second, charge(tollgate.ChargePriced, 1_234_567_890, 21, "882", "", "6.60", 10926), charge(tollgate.ChargePriced, 45_061_000, 22, "882", "", "0.25", 10926), margin(1_189_506_890)),
		call(9004, de("4930555111", "Berlin", tollgate.ClassLocal), 2, 41*time.Second, minimum, none, nil),
		call(9005, de("5999123456", "Curaçao", tollgate.ClassInternational), 2, 72*time.Second, charge(tollgate.ChargeUnpriced, 0, 21, "", "", "", 0), charge(tollgate.ChargePriced, 312_000, 22, "599", "", "0.26", 72), nil),
		call(9006, de("4915112345678", "Germany mobile", tollgate.ClassMobile), 2, 0, charge(tollgate.ChargeUnanswered, 0, 0, "", "", "", 0), charge(tollgate.ChargeUnanswered, 0, 0, "", "", "", 0), nil),
		call(9007, tollgate.Number{Raw: "112", E164: "112", Class: tollgate.ClassEmergency, Country: "DE", Destination: "Emergency"}, 2, 95*time.Second, none, none, nil),
		call(9008, tollgate.Number{Raw: "0900#12", E164: "", Class: tollgate.ClassUnknown}, 0, 12*time.Second, none, none, nil),
		call(9009, de("498001234567", "Toll-free", tollgate.ClassTollFree), 1, 301*time.Second, charge(tollgate.ChargePriced, 0, 21, "49800", "", "0", 306), charge(tollgate.ChargePriced, 0, 22, "49800", "", "0", 306), margin(0)),
	}
}

func money(micro int64) *amount { return newAmount(tollgate.Money{Micro: micro, Currency: "EUR"}) }

// sample is one page with realistic content.
type sample struct {
	name, template, layout string
	page                   framed
}

func samplePage(title, section string) page {
	return page{Title: title, Section: section, Menu: menu(access.Principal{Role: access.RoleAdmin}, section, 3), House: true,
		Who: "benedetta.castiglione", Role: "admin", Zone: zoneText(berlin(), sampleNow), Version: "0.1.0-dev"}
}

func samples() []sample {
	calls := sampleCalls()
	long := make([]callRow, 0, 18)
	for i := range 18 {
		row := calls[i%len(calls)]
		row.ID += tollgate.ID(100 * i)
		long = append(long, row)
	}
	f := figures{Calls: "1,284", Answered: "1,021", Minutes: "4,312.5", House: true, Waiting: true, Revenue: []*amount{money(312_450_667)},
		Cost: []*amount{money(121_030_000)}, Margin: []*amount{money(191_420_667)}, Unpriced: "12", UnpricedPath: "/cdrs?status=unpriced", Quarantined: "3"}
	two := f
	two.Revenue = append(two.Revenue, newAmount(tollgate.Money{Micro: 98_100_000, Currency: "CHF"}))
	two.Margin = []*amount{money(-1_420_667), newAmount(tollgate.Money{Micro: 12_100_000, Currency: "CHF"})}
	two.Waiting = false
	empty := figures{Calls: "0", Answered: "0", Minutes: "0.0", House: true, Waiting: true}
	return []sample{
		{"overview", "overview_show", "layout", &overviewPage{page: samplePage("Overview", "Overview"), Day: "Friday 20 November 2026", Figures: f, Calls: long}},
		{"overview_empty", "overview_show", "layout", &overviewPage{page: samplePage("Overview", "Overview"), Day: "Friday 20 November 2026", Figures: empty, Guide: sampleGuide()}},
		{"cdr_list", "cdr_list", "layout", &cdrListPage{page: samplePage("Calls", "Calls"), Filters: sampleFilters(), Filtered: true, ExportPath: "/cdrs.csv", Figures: &two, Calls: long, Pager: pager{Text: "50 calls", Next: "/cdrs?after=x", Back: "/cdrs"}}},
		{"cdr_list_empty", "cdr_list", "layout", &cdrListPage{page: samplePage("Calls", "Calls"), Filters: sampleFilters(), Filtered: true, ExportPath: "/cdrs.csv"}},
		{"cdr_show", "cdr_show", "layout", &cdrShowPage{page: samplePage("Call", "Calls"), Call: calls[0], Exchange: "1 EUR for 1 EUR", Facts: sampleFacts(), Resolution: sampleFacts()}},
		{"account_list", "account_list", "layout", &accountListPage{page: samplePage("Accounts", "Accounts"), MayChange: true, Accounts: sampleAccounts(), Pager: pager{Text: "5 accounts"}}},
		{"account_show", "account_show", "layout", sampleAccount(calls)},
		{"account_new", "form_show", "layout", sampleForm()},
		{"tariff_list", "tariff_list", "layout", &tariffListPage{page: samplePage("Tariffs", "Tariffs"), Tariffs: []tariffRow{
			{ID: 21, Name: "retail", Description: "What hotel guests and employees pay", UsedBy: "default for customers, 3 accounts", Currency: "EUR", Default: "0.05 per minute", Peak: "08:00–18:00, 0.10", Rounding: "6 decimals, half up"},
			{ID: 22, Name: "carrier 2026", UsedBy: "Northern Carrier", Currency: "EUR", Default: "none", Peak: "never", Rounding: "4 decimals, half even"},
		}}},
		{"tariff_show", "tariff_show", "layout", sampleTariff()},
		{"simulator", "simulator_show", "layout", &simulatorPage{page: samplePage("Simulator", "Simulator"), Fields: sampleFilters(), Quote: &quote{Raw: "9 0030 210 1234567", Number: "+302101234567", Destination: "Greece", Class: "international", ClassLabel: "international", House: true, Customer: calls[0].Customer, Cost: calls[1].Cost, Margin: money(191_420_667)}}},
		{"device_list", "device_list", "layout", &deviceListPage{page: samplePage("Devices", "Devices"), MayChange: true, Devices: []deviceRow{
			{ID: 5, Name: "pbx-berlin", State: "Connected", Tone: "good", Kind: "Asterisk 22.10.1", Address: "pbx.berlin.example.com:5038", Calls: "12", Records: "48,211", LastRecord: "2026-11-20 14:41:20"},
			{ID: 6, Name: "pbx-aussenstelle-niederbayern-02", State: "Reconnecting", Tone: "warn", Problem: "dial tcp 192.0.2.17:5038: connect: connection refused", Kind: "Asterisk", Address: "192.0.2.17:5038", LastRecord: "–"},
		}}},
		{"device_show", "device_show", "layout", sampleDevice()},
		{"operator_list", "operator_list", "layout", &operatorListPage{page: samplePage("Operators", "Operators"), MayChange: true, FormTitle: "Add an operator", Form: sampleForm().Form, Operators: []operatorRow{
			{ID: 7, Name: "Northern Carrier", Tariff: "carrier 2026", TariffPath: "/tariffs/22", Trunks: "pbx-berlin PJSIP/provider"}, {ID: 8, Name: "Backup", Trunks: "none"},
		}}},
		{"quarantine", "quarantine_list", "layout", &quarantineListPage{page: samplePage("Quarantine", "Quarantine"), MayChange: true, Records: []quarantineRow{
			{ID: 1, At: "2026-11-20 14:41:20", Device: "pbx-berlin", Reason: "the call ends before it was answered: answer 2026-11-20T13:41:20Z, end 2026-11-20T13:40:00Z", Raw: `{"uniqueid":"1763646080.1234","extension":"201","dialed":"0301234567","answer":"2026-11-20T13:41:20Z","end":"2026-11-20T13:40:00Z","averyveryverylongtokenwithoutanyspaces":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`},
			{ID: 2, At: "2026-11-20 14:40:00", Device: "pbx-berlin", Reason: "trunk \"PJSIP/unknown\" is not mapped", Raw: "x"},
		}}},
		{"log", "operation_list", "layout", &logPage{page: samplePage("Log", "Log"), Rows: []logRow{
			{At: "2026-11-20 14:41:20", Who: "admin", Address: "192.0.2.4", What: "recharge account", Object: "account Hôtel Kaiserhof Betriebsgesellschaft mbH & Co. KG", Changes: `{"balance": "0.000000"} → {"balance": "50.000000"}`},
			{At: "2026-11-20 14:40:00", Who: "token reporting", Address: "2001:db8:85a3::8a2e:370:7334", What: "put device", Object: "device pbx-berlin"},
		}}},
		{"logins", "operation_list", "layout", &logPage{page: samplePage("Log", "Log"), Logins: true, Rows: []logRow{
			{At: "2026-11-20 14:41:20", Who: "admin", Address: "192.0.2.4", What: "logged in", Tone: "good"}, {At: "2026-11-20 14:41:00", Who: "admin", Address: "192.0.2.4", What: "wrong password", Tone: "bad"},
		}}},
		{"error", "error_show", "layout", &errorPage{page: samplePage("Not found", ""), Message: "No such call, or not one of your company."}},
		{"login", "login_show", "door", sampleLogin()},
		{"setup", "setup_show", "door", sampleSetup()},
		{"setup_closed", "setup_closed", "door", &setupClosedPage{page: page{Title: "Welcome", Version: "0.1.0-dev"}, Message: "This link was used, has expired or never was: have a new one made with tollgate admin link."}},
	}
}

func sampleGuide() *guide {
	return &guide{Done: 1, Steps: []guideStep{
		{Title: "Import a tariff", Text: "What calls are sold for, as a small file and a sheet of rates.", Done: true},
		{Title: "Connect an Asterisk", Text: "Address, user and secret of its manager interface.", Path: "/devices/new", Action: "Connect"},
		{Title: "Add an account", Text: "The company that pays for the calls.", Path: "/accounts/new", Action: "Add"},
	}}
}

func sampleFilters() []*field {
	f := newForm("", "", url.Values{"number": {"+49 30"}, "from": {"2026-11-01T00:00:00"}, "status": {"priced"}})
	f.section("", "",
		&field{Name: "from", Label: "From", Type: "datetime-local"}, &field{Name: "to", Label: "To", Type: "datetime-local"},
		&field{Name: "account", Label: "Account", Type: "select", Options: []option{{Label: "All accounts"}, {Value: "1", Label: "Hôtel Kaiserhof Betriebsgesellschaft mbH & Co. KG"}}},
		&field{Name: "number", Label: "Number begins with", Placeholder: "+49"}, &field{Name: "extension", Label: "Extension"}, &field{Name: "trunk", Label: "Trunk"},
		&field{Name: "class", Label: "Class", Type: "select", Options: []option{{Label: "Any class"}}},
		&field{Name: "status", Label: "Status", Type: "select", Options: []option{{Label: "Any status"}, {Value: "priced", Label: "priced"}}})
	return f.Sections[0].Fields
}

func sampleFacts() []fact {
	return []fact{
		{Label: "Caller", Value: "201 via 2014"}, {Label: "Dialled", Value: "9003012345678901", Mono: true}, {Label: "Trunk", Value: "PJSIP/provider", Mono: true},
		{Label: "Account", Value: "Hôtel Kaiserhof Betriebsgesellschaft mbH & Co. KG", Path: "/accounts/1"},
		{Label: "Call", Value: "5/pbx-berlin-1763646080.123456/0", Mono: true},
	}
}

func sampleAccounts() []accountRow {
	return []accountRow{
		{ID: 1, Name: "Hôtel Kaiserhof Betriebsgesellschaft mbH & Co. KG", Kind: "company", Mode: "postpaid", Code: "4711", Tariff: "retail", Balance: money(-1_234_560_000), Available: money(3_765_440_000)},
		{ID: 2, Name: "Reception", Kind: "user", Mode: "company pays", Indent: "tree-1"},
		{ID: 4, Name: "Room 204", Kind: "user", Mode: "prepaid", Indent: "tree-1", Frozen: true, Balance: money(1_500_000), Available: money(1_500_000)},
		{ID: 5, Name: "Fax", Kind: "gateway", Mode: "quota per month", Indent: "tree-2", Available: money(56_667)},
		{ID: 3, Name: "Müller & Söhne", Kind: "company", Mode: "prepaid", Balance: money(50_000_000), Available: money(50_000_000)},
	}
}

func sampleAccount(calls []callRow) *accountShowPage {
	recharge := &form{Action: "/accounts/1/recharge", Submit: "Recharge", prefix: "r-", values: url.Values{"amount": {"12,50"}, "note": {"Cash"}}}
	recharge.section("", "", &field{Name: "amount", Label: "Amount in EUR", Mode: "decimal", Required: true}, &field{Name: "note", Label: "Note", Hint: "Shown with the transfer."}).Single = true
	recharge.fail("amount", "Write the amount with a point: 12.50.")
	correction := &form{Action: "/accounts/1/correct", Submit: "Correct", prefix: "c-", values: url.Values{}}
	correction.section("", "", &field{Name: "amount", Label: "Amount in EUR", Hint: "Negative takes money away."}, &field{Name: "note", Label: "Reason"}).Single = true
	p := &accountShowPage{page: samplePage("Hôtel Kaiserhof", "Accounts"), MayChange: true, MayFreeze: true, ID: 1, Name: "Hôtel Kaiserhof Betriebsgesellschaft mbH & Co. KG",
		Summary: "Company · postpaid", Parents: []link{{"Holding", "/accounts/9"}}, Recharge: recharge, Correction: correction, FreezeQuestion: "Freeze?", Calls: calls, Facts: sampleFacts(), Children: sampleAccounts()[1:4],
		Balances: []balance{{Label: "Balance", Amount: money(-1_234_560_000)}, {Label: "Available", Amount: money(3_765_440_000)}, {Label: "Credit limit", Amount: money(5_000_000_000)}, {Label: "Pays", Text: "postpaid"}}}
	p.Notice = &notice{"good", "The recharge is posted."}
	for i := range 6 {
		p.Transfers = append(p.Transfers,
			transferRow{At: "2026-11-20 14:41:20", Kind: "Charge", Note: "Call to +49301234567", CDR: fmt.Sprint(9000 + i), Amount: money(-56_667), By: "system"},
			transferRow{At: "2026-11-20 14:40:00", Kind: "Recharge", Note: "Cash at the desk, receipt 4711-0815, signed by the night manager", Amount: money(50_000_000), By: "admin"})
	}
	return p
}

func sampleForm() *formPage {
	f := newForm("/devices", "Connect", url.Values{"name": {"pbx berlin"}, "address": {"pbx.example.com:5038"}, "enabled": {"yes"}})
	f.section("Device", "What this telephone system is called here.", &field{Name: "name", Label: "Name", Required: true, Hint: "Letters, digits and dashes."}, &field{Name: "timezone", Label: "Time zone", Placeholder: "Europe/Berlin"})
	f.section("Manager interface", "Tollgate logs in to the manager interface (AMI) of the Asterisk and follows every channel.",
		&field{Name: "address", Label: "Address"}, &field{Name: "username", Label: "User"}, &field{Name: "secret", Label: "Secret", Type: "password", Hint: "Stored, never shown again."}, &field{Name: "tls", Label: "Speak TLS", Type: "checkbox"},
		&field{Name: "trunks", Label: "Trunks", Type: "textarea", Full: true, Placeholder: "PJSIP/provider", Hint: "Channel prefixes of the lines into the public network, one per line."})
	f.fail("name", "Use letters, digits and dashes only: pbx-berlin.")
	return &formPage{page: samplePage("Connect an Asterisk", "Devices"), Back: &link{"Devices", "/devices"}, Lead: "Ten minutes from here to the first priced call.", Form: f}
}

func sampleTariff() *tariffShowPage {
	p := &tariffShowPage{page: samplePage("retail", "Tariffs"), ID: 21, Name: "retail", DefaultCustomer: true, Description: "What hotel guests and employees pay", RatesText: "102,344 rates in the deck of 2026-11-01", Filters: sampleFilters()[3:5], Facts: sampleFacts()[:3],
		Decks: []deckRow{{From: "2026-11-01 00:00", Text: "102,344 rates", Path: "#", Shown: true}, {From: "since ever", Text: "98,000 rates", Path: "#"}}, Pager: pager{Text: "100 of 102,344", Next: "#"}}
	for i := range 14 {
		p.Rates = append(p.Rates, rateRow{Key: fmt.Sprint(4930 + i), Name: "Germany, Berlin and the surrounding area", Price: "0.0195", PricePeak: "0.02", Per: "minute", Intervals: "60 / 1"}, rateRow{Key: "mobile", Price: "0.19", ConnectFee: "0.05"})
	}
	return p
}

func sampleDevice() *deviceShowPage {
	trunk := newForm("/devices/5/trunks", "Map trunk", url.Values{})
	trunk.section("", "", &field{Name: "name", Label: "Trunk", Placeholder: "PJSIP/provider"}, &field{Name: "operator", Label: "Operator", Type: "select", Options: []option{{Label: "None"}}}, &field{Name: "account", Label: "Account", Type: "select", Options: []option{{Label: "None"}}})
	return &deviceShowPage{page: samplePage("pbx-berlin", "Devices"), MayChange: true, ID: 5, Name: "pbx-berlin", State: "Reconnecting", Tone: "warn", Problem: "dial tcp 192.0.2.17:5038: connect: connection refused", Summary: "Asterisk at pbx.berlin.example.com:5038",
		Password: "k7Qp-2mVd-9xWt-4hJr-b8Zs", PushPath: "/api/v1/devices/pbx-berlin/records", Account: "pbx-berlin", TrunkForm: trunk,
		Trunks: []trunkRow{{"PJSIP/provider", "Northern Carrier", "", true}, {"PJSIP/backup-trunk-of-the-other-building", "", "Müller & Söhne", true}, {Name: "PJSIP/isdn"}}, NoExtensions: "Calls are then paid by the default account.", Facts: sampleFacts(), Plan: sampleFacts()[1:3]}
}

func sampleLogin() *loginPage {
	f := newForm("/login", "Log in", url.Values{"user": {"admin"}})
	f.section("", "", &field{Name: "user", Label: "User", Autocomplete: "username", Focus: true}, &field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"}).Single = true
	f.fail("", "User or password is wrong.")
	return &loginPage{page: page{Title: "Log in", Version: "0.1.0-dev"}, Form: f}
}

func sampleSetup() *setupPage {
	f := newForm("/setup/x", "Create administrator", url.Values{"user": {"admin"}})
	f.section("", "", &field{Name: "user", Label: "User"}, &field{Name: "password", Label: "Password", Type: "password", Hint: "At least 12 characters."}, &field{Name: "again", Label: "Password again", Type: "password"}).Single = true
	f.fail("again", "The two passwords differ.")
	return &setupPage{page: page{Title: "Welcome", Version: "0.1.0-dev"}, Form: f}
}
