package web

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a real Chromium.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	messages []string // what the console said: violations of the policy, script errors
}

// newBrowser starts a real Chromium, or skips where there is none.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("start Chromium: %v", err)
		}
		t.Skipf("needs Chromium (Debian package chromium): %v", err)
	}
	b := &browser{t: t}
	var done context.CancelFunc
	b.ctx, done = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(done)
	console := chromedp.Console(b.ctx)
	go func() {
		for message, err := range console {
			if err != nil {
				return
			}
			if strings.HasPrefix(message.String(), "info: Autofocus") {
				continue // we were quicker than the page: it leaves the focus where it is
			}
			b.mu.Lock()
			b.messages = append(b.messages, message.String())
			b.mu.Unlock()
		}
	}()
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// text returns what an element shows.
func (b *browser) text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(selector))
	if err != nil {
		b.t.Fatalf("%s: %v", selector, err)
	}
	return text
}

// wants fails unless an element shows all of the texts.
func (b *browser) wants(selector string, texts ...string) {
	b.t.Helper()
	got := b.text(selector)
	for _, text := range texts {
		if !strings.Contains(got, text) {
			b.t.Errorf("no %q in %s: %s", text, selector, got)
		}
	}
}

// said returns what the console said so far.
func (b *browser) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.messages...)
}

// scheme chooses light or dark, and stops movement.
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

// TestFromSetupToBill walks the way of a newcomer in a real browser.
func TestFromSetupToBill(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t).furnish()
	secret, _, err := h.gate.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(h.url+"/setup/"+secret),
		chromedp.SendKeys("#password", testPassword), chromedp.SendKeys("#again", testPassword),
		chromedp.Click(".button.primary"), chromedp.WaitVisible("#figures"),
		chromedp.Click(".who .link"), chromedp.WaitVisible("#user"))
	b.do(chromedp.SendKeys("#user", "admin"), chromedp.SendKeys("#password", testPassword),
		chromedp.Click(".button.primary"), chromedp.WaitVisible("#figures"),
		chromedp.WaitVisible(`#live-state[data-state="on"]`))

	id := h.call("201", "030555123", 34*time.Second).String()
	b.do(chromedp.WaitVisible("#call-" + id))
	b.wants("#call-"+id, "201", "Reception", "+4930555123", "Berlin", "local", "0:34", "0.017", "0.0113", "0.0057")
	b.do(chromedp.WaitNotPresent("#live-empty"))
	waitText(b, "#figures", "0.017")

	b.do(chromedp.Click("#call-"+id+" td.number"), chromedp.WaitVisible("#call-"+id+" + .why .steps"))
	b.wants("#call-"+id+" + .why", "Berlin (rate 4930)", "34 s × 0.03 / 60 s", "carrier 2026", "Northern Carrier")
	b.do(chromedp.Click("#call-"+id+" td.time a"), chromedp.WaitVisible(".facts"))
	b.wants("#main", "Why it costs what it costs", "Rounded once", "normal clearing", "the extension")

	b.do(chromedp.Navigate(h.url+"/accounts/"+h.hotel.ID.String()),
		chromedp.SendKeys("#recharge-amount", "50.25"), chromedp.SendKeys("#recharge-note", "Cash"),
		chromedp.Click("#recharge .button.primary"), chromedp.WaitVisible(".notice.good"))
	b.wants(".balances", "50.23")
	b.wants("#main", "Recharge", "Cash", "−0.017")

	b.do(chromedp.Navigate(h.url+"/simulator"), chromedp.SendKeys("#number", "+49301234567"),
		chromedp.Click(".button.primary"), chromedp.WaitVisible("#quote"))
	b.wants("#quote", "Berlin", "0.092", "Rounded once")

	if said := b.said(); len(said) > 0 {
		t.Errorf("the console said %q", said)
	}
}

// waitText waits until an element shows a text; it may come and go meanwhile.
func waitText(b *browser, selector, text string) {
	b.t.Helper()
	look := "document.querySelector(" + strconv.Quote(selector) + ")?.innerText ?? ''"
	for range 100 {
		shown, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](look))
		if err != nil {
			b.t.Fatal(err)
		}
		if strings.Contains(shown, text) {
			return
		}
		b.do(chromedp.Sleep(50 * time.Millisecond))
	}
	b.t.Errorf("no %q in %s: %s", text, selector, b.text(selector))
}

// TestPolicyIsWatched proves that a violation of the policy would be seen.
func TestPolicyIsWatched(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t)
	b.do(chromedp.Navigate(h.url + "/login"))
	if said := b.said(); len(said) > 0 {
		t.Fatalf("the console said %q", said)
	}
	const inline = `(() => {
		const s = document.createElement("script");
		s.textContent = "window.broken = 1";
		document.body.append(s);
		return String(window.broken);
	})()`
	ran, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](inline))
	if err != nil || ran != "undefined" {
		t.Errorf("an inline script ran: %s %v", ran, err)
	}
	for range 100 {
		if strings.Contains(strings.Join(b.said(), " "), "Content Security Policy") {
			return
		}
		b.do(chromedp.Sleep(20 * time.Millisecond))
	}
	t.Errorf("the violation was not seen: %q", b.said())
}

