package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"tollgate"
	"tollgate/access"
)

//go:embed template/*.html
var templateFiles embed.FS

// page is what every page shows around its own content. Each page embeds it.
type page struct {
	Title   string
	Section string // the entry of the menu it belongs to
	Menu    []entry
	Who     string
	Role    string
	Company string // the enterprise somebody is confined to; empty: the house
	House   bool   // may see what calls cost the house
	Notice  *notice
	Zone    string
	Version string
}

func (p *page) frame() *page { return p }

// framed is any page.
type framed interface{ frame() *page }

// entry is a line of the menu.
type entry struct {
	Label, Path, Icon string
	Current           bool
	Count             string // what waits there; empty: nothing
}

// notice is one line above the content: what was done, or what to know.
type notice struct{ Tone, Text string }

// link is a place to go.
type link struct{ Label, Path string }

// fact is a line of a list of properties.
type fact struct {
	Label, Value string
	Path         string
	Mono         bool
}

// pager leads through a list that does not fit on a page.
type pager struct {
	Text, Back, Next     string
	BackLabel, NextLabel string // empty: of a list with the newest first
}

// icons are drawn on a grid of 16 by strokes of 1.6.
const iconPaths = `overview M2.5 9.5h3v4h-3zM6.7 5.5h3v8h-3zM10.9 2.5h3v11h-3z
calls M3 2.5h2.6l1.2 3-1.6 1.2a8 8 0 0 0 4.1 4.1l1.2-1.6 3 1.2V13a1 1 0 0 1-1.1 1A11 11 0 0 1 2 3.6 1 1 0 0 1 3 2.5z
accounts M2.5 4.5h11v8h-11zM2.5 7.2h11M5 10.2h2.5
tariffs M8.6 2.5h4.9v4.9l-6 6-4.9-4.9zM10.9 5.1h.01
simulator M3.5 2.5h9v11h-9zM5.8 5h4.4M5.8 8h.01M8 8h.01M10.2 8h.01M5.8 10.8h.01M8 10.8h.01M10.2 10.8h.01
devices M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01
operators M8 9.2v4.3M5.4 6.8a3.7 3.7 0 0 1 5.2 0M3.2 4.6a6.8 6.8 0 0 1 9.6 0M8 9.2h.01
quarantine M8 2.6l6 10.6H2zM8 6.6v3M8 11.4h.01
log M4 2.5h8v11H4zM6.2 5.5h3.6M6.2 8h3.6M6.2 10.5h2
chevron M6 3.5l4.5 4.5L6 12.5
download M8 2.5v7.5M4.8 7L8 10.2 11.2 7M2.8 13.2h10.4
plus M8 3v10M3 8h10
replay M3 8a5 5 0 1 0 1.6-3.7M3 2.6v2.6h2.6`

// views holds the compiled pages.
type views struct{ pages map[string]*template.Template }

func newViews(a *assets) (*views, error) {
	icons := map[string]template.HTML{}
	for line := range strings.Lines(iconPaths) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		icons[name] = template.HTML(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="` + //nolint:gosec // our own constant
			path + `"/></svg>`)
	}
	base, err := template.New("").Funcs(template.FuncMap{
		"asset": a.path,
		"icon":  func(name string) template.HTML { return icons[name] },
	}).ParseFS(templateFiles, "template/layout.html", "template/parts.html")
	if err != nil {
		return nil, fmt.Errorf("read the page layout: %w", err)
	}
	entries, err := templateFiles.ReadDir("template")
	if err != nil {
		return nil, fmt.Errorf("list the page templates: %w", err)
	}
	v := &views{pages: map[string]*template.Template{"": base}}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, "template/"+e.Name())
		}
		if err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
		v.pages[name] = t
	}
	return v, nil
}

