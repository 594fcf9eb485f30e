package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/view"
)

// tariffShowPage is one tariff with the rates of one of its decks.
type tariffShowPage struct {
	page
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

func (s *site) tariffShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, found, err := s.tariffOf(r, who)
	if err != nil {
		return err
	}
	t := &found
	p := &tariffShowPage{
		page: page{Title: t.Name, Section: "Tariffs"}, Tariff: t, UsedBy: tariffUse(v.names)[t.ID],
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
	deck, err := s.tariffDecks(r, v, t, f.ID("deck"), p)
	if err != nil {
		return err
	}
	if deck != 0 {
		p.ExportPath = tariffPath(t.ID) + "/rates.csv?deck=" + deck.String()
		if err := s.tariffRates(r, v, deck, p); err != nil {
			return err
		}
	}
	return s.show(w, r, http.StatusOK, "tariff_show", p)
}

// tariffDecks lists the decks, newest first, and returns the one to show: that
// which was asked for, else the one in force.
func (s *site) tariffDecks(
	r *http.Request, v *reader, t *tollgate.Tariff, asked tollgate.ID, p *tariffShowPage,
) (tollgate.ID, error) {
	decks, rates, err := s.Store.DeckList(r.Context(), v.scope, t.ID)
	if err != nil || len(decks) == 0 {
		return 0, err
	}
	shown := 0
	for i, d := range decks {
		if !d.Effective.After(v.told.Now) {
			shown = i
		}
	}
	if i := slices.IndexFunc(decks, func(d tollgate.Deck) bool { return d.ID == asked }); i >= 0 {
		shown = i
	}
	for i, d := range slices.Backward(decks) {
		row := deckRow{
			From: "Since ever", Text: view.Plural(rates[i], "rate", "rates"), Shown: i == shown,
			Path: tariffPath(t.ID) + "?deck=" + d.ID.String(),
		}
		if !d.Effective.IsZero() {
			row.From = d.Effective.In(v.told.Zone).Format(view.MinuteLayout)
		}
		if d.Effective.After(v.told.Now) {
			row.Text += ", not yet in force"
		}
		p.Decks = append(p.Decks, row)
		if i == shown {
			p.RatesText = row.Text + " · " + strings.ToLower(row.From)
		}
	}
	return decks[shown].ID, nil
}

func (s *site) tariffRates(r *http.Request, v *reader, deck tollgate.ID, p *tariffShowPage) error {
	query := r.URL.Query()
	after := query.Get("after")
	found, err := s.Store.Rates(r.Context(), v.scope, deck, form.Digits(query.Get("number")),
		store.Paging{After: after, Rows: rateRows})
	if err != nil {
		return err
	}
	for i := range found.Items {
		p.Rates = append(p.Rates, newRateRow(&found.Items[i]))
	}
	path := func(after string) string {
		values := url.Values{}
		for _, name := range []string{"number", "deck"} {
			if query.Get(name) != "" {
				values.Set(name, query.Get(name))
			}
		}
		if after != "" {
			values.Set("after", after)
		}
		return tariffPath(p.Tariff.ID) + "?" + values.Encode()
	}
	p.Pager.Text = view.Plural(len(p.Rates), "rate", "rates") + " on this page"
	p.Pager.NextLabel, p.Pager.BackLabel = "Next", "First"
	if found.Next != "" {
		p.Pager.Next = path(found.Next)
	}
	if after != "" {
		p.Pager.Back = path("")
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
