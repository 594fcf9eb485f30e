package web

import (
	"net/http"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
)

// cdrListPage lists calls by filters.
type cdrListPage struct {
	page
	Filters    []*field
	Filtered   bool
	ExportPath string
	Priceable  bool     // there are unpriced calls that may be priced again
	Hidden     []fact   // the filters, for the form that prices again
	Figures    *figures // nil: no beginning was chosen, it would sum up for ever
	Calls      []callRow
	Pager      pager
}

func (s *site) cdrList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	f := newCDRFilter(r.URL.Query(), v)
	p := &cdrListPage{
		page: page{Title: "Calls", Section: "Calls"}, Filters: f.form.Sections[0].Fields,
		Filtered: len(f.set) > 0, ExportPath: f.path("/cdrs.csv"),
	}
	if f.form.Failed {
		return s.show(w, r, http.StatusUnprocessableEntity, "cdr_list", p)
	}
	after := r.URL.Query().Get("after")
	found, err := s.Store.CDRs(r.Context(), v.scope, f.filter, store.Paging{After: after})
	if err != nil {
		return err
	}
	p.Calls = v.rows(found.Items)
	p.Notice = pricedNotice(r.URL.Query())
	p.Priceable = who.May(access.SetTerms) && len(p.Calls) > 0 && f.filter.Status == tollgate.ChargeUnpriced
	for _, name := range filterNames() {
		if f.set.Has(name) {
			p.Hidden = append(p.Hidden, fact{Label: name, Value: f.set.Get(name)})
		}
	}
	p.Pager.Text = plural(len(p.Calls), "call", "calls") + " on this page"
	if found.Next != "" {
		p.Pager.Next = f.path("/cdrs", "after", found.Next)
	}
	if after != "" {
		p.Pager.Back = f.path("/cdrs")
	}
	if !f.filter.From.IsZero() && after == "" {
		sums, err := s.Store.Totals(r.Context(), v.scope, f.filter)
		if err != nil {
			return err
		}
		totals := newFigures(&sums, v.house)
		p.Figures = &totals
	}
	return s.show(w, r, http.StatusOK, "cdr_list", p)
}

// newFigures makes the view of sums.
func newFigures(t *store.Totals, house bool) figures {
	f := figures{
		Calls: count(t.Calls), Answered: count(t.Answered), House: house,
		Minutes: minutes(t.Talked / int64(time.Second/time.Microsecond)), Revenue: amounts(t.Charged),
	}
	if house {
		f.Cost, f.Margin = amounts(t.Cost), amounts(t.Margin)
	}
	return f
}

func amounts(sums []store.Amount) []*amount {
	var out []*amount
	for _, sum := range sums {
		out = append(out, newAmount(sum.Money))
	}
	return out
}
