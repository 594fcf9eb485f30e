package web

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/live"

	"github.com/chromedp/chromedp"
)

// lines is a switch with calls in progress, as the pages see it.
type lines struct {
	mu    sync.Mutex
	calls []tollgate.LiveCall
	ended []tollgate.CallID
}

func (l *lines) live(owner tollgate.ID) []tollgate.LiveCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.calls), func(c tollgate.LiveCall) bool {
		return owner != 0 && c.Enterprise != owner
	})
}

func (l *lines) cancel(_ context.Context, call tollgate.CallID, cause tollgate.Cause) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.calls, func(c tollgate.LiveCall) bool { return c.Call == call })
	if i < 0 || cause != 16 {
		return tollgate.Errorf(tollgate.CodeNotFound, "call %s is not in progress", call)
	}
	l.ended = append(l.ended, call)
	l.calls = slices.Delete(l.calls, i, i+1)
	return nil
}

func (l *lines) set(calls ...tollgate.LiveCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = calls
}

func (l *lines) change(unique string, change func(*tollgate.LiveCall)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.calls {
		if l.calls[i].Call.UniqueID == unique {
			change(&l.calls[i])
		}
	}
}

// row selects the row of one of someCalls.
func (h *house) row(n string) string { return "#live-" + h.key(n) }

// key is what the page calls one of someCalls.
func (h *house) key(n string) string {
	return live.Key(tollgate.CallID{Device: h.device.ID, UniqueID: "live " + n + ".#1"})
}

// someCalls are calls of both companies: one talks, one is about to end, one
// rings, one has no limit, and one is private.
func (h *house) someCalls() []tollgate.LiveCall {
	now := h.now()
	number := func(e164, destination string, class tollgate.Class) tollgate.Number {
		return tollgate.Number{Raw: e164, E164: e164, Destination: destination, Class: class}
	}
	call := func(n, extension string, to tollgate.Number, up time.Duration) tollgate.LiveCall {
		return tollgate.LiveCall{
			Enterprise: h.hotel.ID, Extension: extension, Originator: extension, Number: to,
			Call:  tollgate.CallID{Device: h.device.ID, UniqueID: "live " + n + ".#1"},
			Trunk: "PJSIP/provider", Payer: h.reception.ID, PaidBy: tollgate.PaidByExtension,
			Started: now.Add(-up - 4*time.Second), Answered: now.Add(-up), Granted: up + 45*time.Second,
			Affords:  25 * time.Minute,
			Currency: "EUR", Reserved: 300_000, Price: int64(up/time.Second) * 1667, Left: 12_500_000, Cancellable: true,
		}
	}
	talks := call("4711001", "201", number("442071838750", "United Kingdom, London", tollgate.ClassInternational),
		3*time.Minute+7*time.Second)
	ending := call("4711002", "202", number("882161234567890", "Satellite", tollgate.ClassInternational),
		95*time.Second)
	ending.Final, ending.Left, ending.Granted, ending.Originator = true, 0, 112*time.Second, "299"
	ending.Affords = ending.Granted
	rings := call("4711003", "203", number("49301234567", "Berlin", tollgate.ClassLocal), 0)
	rings.Answered, rings.Price, rings.Granted = time.Time{}, 0, 10*time.Second
	free := call("4711004", "301", number("4915112345678", "Germany, mobile", tollgate.ClassMobile), 65*time.Minute)
	free.Enterprise, free.Payer, free.Unlimited, free.Cancellable = h.clinic.ID, h.clinic.ID, true, false
	private := call("4711005", "204", number("498912345678", "Munich", tollgate.ClassDomestic), 12*time.Second)
	private.Number.Private, private.Affords = true, 24*time.Hour
	return []tollgate.LiveCall{free, talks, ending, private, rings}
}

func TestLiveCallsAreListed(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("reader", access.RoleReader, 0)
	h.user("hotel", access.RoleOperator, h.hotel.ID)
	h.lines.set(h.someCalls()...)
	v := h.login("admin")
	v.get("/calls").want(t, http.StatusOK, "&#43;442071838750", "United Kingdom", "202 via 299", "ringing",
		"talking", "ending", "no limit", "over 12 h", `<span class="lasts">25:00</span>`, `<span class="lasts">21:5`,
		"0:10</span>",
		"1:05:0", "&#43;49891234XXXX", "5 calls", "PJSIP/provider", "Hang up").lacks(t, "498912345678")
	v.get("/calls?search=satellite").want(t, http.StatusOK, "882161234567890", "1 of 5 calls").lacks(t, "442071838750")
	v.get("/calls?search=%2B44+20+7183").want(t, http.StatusOK, "1 of 5 calls")
	v.get("/calls?search=nobody").want(t, http.StatusOK, "No live call matches")
	newcomer(t).get("/calls").want(t, http.StatusOK, "No device is set to that yet")
	v.get("/").want(t, http.StatusOK, `<a href="/calls">5</a>`, `href="/calls">`)
	h.login("reader").get("/calls").want(t, http.StatusOK, "442071838750").lacks(t, "Hang up")
	h.login("hotel").get("/calls").want(t, http.StatusOK, "442071838750", "Hang up", "4 calls").
		lacks(t, "4915112345678", "PJSIP/provider", "Sommer")
}

