package charging

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"
	"tollgate/ledger"
	"tollgate/store"
	"tollgate/store/storetest"
)

// TestScripts runs testdata/*.call: the configuration of a house and calls with
// what each must become. DESIGN.md describes the language.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.call")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".call"), func(t *testing.T) {
			storetest.EachURL(t, func(t *testing.T, url string) {
				runScript(t, url, file)
			})
		})
	}
}

// scriptNow is after every call of the scripts.
func scriptNow() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

// script is a house under construction and the call that was made last.
type script struct {
	t      *testing.T
	place  string // file:line
	db     *store.DB
	office *Office

	tariffs   map[string]*tollgate.Tariff
	decks     map[string]*tollgate.Deck
	accounts  map[string]*tollgate.Account
	devices   map[string]*tollgate.Device
	operators map[string]*tollgate.Operator
	first     string // the first device: calls come from it unless they say otherwise
	last      string // the tariff that rates belong to
	calls     int

	result tollgate.Result
	cdr    tollgate.CDR

	clock  time.Time
	swept  time.Time // when clocks were looked at last
	grant  tollgate.Grant
	refuse error
}

// now is the time of the script: its own, or after every call of it.
func (s *script) now() time.Time {
	if s.clock.IsZero() {
		return scriptNow()
	}
	return s.clock
}

func runScript(t *testing.T, url, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := &script{
		t:       t,
		tariffs: map[string]*tollgate.Tariff{}, decks: map[string]*tollgate.Deck{},
		accounts: map[string]*tollgate.Account{}, devices: map[string]*tollgate.Device{},
		operators: map[string]*tollgate.Operator{},
	}
	s.db = storetest.OpenAt(t, url, s.now)
	s.office = newOffice(t, s.db, s.now)
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		s.place = fmt.Sprintf("%s:%d", file, n)
		s.line(text)
	}
}

// newOffice starts a ledger that stops with the test.
func newOffice(t *testing.T, db *store.DB, now func() time.Time) *Office {
	t.Helper()
	book := ledger.New(db, ledger.Options{Now: now})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- book.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	office, err := New(t.Context(), db, book, Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return office
}

func (s *script) line(text string) {
	s.t.Helper()
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "tariff", "rate", "operator", "enterprise", "user", "gateway", "device", "extension",
		"trunk", "exchange", "permit", "rule", "freeze", "unfreeze":
		if err := s.configure(word, strings.Fields(rest)); err != nil {
			s.t.Fatalf("%s: %v", s.place, err)
		}
	case "call":
		s.call(options(strings.Fields(rest)))
	case "clock", "authorize", "answer", "renew", "finish", "recharge", "restart", "sweep":
		s.live(word, strings.Fields(rest))
	case "account":
		if got := s.standing(strings.Fields(rest)[0]); got != text {
			s.t.Errorf("%s\n got %s\nwant %s", s.place, got, text)
		}
	default:
		if got := s.describe(word); got != text {
			s.t.Errorf("%s\n got %s\nwant %s", s.place, got, text)
		}
	}
}

// options reads name=value words; a word alone is a mark.
func options(words []string) map[string]string {
	o := make(map[string]string)
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		o[name] = value
	}
	return o
}

func (s *script) call(o map[string]string) {
	s.t.Helper()
	s.calls++
	device := s.first
	if o["device"] != "" {
		device = o["device"]
	}
	id := o["id"]
	if id == "" {
		id = strconv.Itoa(s.calls)
	}
	at := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	if o["at"] != "" {
		at = s.instant(o["at"])
	}
	r := tollgate.Record{
		Call:   tollgate.CallID{Device: s.devices[device].ID, UniqueID: id},
		Source: tollgate.SourceAMI, Direction: tollgate.Outbound,
		Extension: o["ext"], Originator: o["ext"], Dialed: o["to"],
		Trunk: o["trunk"], AccountCode: o["code"], Start: at, End: at, Cause: 16,
	}
	if o["orig"] != "" {
		r.Originator = o["orig"]
	}
	if o["direction"] != "" {
		r.Direction = tollgate.Direction(o["direction"])
	}
	if o["source"] != "" {
		r.Source = tollgate.Source(o["source"])
	}
	if talk, given := o["talk"]; given {
		seconds, err := strconv.Atoi(talk)
		if err != nil {
			s.t.Fatalf("%s: %v", s.place, err)
		}
		r.Answer = at
		r.End = at.Add(time.Duration(seconds) * time.Second)
	}
	results, err := s.office.Finish(s.t.Context(), []tollgate.Record{r})
	if err != nil {
		s.t.Fatalf("%s: %v", s.place, err)
	}
	s.result = results[0]
	s.cdr = tollgate.CDR{}
	if s.result.CDR != 0 {
		s.stored()
	}
}

// stored reads back what the call became.
func (s *script) stored() {
	s.t.Helper()
	cdr, err := s.db.CDR(s.t.Context(), store.Everything, s.result.CDR)
	if err != nil {
		s.t.Fatalf("%s: %v", s.place, err)
	}
	s.cdr = cdr
}

func (s *script) instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		s.t.Fatalf("%s: %v", s.place, err)
	}
	return at
}

// describe says what became of the last call, in the words of the language.
func (s *script) describe(aspect string) string {
	c := &s.cdr
	switch aspect {
	case "granted", "refused", "failed":
		return s.describeGrant()
	case "duplicate":
		return string(s.result.Outcome)
	case "quarantined":
		return string(s.result.Outcome) + " " + s.result.Reason
	case "payer":
		return s.describePayer()
	case "number":
		words := []string{"number", c.Number.E164, string(c.Number.Class), c.Number.Destination}
		if c.Number.Private {
			words = append(words, "private")
		}
		return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	case "customer":
		return "customer " + s.describeCharge(&c.Customer)
	case "cost":
		return "cost " + s.describeCharge(&c.Cost)
	case "margin":
		if c.Margin == nil {
			return "margin unknown"
		}
		return "margin " + tollgate.FormatMicro(*c.Margin)
	}
	return "nothing: the word is not known"
}

func (s *script) describeCharge(c *tollgate.Charge) string {
	if c.Status != tollgate.ChargePriced {
		return string(c.Status)
	}
	name := "?"
	for _, t := range s.tariffs {
		if t.ID == c.Tariff {
			name = t.Name
		}
	}
	return fmt.Sprintf("%s, %d s, %s %s", c.Money(), c.Billed, name, c.Rate)
}

func (s *script) describePayer() string {
	name := func(id tollgate.ID) string {
		for _, a := range s.accounts {
			if a.ID == id {
				return a.Name
			}
		}
		return "nobody"
	}
	if s.cdr.Payer == 0 {
		return "payer nobody"
	}
	text := fmt.Sprintf("payer %s by %s", name(s.cdr.Payer), s.cdr.PaidBy)
	if s.cdr.Customer.Micro > 0 {
		text += ", purse " + name(s.debited())
	}
	return text
}
