package web

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// cdrListPage lists calls by filters.
type cdrListPage struct {
	frame.Page
	Filters    []*form.Field
	Filtered   bool
	Wrong      bool // a filter cannot be read
	ExportPath string
	Priceable  bool          // there are unpriced calls that may be priced again
	Chargeable bool          // there are calls that nobody was found to pay
	Hidden     []*form.Field // the filters, for the forms that price again and charge
	Figures    *view.Figures // nil: no beginning was chosen, it would sum up for ever
	Calls      []view.Call
	Pager      view.Pager
}

func (s site) cdrList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	f := newCDRFilter(r.URL.Query(), v)
	p := &cdrListPage{
		Page: frame.Page{Title: "Calls", Section: "Calls"}, Filters: f.form.Sections[0].Fields,
		Filtered: len(f.set) > 0, ExportPath: f.path("/cdrs.csv"),
	}
	if p.Wrong = f.form.Failed; p.Wrong {
		return s.Send(w, r, http.StatusUnprocessableEntity, "cdr_list", p)
	}
	after := r.URL.Query().Get("after")
	found, err := s.Store.CDRs(r.Context(), f.scope, f.filter, store.Paging{After: after})
	if err != nil {
		return err
	}
	p.Calls = v.Rows(found.Items)
	if p.Notice = pricedNotice(r.URL.Query(), len(p.Calls) > 0); p.Notice == nil {
		p.Notice = chargedNotice(r.URL.Query())
	}
	p.Chargeable = who.May(access.SetTerms) && len(p.Calls) > 0 && f.filter.Unpaid
	p.Priceable = who.May(access.SetTerms) && len(p.Calls) > 0 &&
		(f.filter.Unpriced || f.filter.Status == tollgate.ChargeUnpriced)
	for _, name := range filterNames() {
		if f.set.Has(name) {
			p.Hidden = append(p.Hidden, &form.Field{Type: "hidden", Name: name, Value: f.set.Get(name)})
		}
	}
	p.Pager.Text = view.Plural(len(p.Calls), "call", "calls") + " on this page"
	if found.Next != "" {
		p.Pager.Next = f.path("/cdrs", "after", found.Next)
	}
	if after != "" {
		p.Pager.Back = f.path("/cdrs")
	}
	if !f.filter.From.IsZero() && after == "" {
		sums, err := s.Store.Totals(r.Context(), f.scope, f.filter)
		if err != nil {
			return err
		}
		totals := view.NewFigures(&sums, v.House)
		p.Figures = &totals
	}
	return s.Send(w, r, http.StatusOK, "cdr_list", p)
}