// tooWide lists elements that stick out of the page and of every box that
// scrolls, and texts that are cut off without a sign.
const tooWide = `(() => {
	const scrolls = (e) => ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX);
	const name = (e) => e.tagName + "." + e.className + " " + e.textContent.trim().slice(0, 30);
	const edge = document.documentElement.clientWidth + 0.5;
	const bad = [];
	for (const e of document.querySelectorAll("body *")) {
		if (e.closest(".visually-hidden, .skip, thead") || !e.getClientRects().length) continue;
		let inside = false;
		for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) inside ||= scrolls(p);
		if (!inside && e.getBoundingClientRect().right > edge) bad.push("wide " + name(e));
		const style = getComputedStyle(e);
		const clips = ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis";
		if (clips && e.scrollWidth > e.clientWidth + 1 && !["svg", "INPUT"].includes(e.tagName)) bad.push("cut " + name(e));
	}
	const width = document.documentElement.scrollWidth;
	if (width > innerWidth) bad.push("page " + width);
	return bad;
})()`

// TestPagesCanBeRead looks at the gallery on a phone, a tablet and a desk, by
// day and by night: nothing sticks out or is cut off, and no text is too faint.
func TestPagesCanBeRead(t *testing.T) {
	b := newBrowser(t)
	pictures := gallery(t)
	address := galleryServer(t, pictures)
	for _, p := range pictures {
		b.do(chromedp.Navigate(address + "/" + p.name))
		for _, width := range []int64{390, 768, 1440} {
			b.do(chromedp.EmulateViewport(width, 844))
			wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](openAll+tooWide))
			if err != nil || len(wide) > 0 {
				t.Errorf("%s at %d: %q %v", p.name, width, wide, err)
			}
		}
		for _, colours := range []string{"light", "dark"} {
			b.do(scheme(colours))
			faint, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](openAll+contrast))
			if err != nil || len(faint) > 0 {
				t.Errorf("%s %s: %q %v", p.name, colours, faint, err)
			}
		}
	}
}

// openAll opens every explanation and every folded part.
const openAll = `document.querySelectorAll("details").forEach((d) => { d.open = true });`

// contrast lists texts whose contrast with what is behind them is below AA of
// WCAG 2.2 §1.4.3.
const contrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgb = (colour) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const linear = (v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
	const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const colour = rgb(getComputedStyle(e).backgroundColor);
			if (colour[3] === 255) return colour;
		}
		return rgb("Canvas");
	};
	const bad = new Set();
	for (const e of document.querySelectorAll("body *")) {
		if (!e.getClientRects().length || e.closest(".visually-hidden, .skip, svg")) continue;
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
		const a = luminance(rgb(getComputedStyle(e).color)), b = luminance(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) bad.add(e.tagName + "." + e.className + " " + ratio.toFixed(2) + " " + e.textContent.trim().slice(0, 20));
	}
	return [...bad];
})()`

// TestFaintTextIsSeen proves that the look at contrast and width can fail.
func TestFaintTextIsSeen(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t)
	b.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(h.url+"/login"), scheme("light"))
	const spoil = `document.querySelector("h1").style.color = "#999";
		document.querySelector(".lead").style.width = "600px";`
	for _, look := range []string{contrast, tooWide} {
		if bad, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](spoil+look)); err != nil || len(bad) == 0 {
			t.Errorf("nothing was seen: %q %v", bad, err)
		}
	}
}

// TestLiveShowsOnlyOnesOwn keeps two companies apart on the live page.
func TestLiveShowsOnlyOnesOwn(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t).furnish()
	h.user("hotel", access.RoleReader, h.hotel.ID)
	b.do(chromedp.Navigate(h.url+"/login"), chromedp.SendKeys("#user", "hotel"),
		chromedp.SendKeys("#password", testPassword), chromedp.Click(".button.primary"),
		chromedp.WaitVisible(`#live-state[data-state="on"]`))
	foreign := h.call("301", "030555999", 61*time.Second).String()
	own := h.call("201", "030555123", 34*time.Second).String()
	b.do(chromedp.WaitVisible("#call-"+own), chromedp.WaitNotPresent("#call-"+foreign))
	if text := b.text("#main"); strings.Contains(text, "Cost") || strings.Contains(text, "Margin") {
		t.Errorf("a company sees what its calls cost the house: %s", text)
	}
	calls, err := h.db.CDRs(t.Context(), store.Scope(h.hotel.ID), store.CDRFilter{}, store.Paging{})
	if err != nil || len(calls.Items) != 1 || calls.Items[0].Cost.Status != tollgate.ChargePriced {
		t.Errorf("the call should have a cost side: %v %v", calls.Items, err)
	}
}
