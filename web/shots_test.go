package web

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "write a picture of every sample page to this folder")

// sampleServer serves the sample pages with the real assets and headers.
func sampleServer(t *testing.T) string {
	t.Helper()
	a, err := newAssets()
	if err != nil {
		t.Fatal(err)
	}
	v, err := newViews(a)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assets/{name}", a.serve)
	for _, each := range samples() {
		body, err := v.render(each.template, each.layout, each.page)
		if err != nil {
			t.Fatal(err)
		}
		mux.HandleFunc("GET /"+each.name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(body)
		})
	}
	server := httptest.NewServer(guard(mux))
	t.Cleanup(server.Close)
	return server.URL
}

// TestScreenshots is for looking: go test ./web -run Screenshots -shots DIR.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		return
	}
	b := newBrowser(t)
	url := sampleServer(t)
	for _, each := range samples() {
		for _, width := range []int64{1440, 390} {
			for _, colours := range []string{"light", "dark"} {
				b.do(scheme(colours), chromedp.EmulateViewport(width, 900), chromedp.Navigate(url+"/"+each.name))
				open := `document.querySelectorAll(".calls details").forEach((d, i) => { d.open = [0, 3].includes(i) })`
				if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](open)); err != nil {
					t.Fatal(each.name, err)
				}
				png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(each.name, err)
				}
				name := fmt.Sprintf("%s_%d_%s.png", each.name, width, colours)
				if err := os.WriteFile(filepath.Join(*shots, name), png, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
