package web

import (
	"net/http"
	"net/url"
	"strconv"

	"tollgate/access"
)

// cdrPrice prices the unpriced calls that a search found with the rates as
// they are now, and charges them.
func (s *site) cdrPrice(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	values, err := posted(w, r)
	if err != nil {
		return err
	}
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	f := newCDRFilter(values, v)
	if f.form.Failed {
		return s.cdrList(w, r, who)
	}
	priced, err := s.Office.PriceUnpriced(r.Context(), who.Actor(), v.scope, f.filter)
	if err != nil {
		return err
	}
	http.Redirect(w, r, f.path("/cdrs", "priced", strconv.Itoa(priced)), http.StatusSeeOther)
	return nil
}

// pricedNotice says what came of pricing again; nil when nobody asked.
func pricedNotice(query url.Values) *notice {
	n, err := strconv.Atoi(query.Get("priced"))
	if err != nil {
		return nil
	}
	if n == 0 {
		return &notice{Tone: "warn", Text: "No call could be priced: add rates for their numbers first."}
	}
	return &notice{Tone: "good", Text: plural(n, "call has", "calls have") + " a price now."}
}
