package card

import (
	"net/http"
	"net/url"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/store/card"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// How much a page lists.
const (
	cardRows  = 100
	batchRows = 100
)

// listPage lists the cards, by batch.
type listPage struct {
	frame.Page
	MayIssue, MayBlock bool
	Filters            []*form.Field
	Filtered           bool
	Batches            []batchRow
	Cards              []row
	Pager              view.Pager
}

// batchRow is a batch in a list.
type batchRow struct {
	Path, Name, Company, Count, Issued, By string
	Amount                                 *view.Amount
	Interrupted                            bool
}

// row is a card in a list.
type row struct {
	Account             tollgate.ID
	Number, Batch       string
	State, Tone         string
	FirstUsed, Expires  string
	Available           *view.Amount
	Locked, Blocked     bool
	UnlockPath, Confirm string
}

// List lists the cards.
func (s Pages) List(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	batches, err := card.Batches(r.Context(), s.Store, v.Scope, store.Paging{Rows: batchRows})
	if err != nil {
		return err
	}
	query := r.URL.Query()
	f := form.New("/cards", "Search", query)
	f.Ask("", "",
		&form.Field{Name: "number", Label: "Card number", Mode: "numeric"},
		&form.Field{Name: "batch", Label: "Batch", Type: "select", Options: form.Choices(
			"Any", batches.Items, func(b card.Batch) (tollgate.ID, string) { return b.ID, b.Name })})
	filter := card.Filter{Number: form.Digits(f.Get("number")), Batch: form.IDOr0(f.Get("batch"))}
	found, err := card.List(r.Context(), s.Store, v.Scope, filter,
		store.Paging{After: query.Get("after"), Rows: cardRows})
	if err != nil {
		return err
	}
	p := &listPage{
		Page:     frame.Page{Title: "Cards", Section: "Cards"},
		MayIssue: who.May(access.SetTerms), MayBlock: who.May(access.Change),
		Filters: f.Sections[0].Fields, Filtered: filter != card.Filter{},
	}
	for i := range batches.Items {
		p.Batches = append(p.Batches, newBatchRow(&batches.Items[i], v))
	}
	for i := range found.Items {
		p.Cards = append(p.Cards, newRow(&found.Items[i], v))
	}
	p.Pager = pager(query, len(p.Cards), found.Next)
	return s.Send(w, r, http.StatusOK, "card_list", p)
}

func newBatchRow(b *card.Batch, v *frame.Reader) batchRow {
	row := batchRow{
		Path: "/cards?" + url.Values{"batch": {b.ID.String()}}.Encode(), Name: b.Name,
		Count: view.Count(int64(b.Count)), Issued: view.Instant(b.Issued, v.Told.Zone), By: b.By,
		Interrupted: b.Issued.IsZero(), Amount: view.NewAmount(tollgate.Money{Micro: b.Amount, Currency: b.Currency}),
	}
	if v.House {
		row.Company = v.Names.Account(b.Enterprise)
	}
	return row
}

func newRow(c *card.Card, v *frame.Reader) row {
	out := row{
		Account: c.Account, Number: c.Number, Batch: c.BatchName,
		FirstUsed: view.Instant(c.FirstUsed, v.Told.Zone), Expires: expiresText(c, v.Told.Zone),
		Available: view.NewAmount(tollgate.Money{Micro: c.Available, Currency: c.Currency}),
		Locked:    c.LockedUntil.After(v.Told.Now), Blocked: c.Frozen,
		Confirm: "Block card " + c.Number + "? It opens nothing until it is unblocked.",
	}
	switch {
	case c.Frozen:
		out.State, out.Tone = "Blocked", "bad"
	case c.PINHash == "":
		out.State, out.Tone = "Not handed out", "warn"
	case !c.Expires.IsZero() && !c.Expires.After(v.Told.Now):
		out.State, out.Tone = "Expired", ""
	case out.Locked:
		out.State, out.Tone = "Locked until "+c.LockedUntil.In(v.Told.Zone).Format("15:04"), "warn"
	case c.FirstUsed.IsZero():
		out.State, out.Tone = "Unused", "info"
	default:
		out.State, out.Tone = "In use", "good"
	}
	return out
}

// expiresText says until when a card is valid.
func expiresText(c *card.Card, zone *time.Location) string {
	switch {
	case c.FirstUsed.IsZero() && c.ValidDays > 0:
		text := view.Plural(c.ValidDays, "day", "days") + " from the first use"
		if !c.Expires.IsZero() {
			text += ", at most until " + c.Expires.In(zone).Format(time.DateOnly)
		}
		return text
	case c.Expires.IsZero():
		return "never"
	}
	return c.Expires.In(zone).Format(view.MinuteLayout)
}

func pager(query url.Values, rows int, next string) view.Pager {
	p := view.Pager{
		Text: view.Plural(rows, "card", "cards") + " on this page", NextLabel: "Older", BackLabel: "Newest",
	}
	back := query.Has("after")
	query.Del("after")
	query.Del("done")
	if back {
		p.Back = "/cards?" + query.Encode()
	}
	if next != "" {
		query.Set("after", next)
		p.Next = "/cards?" + query.Encode()
	}
	return p
}
