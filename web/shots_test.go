package web

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var shots = flag.String("shots", "", "write a picture of every page of the gallery to this folder")

// TestScreenshots is for looking: go test ./web -run Screenshots -shots DIR.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		return
	}
	b := newBrowser(t)
	pictures := gallery(t)
	address := galleryServer(t, pictures)
	const pause = 150 * time.Millisecond // for what moves to have moved
	const open = `document.querySelectorAll(".calls details").forEach((d, i) => { d.open = [0, 3].includes(i) })`
	for _, p := range pictures {
		for _, width := range []int64{1440, 390} {
			for _, colours := range []string{"light", "dark"} {
				b.do(scheme(colours), chromedp.EmulateViewport(width, 900), chromedp.Navigate(address+"/"+p.name))
				if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](open)); err != nil {
					t.Fatal(p.name, err)
				}
				b.do(chromedp.Sleep(pause))
				png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(p.name, err)
				}
				file := filepath.Join(*shots, fmt.Sprintf("%s_%d_%s.png", p.name, width, colours))
				if err := os.WriteFile(file, png, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
