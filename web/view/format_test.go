package view

import (
	"testing"
	"time"

	"tollgate"
)

func TestAmounts(t *testing.T) {
	for micro, want := range map[int64]string{
		0: "0.00 EUR", 1: "0.000001 EUR", 2_550_000: "2.55 EUR", 56_667: "0.056667 EUR",
		-28_333: "−0.028333 EUR", 1_234_567_890_123: "1,234,567.890123 EUR", 100_500_000: "100.50 EUR",
		-9_223_372_036_854_775_808: "−9,223,372,036,854.775808 EUR",
	} {
		if got := NewAmount(tollgate.Money{Micro: micro, Currency: "EUR"}).String(); got != want {
			t.Errorf("%d: %s, want %s", micro, got, want)
		}
	}
	if got := NewAmount(tollgate.Money{Micro: -1_234_500_000}).Plain(); got != "-1234.50" {
		t.Error(got)
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00", 59*time.Second + 999*time.Millisecond: "0:59", 61 * time.Second: "1:01",
		time.Hour: "1:00:00", 27*time.Hour + 62*time.Second: "27:01:02",
	} {
		if got := Clock(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
	if got := Minutes(258_755); got != "4,312.5" {
		t.Error(got)
	}
}

func TestPrivateNumbersAreMasked(t *testing.T) {
	private := tollgate.CDR{
		Number: tollgate.Number{
			Raw: "*7*030551234", E164: "4930551234", Class: tollgate.ClassLocal, Private: true,
		},
		Customer: tollgate.Charge{Rate: "4930551234"}, Cost: tollgate.Charge{Rate: "4930"},
	}
	shown := private.Discreet()
	if shown.Number.Raw != "*7*03055XXXX" || shown.Number.E164 != "493055XXXX" ||
		shown.Customer.Rate != "493055XXXX" || shown.Cost.Rate != "4930" {
		t.Errorf("%+v", shown)
	}
	if private.Number.E164 != "4930551234" {
		t.Error("the call itself was changed")
	}
	if again := shown.Discreet(); again.Number != shown.Number {
		t.Errorf("masked twice: %+v", again.Number)
	}
	for _, n := range []*tollgate.Number{&private.Number, &shown.Number} {
		if got := NumberText(n); got != "+493055XXXX" {
			t.Error(got)
		}
	}
	open := tollgate.CDR{Number: tollgate.Number{Raw: "030551234", E164: "4930551234"}}
	if open.Discreet().Number != open.Number {
		t.Error("a business call was masked")
	}
	short := tollgate.Number{Raw: "*7*12", Private: true}
	if got := NumberText(&short); got != "*XXXX" {
		t.Error(got)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		number tollgate.Number
		want   string
	}{
		{tollgate.Number{Raw: "00493012345", E164: "493012345", Class: tollgate.ClassDomestic}, "+493012345"},
		{tollgate.Number{Raw: "0080012345678", E164: "80012345678", Class: tollgate.ClassTollFree}, "+80012345678"},
		{tollgate.Number{Raw: "2041234567", E164: "2041234567", Class: tollgate.ClassInternal}, "2041234567"},
		{tollgate.Number{Raw: "112", E164: "112", Country: "DE", Class: tollgate.ClassEmergency}, "112"},
		{tollgate.Number{Raw: "204", E164: "204", Class: tollgate.ClassInternal}, "204"},
		{tollgate.Number{Raw: "0900#12"}, "0900#12"},
	} {
		if got := NumberText(&c.number); got != c.want {
			t.Errorf("%s: %s, want %s", c.number.Raw, got, c.want)
		}
	}
}

func TestZones(t *testing.T) {
	now := time.Date(2026, 1, 20, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"UTC": "in UTC", "Europe/Berlin": "in Europe/Berlin (now CET, UTC+1)",
		"Asia/Kolkata": "in Asia/Kolkata (now IST, UTC+5:30)", "America/St_Johns": "in America/St_Johns (now NST, UTC−3:30)",
		"America/Sao_Paulo": "in America/Sao_Paulo (now UTC−3)",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := ZoneText(zone, now); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := ShortInstant(now, now, time.UTC); got != "20 Jan 12:00:00" {
		t.Error(got)
	}
	if got := ShortInstant(now.AddDate(-1, 0, 0), now, time.UTC); got != "2025-01-20 12:00:00" {
		t.Error(got)
	}
}

func TestEveryTemplateUsesKnownNames(t *testing.T) {
	a, err := NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Path("nothing.css"); err == nil {
		t.Error("an unknown asset must stop the page")
	}
	pages, err := NewPages(a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pages.Render("nothing", "layout", nil); err == nil {
		t.Error("an unknown page must be an error")
	}
	if _, err := pages.Part("callrow", Call{Number: `<b>"`}); err != nil {
		t.Error(err)
	}
}
