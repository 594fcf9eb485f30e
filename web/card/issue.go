package card

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"

	"tollgate"
	"tollgate/access"
	"tollgate/batch"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// issuedPage shows the numbers and PINs of an issue. They are in no other
// answer: the sheet to download is in the page itself.
type issuedPage struct {
	frame.Page
	Batch    string
	Lead     string
	Sheet    template.URL
	FileName string
	Cards    []batch.IssuedCard
}

func issueForm(v *frame.Reader, values url.Values) *form.Form {
	f := form.New("/cards", "Issue cards", values)
	f.Cancel = "/cards"
	f.Ask("Batch", "",
		&form.Field{
			Name: "enterprise", Label: "Company", Type: "select", Required: true,
			Options: v.Names.EnterpriseChoices("Choose…"), Hint: v.Names.NoCompanyHint(),
		},
		&form.Field{Name: "name", Label: "Name of the batch", Required: true, Placeholder: "Summer 2026", Focus: true},
		&form.Field{
			Name: "count", Label: "Cards", Mode: "numeric", Required: true, Placeholder: "100", Hint: "At most 10,000.",
		})
	f.Ask("Value", "What each card is worth when it is issued; what is talked is taken off.",
		&form.Field{Name: "amount", Label: "Value", Mode: "decimal", Required: true, Placeholder: "10.00"},
		&form.Field{Name: "currency", Label: "Currency", Required: true, Placeholder: "EUR"},
		&form.Field{
			Name: "tariff", Label: "Tariff", Type: "select", Options: v.Names.TariffChoices("The company's"),
		})
	f.Ask("Validity", "",
		&form.Field{
			Name: "valid_days", Label: "Days from the first use", Mode: "numeric", Placeholder: "0",
			Hint: "0 or empty: no limit.",
		},
		&form.Field{Name: "expires", Label: "At most until", Type: "datetime-local", Hint: "Empty: never."})
	f.Ask("Digits", "",
		&form.Field{Name: "number_digits", Label: "Of the number", Mode: "numeric", Placeholder: "10", Hint: "8 to 16."},
		&form.Field{Name: "pin_digits", Label: "Of the PIN", Mode: "numeric", Placeholder: "6", Hint: "4 to 8."})
	return f
}

func readIssue(f *form.Form, v *frame.Reader) batch.CardBatch {
	f.Require("name", "count", "currency")
	b := batch.CardBatch{
		Enterprise: f.ID("enterprise"), Name: f.Get("name"), Count: int(f.Whole("count", 0)),
		Amount: f.Amount("amount", false), Currency: tollgate.Currency(f.Get("currency")), Tariff: f.ID("tariff"),
		ValidDays: int(f.Whole("valid_days", 0)), Expires: f.Time("expires", v.Told.Zone),
		NumberDigits: int(f.Whole("number_digits", 0)), PINDigits: int(f.Whole("pin_digits", 0)),
	}
	if b.Enterprise == 0 {
		f.Fail("enterprise", "Choose the company whose cards they are.")
	}
	if b.Count < 1 || b.Count > batch.CardsMax {
		f.Fail("count", "Write a number from 1 to 10,000.")
	}
	return b
}

// New asks for a batch of cards.
func (s Pages) New(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	return s.form(w, r, issueForm(v, url.Values{"currency": {"EUR"}}))
}

// Issue makes a batch of cards and shows their numbers and PINs, once.
func (s Pages) Issue(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	s.Patient(w, frame.WorkMax)
	values, err := form.Posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	f := issueForm(v, values)
	b := readIssue(f, v)
	if f.Failed {
		return s.form(w, r, f)
	}
	cards, err := batch.IssueCards(r.Context(), s.Store, s.Book, s.Access, who.Actor(), s.Now, b)
	if err != nil {
		if err = f.Refuse(err); err != nil {
			return err
		}
		return s.form(w, r, f)
	}
	var sheet bytes.Buffer
	if err := batch.WriteCards(&sheet, b, cards); err != nil {
		return err
	}
	p := &issuedPage{
		Page: frame.Page{Title: "Cards " + b.Name, Section: "Cards"}, Batch: b.Name, Cards: cards,
		FileName: "cards-" + v.Told.Now.In(v.Told.Zone).Format("20060102-150405") + ".csv",
		Sheet: template.URL("data:text/csv;base64," + //nolint:gosec // our own bytes
			base64.StdEncoding.EncodeToString(sheet.Bytes())),
	}
	worth := view.NewAmount(tollgate.Money{Micro: b.Amount, Currency: b.Currency})
	p.Lead = view.Plural(len(cards), "card", "cards") + " of " + worth.String()
	p.Notice = &view.Notice{
		Tone: "warn", Text: "The PINs are on this page and nowhere else. Download the sheet before you leave.",
	}
	return s.Send(w, r, http.StatusOK, "card_issued", p)
}

func (s Pages) form(w http.ResponseWriter, r *http.Request, f *form.Form) error {
	p := &frame.FormPage{
		Page: frame.Page{Title: "Issue cards", Section: "Cards"}, Form: f,
		Back: &view.Link{Label: "Cards", Path: "/cards"},
		Lead: "Numbers and PINs are drawn at random and shown once. PINs are stored only as hashes.",
	}
	return s.Send(w, r, f.Status(), "form_show", p)
}
