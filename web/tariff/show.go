package tariff

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// showPage is one tariff with the rates of one of its decks.
type showPage struct {
	frame.Page
	Tariff     *tollgate.Tariff
	UsedBy     string
	MayChange  bool
	Import     *form.Form // nil: not allowed
	ExportPath string     // empty: no rates
	RatesText  string
	Filters    []*form.Field
	Filtered   bool
	Rates      []rateRow
	Pager      view.Pager
	Decks      []deckRow
}

type rateRow struct{ Key, Name, Price, PricePeak, Per, ConnectFee, Intervals string }

type deckRow struct {
	From, Text, Path string
	Shown            bool
}

// rateRows is how many rates a page lists.
const rateRows = 100

// Show shows one tariff with the rates of one of its decks.
func (s Pages) Show(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, found, err := s.find(r, who)
	if err != nil {
		return err
	}
	t := &found
	p := &showPage{
		Page: frame.Page{Title: t.Name, Section: "Tariffs"}, Tariff: t, UsedBy: tariffUse(v.Names)[t.ID],
		RatesText: "None yet", MayChange: who.May(access.SetTerms),
	}
	if p.MayChange {
		p.Import = deckForm(t, url.Values{})
	}
	f := form.New("", "", r.URL.Query())
	f.Ask("", "",
		&form.Field{Name: "number", Label: "Begins with", Placeholder: "4930", Mode: "tel"},
		&form.Field{Name: "deck", Type: "hidden"})
	p.Filters, p.Filtered = f.Sections[0].Fields, f.Get("number") != ""
	deck, err := s.decks(r, v, t, f.ID("deck"), p)
	if err != nil {
		return err
	}
	if deck != 0 {
		p.ExportPath = path(t.ID) + "/rates.csv?deck=" + deck.String()
		if err := s.rates(r, v, deck, p); err != nil {
			return err
		}
	}
	return s.Send(w, r, http.StatusOK, "tariff_show", p)
}

// decks lists the decks, newest first, and returns the one to show: that
// which was asked for, else the one in force.
func (s Pages) decks(
	r *http.Request, v *frame.Reader, t *tollgate.Tariff, asked tollgate.ID, p *showPage,
) (tollgate.ID, error) {
	decks, rates, err := s.Store.DeckList(r.Context(), v.Scope, t.ID)
	if err != nil || len(decks) == 0 {
		return 0, err
	}
	shown := 0
	for i, d := range decks {
		if !d.Effective.After(v.Told.Now) {
			shown = i
		}
	}
	if i := slices.IndexFunc(decks, func(d tollgate.Deck) bool { return d.ID == asked }); i >= 0 {
		shown = i
	}
	for i, d := range slices.Backward(decks) {
		row := deckRow{
			From: "Since ever", Text: view.Plural(rates[i], "rate", "rates"), Shown: i == shown,
			Path: path(t.ID) + "?deck=" + d.ID.String(),
		}
		if !d.Effective.IsZero() {
			row.From = d.Effective.In(v.Told.Zone).Format(view.MinuteLayout)
		}
		if d.Effective.After(v.Told.Now) {
			row.Text += ", not yet in force"
		}
		p.Decks = append(p.Decks, row)
		if i == shown {
			p.RatesText = row.Text + " · " + strings.ToLower(row.From)
		}
	}
	return decks[shown].ID, nil
}

func (s Pages) rates(r *http.Request, v *frame.Reader, deck tollgate.ID, p *showPage) error {
	query := r.URL.Query()
	after := query.Get("after")
	found, err := s.Store.Rates(r.Context(), v.Scope, deck, form.Digits(query.Get("number")),
		store.Paging{After: after, Rows: rateRows})
	if err != nil {
		return err
	}
	for i := range found.Items {
		p.Rates = append(p.Rates, newRateRow(&found.Items[i]))
	}
	page := func(after string) string {
		values := url.Values{}
		for _, name := range []string{"number", "deck"} {
			if query.Get(name) != "" {
				values.Set(name, query.Get(name))
			}
		}
		if after != "" {
			values.Set("after", after)
		}
		return path(p.Tariff.ID) + "?" + values.Encode()
	}
	p.Pager.Text = view.Plural(len(p.Rates), "rate", "rates") + " on this page"
	p.Pager.NextLabel, p.Pager.BackLabel = "Next", "First"
	if found.Next != "" {
		p.Pager.Next = page(found.Next)
	}
	if after != "" {
		p.Pager.Back = page("")
	}
	return nil
}

func newRateRow(rate *tollgate.Rate) rateRow {
	row := rateRow{
		Key: rate.Key(), Name: rate.Name, Price: rate.Price, PricePeak: rate.PricePeak,
		ConnectFee: rate.ConnectFee,
	}
	if rate.Number != "" {
		row.Key += " exactly"
	}
	if rate.Per != "" {
		row.Per = rate.Per + " s"
	}
	if rate.First != "" || rate.Next != "" {
		row.Intervals = view.OrDash(rate.First) + " / " + view.OrDash(rate.Next)
	}
	return row
}
