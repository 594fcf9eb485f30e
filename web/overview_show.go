package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/device"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// overviewPage is today at a glance and the calls as they end.
type overviewPage struct {
	frame.Page
	Day     string
	Figures view.Figures
	Guide   *guide       // what is still to be set up; nil: nothing
	Odd     []device.Row // devices with a problem
	Calls   []view.Call
}

// guide leads a newcomer to the first priced call, and after it to what is still
// open.
type guide struct {
	Done  int
	Slim  bool // calls are coming in: only what is open is listed
	Steps []guideStep
}

type guideStep struct {
	Title, Text, Path, Action string
	Done                      bool
}

// latestRows is how many calls the overview begins with.
const latestRows = 25

func (s site) overviewShow(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	latest, err := s.Store.CDRs(r.Context(), v.Scope, store.CDRFilter{}, store.Paging{Rows: latestRows})
	if err != nil {
		return err
	}
	today, _, err := s.today(r.Context(), v, s.CallCount(who.Enterprise), true)
	if err != nil {
		return err
	}
	p := &overviewPage{
		Page: frame.Page{Title: "Overview", Section: "Overview"}, Calls: v.Rows(latest.Items),
		Figures: today, Day: v.Told.Now.In(v.Told.Zone).Format("Monday 2 January 2006"),
	}
	if who.May(access.SetTerms) {
		p.Guide = newGuide(v.Names, len(latest.Items) > 0)
	}
	if v.House {
		states := device.Pages{Site: s.Site}.States()
		for i := range v.Names.Directory.Devices {
			if row := device.NewRow(&v.Names.Directory.Devices[i], states, v); row.Problem != "" {
				p.Odd = append(p.Odd, row)
			}
		}
	}
	return s.Send(w, r, http.StatusOK, "overview_show", p)
}

// today sums up the calls that began since midnight, as they were at the instant
// returned; up is how many are in progress, and fresh is as for frame.Site.Since.
func (s site) today(ctx context.Context, v *frame.Reader, up int, fresh bool) (view.Figures, time.Time, error) {
	from := v.Told.DayStart()
	sums, err := s.Since(ctx, v.Scope, from, fresh)
	if err != nil {
		return view.Figures{}, time.Time{}, err
	}
	f := view.NewFigures(&sums.Totals, v.House)
	if f.Now = true; up > 0 {
		f.Live = view.Count(int64(up))
	}
	if !v.House {
		return f, sums.At, nil
	}
	f.Waiting = true
	if sums.Unpriced > 0 {
		f.Unpriced = view.Count(sums.Unpriced)
		f.UnpricedPath = "/cdrs?" + url.Values{
			"status": {string(tollgate.ChargeUnpriced)},
			"from":   {from.Format(form.Layout)},
		}.Encode()
	}
	if sums.Unpaid > 0 {
		f.Unpaid = view.Count(sums.Unpaid)
		f.UnpaidPath = "/cdrs?" + url.Values{"account": {payerNobody}, "from": {from.Format(form.Layout)}}.Encode()
	}
	n, err := s.Store.QuarantineCount(ctx, v.Scope)
	if n > 0 {
		f.Quarantined = view.Count(n)
	}
	return f, sums.At, err
}

// newGuide lists the way to the first priced call, nil when it has been walked.
func newGuide(n *view.Names, called bool) *guide {
	operators, trunks := len(n.Operators) > 0, len(n.Directory.Trunks) > 0
	steps := []guideStep{
		{
			Title: "Make a tariff", Done: len(n.Tariffs) > 0, Path: "/tariffs/new", Action: "New tariff",
			Text: "What calls are sold for: rules, and a sheet of rates by prefix.",
		},
		{
			Title: "Make an account", Done: len(n.Accounts) > 0, Path: "/accounts/new", Action: "New company",
			Text: "The company that pays for the calls.",
		},
		{
			Title: "Add an Asterisk", Done: len(n.Devices) > 0, Path: "/devices/new", Action: "Add",
			Text: "Its manager interface and its trunks. Or, under Devices, a system that pushes its calls.",
		},
		{
			Title: "Name the operator", Done: operators && trunks, Path: "/operators", Action: "Name",
			Text: "The carrier behind the trunk, with the tariff it bills you by.",
		},
		{
			Title: "Make a call", Done: called, Path: "/devices", Action: "See the devices",
			Text: "When it ends it appears below with its price, its cost and the reason for both.",
		},
	}
	open := slices.DeleteFunc(slices.Clone(steps), func(step guideStep) bool { return step.Done })
	switch {
	case len(open) == 0:
		return nil
	case called:
		return &guide{Slim: true, Steps: open}
	}
	return &guide{Done: len(steps) - len(open), Steps: steps}
}