func TestLiveCallsAreEnded(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("reader", access.RoleReader, 0)
	h.user("hotel", access.RoleOperator, h.hotel.ID)
	h.lines.set(h.someCalls()...)
	hangup := func(n string, confirmed string) url.Values {
		return url.Values{"call": {h.key(n)}, "confirmed": {confirmed}}
	}
	v := h.login("hotel")
	h.login("reader").post("/calls/hangup", hangup("4711001", "yes")).want(t, http.StatusForbidden)
	v.post("/calls/hangup", hangup("4711001", "")).
		want(t, http.StatusOK, "End the call of 201 to &#43;442071838750?", "End the call</button>")
	for _, n := range []string{"4711004", "1"} { // another company's, and none
		v.post("/calls/hangup", hangup(n, "yes")).want(t, http.StatusSeeOther)
	}
	h.login("admin").post("/calls/hangup", hangup("4711004", "yes")).
		want(t, http.StatusServiceUnavailable, "cannot end calls")
	if len(h.lines.ended) != 0 {
		t.Fatalf("ended %v", h.lines.ended)
	}
	a := v.post("/calls/hangup", hangup("4711001", "yes"))
	a.want(t, http.StatusSeeOther)
	v.get(a.header.Get("Location")).want(t, http.StatusOK, "The call has ended.").lacks(t, "442071838750")
	if len(h.lines.ended) != 1 || h.lines.ended[0].UniqueID != "live 4711001.#1" {
		t.Errorf("ended %v", h.lines.ended)
	}
	a = v.post("/calls/hangup", hangup("4711001", "yes"))
	v.get(a.header.Get("Location")).want(t, http.StatusOK, "The call had ended already.")
	found, err := h.db.OperationLog(t.Context(), store.Scope(h.hotel.ID), store.Paging{})
	if err != nil || len(found.Items) != 1 || found.Items[0].Action != "end call" || found.Items[0].Actor != "hotel" {
		t.Errorf("%+v %v", found.Items, err)
	}
}

// refuse has a call refused.
func (h *house) refuse(extension, originator, dialed string) {
	h.t.Helper()
	g, err := h.office.Authorize(h.t.Context(), tollgate.Attempt{
		Call:      tollgate.CallID{Device: h.device.ID, UniqueID: "refused " + extension + dialed},
		Extension: extension, Originator: originator, Dialed: dialed,
	})
	if err != nil || g.Allowed {
		h.t.Fatal(g, err)
	}
}

func TestRefusedCallsAreListed(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	h.user("hotel", access.RoleReader, h.hotel.ID)
	v := h.login("admin")
	v.get("/calls").want(t, http.StatusOK, `href="/calls/refused"`)
	v.get("/calls/refused").want(t, http.StatusOK, "No call was refused")
	h.refuse("201", "201", "0302101234567")
	h.refuse("209", "<209>", "00442071838750")
	h.refuse("201", "201", "*7*0891234567")
	v.get("/calls/refused").want(t, http.StatusOK, "no credit", "&#43;49302101234567", "Reception", "not allowed",
		"&#43;442071838750", "209 via &lt;209&gt;", ": map the extension to an account.", "&#43;4989123XXXX", "pbx-berlin").
		lacks(t, "891234567")
	h.login("hotel").get("/calls/refused").want(t, http.StatusOK, "no credit", "&#43;49302101234567").
		lacks(t, "442071838750", "pbx-berlin")
}

