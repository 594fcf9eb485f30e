package form

import (
	"errors"
	"net/url"
	"slices"
	"testing"
	"time"

	"tollgate"
)

func asked(values url.Values) *Form {
	f := New("/x", "Save", values)
	f.Ask("", "", &Field{Name: "a"}, &Field{Name: "secret", Type: "password"},
		&Field{Name: "choice", Type: "select", Options: []Option{{Value: "1"}, {Value: "2"}}})
	return f
}

func TestValuesAreKeptAndSecretsAreNot(t *testing.T) {
	f := asked(url.Values{"a": {"x"}, "secret": {"s"}, "choice": {"2"}})
	fields := f.Sections[0].Fields
	if fields[0].Value != "x" || fields[1].Value != "" || fields[2].Options[0].Selected || !fields[2].Options[1].Selected {
		t.Errorf("%+v %+v %+v", fields[0], fields[1], fields[2])
	}
}

func TestFaults(t *testing.T) {
	f := asked(url.Values{})
	f.Require("a")
	f.Fail("a", "a second fault")
	if got := f.Sections[0].Fields[0]; got.Error != "Please fill this in." || got.Describes() != "a-error" {
		t.Errorf("%+v", got)
	}
	f.Fail("unknown", "of the whole")
	if f.Error != "of the whole" || f.Status() != 422 {
		t.Errorf("%+v", f)
	}
	err := f.Refuse(tollgate.Errorf(tollgate.CodeConflict, "taken already"))
	if err != nil || f.Error != "Taken already." {
		t.Error(f.Error, err)
	}
	fault := errors.New("disk full")
	if err := f.Refuse(fault); !errors.Is(err, fault) {
		t.Error("a fault of ours is not for the form:", err)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]int64{"12.50": 12_500_000, "−3": -3_000_000, "0.000001": 1} {
		if f := asked(url.Values{"a": {text}}); f.Amount("a", true) != want || f.Failed {
			t.Errorf("%q: %+v", text, f.Sections[0].Fields[0])
		}
	}
	for _, text := range []string{"", "x", "1,5", "0", "1e3", "1.1234567", "99999999999999"} {
		if f := asked(url.Values{"a": {text}}); f.Amount("a", true) != 0 && !f.Failed {
			t.Errorf("%q was taken", text)
		}
	}
	if f := asked(url.Values{"a": {"-3"}}); f.Amount("a", false) < 0 && !f.Failed {
		t.Error("below zero was taken")
	}
}

func TestTimes(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 11, 20, 13, 30, 0, 0, time.UTC)
	for _, text := range []string{
		"2026-11-20T14:30:00", "2026-11-20T14:30", "2026-11-20 14:30", "2026-11-20 14:30:00", "2026-11-20T13:30:00Z",
	} {
		if f := asked(url.Values{"a": {text}}); !f.Time("a", zone).Equal(want) || f.Failed {
			t.Errorf("%q: %v", text, f.Time("a", zone))
		}
	}
	if f := asked(url.Values{"a": {"tomorrow"}}); !f.Time("a", zone).IsZero() || !f.Failed {
		t.Error("tomorrow was taken")
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"185": 185 * time.Second, "3:05": 185 * time.Second, "1:00:01": 3601 * time.Second, "3m5s": 185 * time.Second,
	} {
		if f := asked(url.Values{"a": {text}}); f.Duration("a") != want || f.Failed {
			t.Errorf("%q: %v", text, f.Duration("a"))
		}
	}
	for _, text := range []string{"", "x", "1:60", "1:2:3:4", "-5", "-5s", "99999999999"} {
		if f := asked(url.Values{"a": {text}}); f.Duration("a") != 0 || !f.Failed {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestLists(t *testing.T) {
	f := asked(url.Values{"a": {" PJSIP/a, b;\n\n c "}})
	if got := f.List("a"); !slices.Equal(got, []string{"PJSIP/a", "b", "c"}) {
		t.Errorf("%q", got)
	}
	if got := Digits("+49 (0)30/12-34"); got != "490301234" {
		t.Error(got)
	}
}

func TestFaultsStandBesideTheirField(t *testing.T) {
	for message, c := range map[string]struct{ field, whole string }{
		`area_code "030": begins with 0: write 30`: {"Begins with 0: write 30.", ""},
		"area_code: too many":                      {"Too many.", ""},
		"area_code is taken":                       {"Area_code is taken.", ""},
		`kind "x": unknown`:                        {"", `Kind "x": unknown.`},
		"the books are closed":                     {"", "The books are closed."},
	} {
		f := New("", "", url.Values{})
		field := &Field{Name: "area_code"}
		f.Ask("", "", field, &Field{Name: "kind", Type: "hidden"})
		if err := f.Refuse(tollgate.Errorf(tollgate.CodeInvalid, "%s", message)); err != nil {
			t.Error(err)
		}
		if field.Error != c.field || f.Error != c.whole || !f.Failed {
			t.Errorf("%s: %q, %q", message, field.Error, f.Error)
		}
	}
}
