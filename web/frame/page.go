package frame

import (
	"net/http"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/view"
)

// Page is what every page shows around its own content. Each page embeds it.
type Page struct {
	Title   string
	Section string // the entry of the menu it belongs to
	Menu    []view.Entry
	Who     string
	Role    string
	Company string // the enterprise somebody is confined to; empty: the house
	House   bool   // may see what calls cost the house
	Notice  *view.Notice
	Zone    string
	Version string
	told    view.Clockwork
}

// Time prints a time in the zone of the page.
func (p *Page) Time(t time.Time) string { return view.Instant(t, p.told.Zone) }

func (p *Page) frame() *Page { return p }

// framed is any page.
type framed interface{ frame() *Page }

// Send completes a page for whom the request is from and sends it.
func (s *Site) Send(w http.ResponseWriter, r *http.Request, status int, name string, p framed) error {
	f := p.frame()
	f.Version = s.Version
	layout := "door"
	if who, ok := access.PrincipalOf(r.Context()); ok {
		layout = "layout"
		if err := s.complete(r, who, f); err != nil {
			return err
		}
	}
	body, err := s.Views.Render(name, layout, p)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the reader is gone: nobody to tell
	return nil
}

// menu lists what somebody may open; waits says how much waits under a label.
func menu(who access.Principal, section string, waits map[string]string) []view.Entry {
	entries := []struct {
		view.Entry
		needs access.Permission
	}{
		{view.Entry{Label: "Overview", Path: "/", Icon: "overview"}, access.ReadCalls},
		{view.Entry{Label: "Live", Path: "/calls", Icon: "live"}, access.ReadCalls},
		{view.Entry{Label: "Calls", Path: "/cdrs", Icon: "calls"}, access.ReadCalls},
		{view.Entry{Label: "Accounts", Path: "/accounts", Icon: "accounts"}, access.ReadCalls},
		{view.Entry{Label: "Cards", Path: "/cards", Icon: "cards"}, access.ReadCalls},
		{view.Entry{Label: "Tariffs", Path: "/tariffs", Icon: "tariffs"}, access.ReadHouse},
		{view.Entry{Label: "Simulator", Path: "/simulator", Icon: "simulator"}, access.ReadCalls},
		{view.Entry{Label: "Devices", Path: "/devices", Icon: "devices"}, access.ReadHouse},
		{view.Entry{Label: "Operators", Path: "/operators", Icon: "operators"}, access.ReadHouse},
		{view.Entry{Label: "Alerts", Path: "/alerts", Icon: "alerts"}, access.ReadCalls},
		{view.Entry{Label: "Quarantine", Path: "/quarantine", Icon: "quarantine"}, access.ReadHouse},
		{view.Entry{Label: "Log", Path: "/log", Icon: "log"}, access.Administer},
	}
	var out []view.Entry
	for _, e := range entries {
		if !who.May(e.needs) {
			continue
		}
		e.Current = e.Label == section
		e.Count = waits[e.Label]
		out = append(out, e.Entry)
	}
	return out
}

// complete fills in what every page shows to somebody who is logged in.
func (s *Site) complete(r *http.Request, who access.Principal, f *Page) error {
	n, err := s.Names(r.Context())
	if err != nil {
		return err
	}
	waits, err := s.waits(r, who)
	if err != nil {
		return err
	}
	f.Menu = menu(who, f.Section, waits)
	f.Who, f.Role = who.Name, string(who.Role)
	f.Company, f.House = n.Account(who.Enterprise), who.May(access.ReadHouse)
	f.told = view.Clockwork{Zone: s.zone(n, who), Now: s.Now()}
	f.Zone = view.ZoneText(f.told.Zone, f.told.Now)
	if f.Notice == nil {
		f.Notice = doneNotice(r.URL.Query().Get("done"))
	}
	return nil
}

// Alerts count in the menu while they are younger, and not beyond the most.
const (
	recentAlert     = 24 * time.Hour
	recentAlertsMax = 99
)

// waits counts what waits for somebody, by the label of its page.
func (s *Site) waits(r *http.Request, who access.Principal) (map[string]string, error) {
	waits := map[string]string{}
	alerts, err := s.Store.Alerts(r.Context(), who.Scope(), store.Paging{Rows: recentAlertsMax})
	if err != nil {
		return nil, err
	}
	recent := 0
	for i := range alerts.Items {
		if s.Now().Sub(alerts.Items[i].At) < recentAlert {
			recent++
		}
	}
	if recent > 0 {
		waits["Alerts"] = view.Count(int64(recent))
	}
	if recent == recentAlertsMax && alerts.Next != "" {
		waits["Alerts"] += "+"
	}
	if !who.May(access.ReadHouse) {
		return waits, nil
	}
	quarantined, err := s.Store.QuarantineCount(r.Context(), who.Scope())
	if quarantined > 0 {
		waits["Quarantine"] = view.Count(quarantined)
	}
	return waits, err
}

// doneNotice says what the action did that led to a page.
func doneNotice(done string) *view.Notice {
	texts := map[string]string{
		"recharge": "The recharge is posted.", "correct": "The correction is posted.", "used": "What was used is corrected.",
		"freeze": "The account is frozen: its calls are refused from now on.", "unfreeze": "The account is active again.",
		"account": "The account is saved.", "device": "The device is saved.",
		"tariff": "The tariff is saved.", "deck": "The rates are imported.",
		"trunk": "The trunk is saved.", "rule": "The call rule is saved.", "extension": "The extension is saved.",
		"unlock": "The card is unlocked.", "block": "The card is blocked.", "unblock": "The card is active again.",
		"permit": "The permission is given.", "group": "The group is saved.",
		"hangup": "The call has ended.", "over": "The call had ended already.",
		"operator": "The operator is saved.", "removed": "Removed.",
	}
	if text := texts[done]; text != "" {
		return &view.Notice{Tone: "good", Text: text}
	}
	return nil
}

// statusOf translates an error code for a browser.
func statusOf(code tollgate.ErrorCode) int {
	switch code {
	case tollgate.CodeInvalid, tollgate.CodeNoCredit, tollgate.CodeFrozen:
		return http.StatusUnprocessableEntity
	case tollgate.CodeUnauthenticated:
		return http.StatusUnauthorized
	case tollgate.CodeForbidden:
		return http.StatusForbidden
	case tollgate.CodeNotFound:
		return http.StatusNotFound
	case tollgate.CodeConflict:
		return http.StatusConflict
	case tollgate.CodeUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