// TestLiveCallsRun watches the page in a real browser: a price runs up, a call
// appears, another ends by its button.
func TestLiveCallsRun(t *testing.T) {
	b := newBrowser(t)
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	calls := h.someCalls()
	h.lines.set(calls[1:4]...)
	b.do(chromedp.Navigate(h.url+"/login?next=/calls"), chromedp.SendKeys("#user", "admin"),
		chromedp.SendKeys("#password", testPassword), chromedp.Click(".button.primary"),
		chromedp.WaitVisible(`#live-state[data-state="on"]`), chromedp.WaitNotPresent(h.row("4711003")))
	b.wants("#live-sums", "3 calls")
	talk := b.text(h.row("4711001") + " .talk")
	h.lines.change("live 4711001.#1", func(c *tollgate.LiveCall) {
		c.Price, c.Left, c.Granted, c.Affords = 9_007_199_254_740_993, 11_000_001, 5*time.Minute, c.Affords+time.Hour
	})
	waitText(b, h.row("4711001")+" .price", "EUR9,007,199,254.740993")
	b.wants(h.row("4711001")+" .credit", "11.000001")
	b.wants(h.row("4711001")+" .until", "1:21:", "held to 5:00")
	if now := b.text(h.row("4711001") + " .talk"); now == talk {
		t.Errorf("the clock stands still at %s", now)
	}
	h.lines.change("live 4711001.#1", func(c *tollgate.LiveCall) { c.Price = -1_500_000 })
	waitText(b, h.row("4711001")+" .price", "−1.50")
	h.lines.set(append(calls[1:4:4], calls[4])...)
	waitText(b, h.row("4711003")+" .state", "ringing")
	h.lines.change("live 4711003.#1", func(c *tollgate.LiveCall) { c.Answered = h.now() })
	waitText(b, h.row("4711003")+" .state", "talking")
	waitText(b, "#live-sums", "4 calls")
	confirmed := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[any](`window.confirm = () => true; null`))
		return err
	})
	b.do(confirmed, chromedp.Click(h.row("4711002")+" button"), chromedp.WaitVisible(".notice.good"),
		chromedp.WaitNotPresent(h.row("4711002")))
	if len(h.lines.ended) != 1 || h.lines.ended[0].UniqueID != "live 4711002.#1" {
		t.Errorf("ended %v", h.lines.ended)
	}
	h.lines.set()
	b.do(chromedp.WaitVisible("#live-empty"), chromedp.WaitNotPresent(h.row("4711001")))
	if said := b.said(); len(said) > 0 {
		t.Errorf("the console said %q", said)
	}
}

// TestLiveSendsWhatChanged follows a thousand calls and counts what goes over
// the line.
func TestLiveSendsWhatChanged(t *testing.T) {
	h := newHouse(t).furnish()
	h.user("admin", access.RoleAdmin, 0)
	one := h.someCalls()[1]
	many := make([]tollgate.LiveCall, 1100)
	for i := range many {
		many[i] = one
		many[i].Call.UniqueID = strconv.Itoa(i)
	}
	h.lines.set(slices.Clone(many)...)
	v := h.login("admin")
	v.get("/calls").want(t, http.StatusOK, "1,000 of 1,100 calls")
	sent := map[string]int{}
	lines := v.follow("/calls/live").lines
	next := func(event string) string { return nextEvent(t, lines, event, sent) }
	if rows := strings.Count(next("all"), "<tr"); rows != 1000 {
		t.Errorf("%d rows", rows)
	}
	next("tick")
	h.lines.set(slices.Clone(many[:1000])...)
	if gone := strings.Fields(strings.TrimPrefix(next("gone"), "data: ")); len(gone) != 100 {
		t.Errorf("%d are gone", len(gone))
	}
	next("tick")
	for i := range many {
		many[i].Price += 1667
	}
	sent["tick"] = 0
	h.lines.set(many[:1000]...)
	changed := next("tick")
	for !strings.Contains(changed, "rows") { // it was on its way when prices changed
		changed = next("tick")
	}
	if n := strings.Count(changed, `],[`); n != 999 {
		t.Errorf("%d prices changed", n+1)
	}
	t.Logf("1,000 calls: %d bytes once, %d bytes a second while every price runs", sent["all"], sent["tick"])
	if sent["tick"] > 64<<10 {
		t.Errorf("%d bytes in one second for prices alone", sent["tick"])
	}
	if quiet := next("tick"); strings.Contains(quiet, "rows") {
		t.Errorf("nothing changed and it sent %s", quiet)
	}
}

// nextEvent reads on to the next event of a name and returns its data, and adds
// its size to what was sent under that name.
func nextEvent(t *testing.T, stream *bufio.Reader, name string, sent map[string]int) string {
	t.Helper()
	var data strings.Builder
	for found := false; ; {
		line, err := stream.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.TrimSpace(line) == "event: "+name:
			found = true
		case found && line == "\n":
			return data.String()
		case found:
			sent[name] += len(line)
			data.WriteString(line)
		}
	}
}
