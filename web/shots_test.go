package web

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "write a picture of every sample page to this folder")

// browser starts a real Chromium, or skips where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("start Chromium: %v", err)
		}
		t.Skipf("needs Chromium: %v", err)
	}
	return ctx
}

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

// tooWide lists elements that stick out of the page and of every box that scrolls.
const tooWide = `[...document.querySelectorAll("body *")].filter(e => {
	if (e.closest(".visually-hidden, .skip, thead") || !e.getClientRects().length) return false;
	for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
		if (["auto", "scroll", "hidden"].includes(getComputedStyle(p).overflowX)) return false;
	return e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
}).map(e => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().right))
	.concat(document.documentElement.scrollWidth > innerWidth ? ["page " + document.documentElement.scrollWidth] : [])`

func scheme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: name},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	})
}

// TestScreenshots is for looking: go test ./web -run Screenshots -shots DIR.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		return
	}
	ctx, cancel := context.WithTimeout(browser(t), 5*time.Minute)
	defer cancel()
	url := sampleServer(t)
	for _, each := range samples() {
		for _, width := range []int64{1440, 390} {
			for _, colours := range []string{"light", "dark"} {
				err := chromedp.Do(ctx, scheme(colours), chromedp.EmulateViewport(width, 900),
					chromedp.Navigate(url+"/"+each.name))
				if err != nil {
					t.Fatal(each.name, err)
				}
				open := `document.querySelectorAll(".calls details").forEach((d, i) => { d.open = [0, 3].includes(i) })`
				if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](open)); err != nil {
					t.Fatal(each.name, err)
				}
				if wide, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](tooWide)); err != nil || len(wide) > 0 {
					t.Errorf("%s at %d: too wide: %q %v", each.name, width, wide, err)
				}
				png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
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
