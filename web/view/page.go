package view

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed template/*.html
var templateFiles embed.FS

// icons are drawn on a grid of 16 by strokes of 1.6.
const iconPaths = `overview M2.5 9.5h3v4h-3zM6.7 5.5h3v8h-3zM10.9 2.5h3v11h-3z
calls M3 2.5h2.6l1.2 3-1.6 1.2a8 8 0 0 0 4.1 4.1l1.2-1.6 3 1.2V13a1 1 0 0 1-1.1 1A11 11 0 0 1 2 3.6 1 1 0 0 1 3 2.5z
live M1.5 8h3l2-4.5 3 9 2-4.5h3
accounts M8 8a2.6 2.6 0 1 0 0-5.2A2.6 2.6 0 0 0 8 8zM3 13.4c.4-2.6 2.3-3.6 5-3.6s4.6 1 5 3.6
cards M2.5 4h11v8.5h-11zM2.5 6.8h11M5 10h1M8 10h3
alerts M8 2.2a3.8 3.8 0 0 1 3.8 3.8c0 3.6 1.6 4.6 1.6 5.2H2.6c0-.6 1.6-1.6 1.6-5.2A3.8 3.8 0 0 1 8 2.2zM6.6 13.4h2.8
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

// Pages holds the compiled pages.
type Pages struct{ pages map[string]*template.Template }

// NewPages compiles the embedded templates.
func NewPages(a *Assets) (*Pages, error) {
	icons := map[string]template.HTML{}
	for line := range strings.Lines(iconPaths) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		icons[name] = template.HTML(`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="` + //nolint:gosec // our own constant
			path + `"/></svg>`)
	}
	base, err := template.New("").Funcs(template.FuncMap{
		"asset": a.Path, "dash": OrDash, "join": strings.Join, "cause": CauseText, "rule": RuleText,
		"source": SourceText, "duration": DurationText, "price": PriceText, "peak": PeakText,
		"rounding": RoundingText,
		"icon":     func(name string) template.HTML { return icons[name] },
	}).ParseFS(templateFiles, "template/layout.html", "template/parts.html")
	if err != nil {
		return nil, fmt.Errorf("read the page layout: %w", err)
	}
	entries, err := templateFiles.ReadDir("template")
	if err != nil {
		return nil, fmt.Errorf("list the page templates: %w", err)
	}
	v := &Pages{pages: map[string]*template.Template{"": base}}
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

// Render makes a whole page in memory, so that a fault never leaves half of one.
func (v *Pages) Render(name, layout string, page any) ([]byte, error) {
	t, ok := v.pages[name]
	if !ok {
		return nil, fmt.Errorf("no page template %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, layout, page); err != nil {
		return nil, fmt.Errorf("render the page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// Part renders one named part, such as a row for the live page.
func (v *Pages) Part(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := v.pages[""].ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("render the part %s: %w", name, err)
	}
	return b.Bytes(), nil
}
