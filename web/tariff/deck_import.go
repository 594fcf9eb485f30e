package tariff

import (
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/batch"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

const (
	sheetBytesMax  = 128 << 20        // of an uploaded sheet: some millions of rates
	sheetTimeMax   = 40 * time.Minute // until it has arrived, over a line of half a megabit a second
	sheetMemoryMax = 1 << 20          // of it that is held in memory; the rest is in a file
	rejectsShown   = 50
)

// deckPage says what an upload of rates would change or why it was refused.
type deckPage struct {
	frame.Page
	Tariff  view.Link
	Form    *form.Form
	Rejects []string
	More    int // rejects that are not listed
	Preview *batch.Preview
}

func deckForm(t *tollgate.Tariff, values url.Values) *form.Form {
	f := form.New(path(t.ID)+"/decks", "Import", values)
	f.Prefix, f.Upload, f.Second = "deck-", true, &form.Option{Label: "Check only", Value: "check"}
	f.Ask("", "",
		&form.Field{
			Name: "sheet", Label: "Sheet of rates (CSV)", Type: "file", Required: true,
			Hint: "Columns: prefix, number, class, name, price, price_peak, per, connect_fee, " +
				"first_interval, next_interval.",
		},
		&form.Field{
			Name: "effective", Label: "In force from", Type: "datetime-local",
			Hint: "Empty: since ever. The deck of the same instant is replaced.",
		}).Single = true
	return f
}

// DeckImport makes an uploaded sheet a deck of a tariff, or says what it would
// change. A sheet with one bad line changes nothing.
func (s Pages) DeckImport(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, t, err := s.find(r, who)
	if err != nil {
		return err
	}
	s.Patient(w, sheetTimeMax)
	r.Body = http.MaxBytesReader(w, r.Body, sheetBytesMax)
	if err := r.ParseMultipartForm(sheetMemoryMax); err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "read the upload: %w", err)
	}
	defer r.MultipartForm.RemoveAll() //nolint:errcheck // the system clears temporary files too
	f := deckForm(&t, url.Values(r.MultipartForm.Value))
	p := &deckPage{
		Page:   frame.Page{Title: "Import rates", Section: "Tariffs"},
		Tariff: view.Link{Label: t.Name, Path: path(t.ID)}, Form: f,
	}
	effective, rates := readDeck(r.MultipartForm, f, v, p)
	if !f.Failed {
		check := f.Get("do") == "check"
		preview, err := batch.PutDeck(r.Context(), s.Store, who.Actor(), t, effective, rates, check)
		if err == nil && !check {
			http.Redirect(w, r, path(t.ID)+"?done=deck", http.StatusSeeOther)
			return nil
		}
		if err == nil {
			p.Preview = &preview
		} else if err := f.Refuse(err); err != nil {
			return err
		}
	}
	return s.Send(w, r, f.Status(), "deck_import", p)
}

// readDeck reads the sheet and from when it is in force.
func readDeck(m *multipart.Form, f *form.Form, v *frame.Reader, p *deckPage) (time.Time, []tollgate.Rate) {
	effective := f.Time("effective", v.Told.Zone)
	files := m.File["sheet"]
	if len(files) == 0 || files[0].Size == 0 {
		f.Fail("sheet", "Choose a sheet.")
		return effective, nil
	}
	sheet, err := files[0].Open()
	if err != nil {
		f.Fail("sheet", "The upload could not be read: "+form.Sentence(err.Error()))
		return effective, nil
	}
	rates, rejects, err := batch.ReadRates(sheet)
	if err := errors.Join(err, sheet.Close()); err != nil {
		f.Fail("sheet", form.Sentence(err.Error()))
	}
	for _, reject := range rejects[:min(len(rejects), rejectsShown)] {
		p.Rejects = append(p.Rejects, reject.String())
	}
	if p.More = len(rejects) - len(p.Rejects); len(rejects) > 0 {
		f.Fail("sheet", "Nothing was imported: "+view.Plural(len(rejects), "line was", "lines were")+" refused.")
	}
	return effective, rates
}
