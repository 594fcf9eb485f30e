package web

import (
	"net/http"
	"net/url"
	"strconv"

	"tollgate/access"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// postedFilter reads the search that an action is for.
func (s site) postedFilter(w http.ResponseWriter, r *http.Request, who access.Principal) (*cdrFilter, error) {
	s.Patient(w, frame.WorkMax)
	values, err := form.Posted(w, r)
	if err != nil {
		return nil, err
	}
	v, err := s.Reader(r, who)
	if err != nil {
		return nil, err
	}
	return newCDRFilter(values, v), nil
}

// cdrPrice prices the unpriced calls that a search found with the decks of their
// time as they are now, and charges them.
func (s site) cdrPrice(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	f, err := s.postedFilter(w, r, who)
	if err != nil {
		return err
	}
	if f.form.Failed {
		return s.cdrList(w, r, who)
	}
	priced, err := s.Office.PriceUnpriced(r.Context(), who.Actor(), f.scope, f.filter)
	if err != nil {
		return err
	}
	http.Redirect(w, r, f.path("/cdrs", "priced", strconv.Itoa(priced)), http.StatusSeeOther)
	return nil
}

// pricedNotice says what came of pricing again, where calls without a price are
// left or not; nil when nobody asked.
func pricedNotice(query url.Values, left bool) *view.Notice {
	n, err := strconv.Atoi(query.Get("priced"))
	if err != nil {
		return nil
	}
	switch {
	case n == 0 && !left:
		return &view.Notice{Tone: "good", Text: "No call of this search was left to price."}
	case n == 0:
		return &view.Notice{Tone: "warn", Text: "No deck that was in force when these calls began has a rate for them: " +
			"import one with an earlier “In force from”."}
	}
	return &view.Notice{Tone: "good", Text: view.Plural(n, "call has", "calls have") + " a price now."}
}