// render makes a whole page in memory, so that a fault never leaves half of one.
func (v *views) render(name, layout string, p framed) ([]byte, error) {
	t, ok := v.pages[name]
	if !ok {
		return nil, fmt.Errorf("no page template %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, layout, p); err != nil {
		return nil, fmt.Errorf("render the page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// part renders one named part, such as a row for the live page.
func (v *views) part(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := v.pages[""].ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("render the part %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// show completes a page for whom the request is from and sends it.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name string, p framed) error {
	f := p.frame()
	f.Version = s.Version
	layout := "door"
	if who, ok := access.PrincipalOf(r.Context()); ok {
		layout = "layout"
		if err := s.complete(r, who, f); err != nil {
			return err
		}
	}
	body, err := s.views.render(name, layout, p)
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

// menu lists what somebody may open.
func menu(who access.Principal, section string, quarantined int64) []entry {
	entries := []struct {
		entry
		needs access.Permission
	}{
		{entry{Label: "Overview", Path: "/", Icon: "overview"}, access.ReadCalls},
		{entry{Label: "Calls", Path: "/cdrs", Icon: "calls"}, access.ReadCalls},
		{entry{Label: "Accounts", Path: "/accounts", Icon: "accounts"}, access.ReadCalls},
		{entry{Label: "Tariffs", Path: "/tariffs", Icon: "tariffs"}, access.ReadHouse},
		{entry{Label: "Simulator", Path: "/simulator", Icon: "simulator"}, access.ReadCalls},
		{entry{Label: "Devices", Path: "/devices", Icon: "devices"}, access.ReadHouse},
		{entry{Label: "Operators", Path: "/operators", Icon: "operators"}, access.ReadHouse},
		{entry{Label: "Quarantine", Path: "/quarantine", Icon: "quarantine"}, access.ReadHouse},
		{entry{Label: "Log", Path: "/log", Icon: "log"}, access.Administer},
	}
	var out []entry
	for _, e := range entries {
		if !who.May(e.needs) {
			continue
		}
		e.Current = e.Label == section
		if e.Label == "Quarantine" && quarantined > 0 {
			e.Count = count(quarantined)
		}
		out = append(out, e.entry)
	}
	return out
}

// complete fills in what every page shows to somebody who is logged in.
func (s *site) complete(r *http.Request, who access.Principal, f *page) error {
	n, err := s.names(r.Context())
	if err != nil {
		return err
	}
	waiting := int64(0)
	if who.May(access.ReadHouse) {
		if waiting, err = s.Store.QuarantineCount(r.Context(), who.Scope()); err != nil {
			return err
		}
	}
	f.Menu = menu(who, f.Section, waiting)
	f.Who, f.Role = who.Name, string(who.Role)
	f.Company, f.House = n.account(who.Enterprise), who.May(access.ReadHouse)
	f.Zone = zoneText(s.zone(n, who), s.Now())
	if f.Notice == nil {
		f.Notice = doneNotice(r.URL.Query().Get("done"))
	}
	return nil
}

// doneNotice says what the action did that led to a page.
func doneNotice(done string) *notice {
	texts := map[string]string{
		"recharge": "The recharge is posted.", "correct": "The correction is posted.",
		"freeze": "The account is frozen: calls are still recorded and charged.", "unfreeze": "The account is active again.",
		"account": "The account is saved.", "device": "The device is saved.",
		"tariff": "The tariff is saved.", "deck": "The rates are imported.",
		"trunk": "The trunk is saved.", "extension": "The extension is saved.",
		"operator": "The operator is saved.", "removed": "Removed.",
	}
	if text := texts[done]; text != "" {
		return &notice{Tone: "good", Text: text}
	}
	return nil
}

// zone is where the times of a page are told: the zone of the enterprise that
// somebody belongs to, else the site's.
func (s *site) zone(n *names, who access.Principal) *time.Location {
	if a := n.accounts[who.Enterprise]; a != nil && a.Timezone != "" {
		if zone, err := time.LoadLocation(a.Timezone); err == nil {
			return zone
		}
	}
	return s.Zone
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
	}
	return http.StatusInternalServerError
}
