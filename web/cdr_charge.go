package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tollgate/access"
	"tollgate/charging"
	"tollgate/web/view"
)

// cdrCharge asks again who pays for the calls of a search that nobody was found
// for, and charges them.
func (s site) cdrCharge(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	f, err := s.postedFilter(w, r, who)
	if err != nil {
		return err
	}
	if f.form.Failed {
		return s.cdrList(w, r, who)
	}
	found, err := s.Office.FindPayers(r.Context(), who.Actor(), f.scope, f.filter)
	if err != nil {
		return err
	}
	added := []string{"charged", strconv.Itoa(found.Charged)}
	for name, n := range counts(&found) {
		if *n > 0 {
			added = append(added, name, strconv.Itoa(*n))
		}
	}
	http.Redirect(w, r, f.path("/cdrs", added...), http.StatusSeeOther)
	return nil
}

// counts is what came of a charge by its names in an address.
func counts(found *charging.Found) map[string]*int {
	return map[string]*int{
		"charged": &found.Charged, "spared": &found.Spared, "unmapped": &found.Unmapped,
		"no_tariff": &found.NoTariff, "no_rate": &found.NoRate, "stuck": &found.Stuck,
	}
}

// chargedNotice says how many calls were charged, how many have nobody still, and
// why; nil when nobody asked.
func chargedNotice(query url.Values) *view.Notice {
	if !query.Has("charged") {
		return nil
	}
	var found charging.Found
	for name, n := range counts(&found) {
		if *n, _ = strconv.Atoi(query.Get(name)); *n < 0 {
			*n = 0
		}
	}
	notice := &view.Notice{Tone: "good"}
	switch {
	case found.Charged > 0:
		notice.Text = view.Plural(found.Charged, "call has somebody who pays now, and is charged.",
			"calls have somebody who pays now, and are charged.")
	case found.Nobodys() > 0:
		notice.Text = "No call could be charged."
	case found.Spared == 0:
		notice.Text = "No call of this search was left to charge."
	}
	if found.Spared > 0 {
		notice.Text += " " + view.Plural(found.Spared, "call", "calls") +
			" nobody has to pay: a call rule or selective billing leaves such calls out."
	}
	if n := found.Nobodys(); n > 0 {
		notice.Tone = "warn"
		notice.Text += " " + view.Plural(n, "call still has nobody: ", "calls still have nobody: ") + why(&found) + "."
	}
	notice.Text = strings.TrimSpace(notice.Text)
	return notice
}

// why says for what reasons calls are nobody's still, and what to do about each.
func why(found *charging.Found) string {
	var reasons []string
	for _, reason := range []struct {
		calls int
		text  string
	}{
		{found.Unmapped, "no rule finds an account (map the extension or the trunk, or give the device a default account)"},
		{found.NoTariff, "the account that would pay has no tariff (give it one)"},
		{found.NoRate, "no deck that was in force when they began has a rate for them " +
			"(import one with an earlier “In force from”)"},
		{found.Stuck, "the device, its dialling plan, the tariff or its currency does not fit them any more"},
	} {
		switch {
		case reason.calls == found.Nobodys():
			return reason.text
		case reason.calls > 0:
			reasons = append(reasons, fmt.Sprintf("for %d %s", reason.calls, reason.text))
		}
	}
	return strings.Join(reasons, "; ")
}
