package live

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"tollgate"
	"tollgate/web/form"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// row is a call in progress as the page shows it: what stays, and what runs.
type row struct {
	lasting
	running
	Talk     string
	TimeLeft string // empty: nothing is limited
}

// lasting is what is the same while nothing happens to the call. It is compared
// as a whole: a row in which it differs is sent anew.
type lasting struct {
	Key         string // names the call in the page
	Who         string
	Payer       string
	PayerID     tollgate.ID
	Number      string
	Destination string
	Class       tollgate.Class
	ClassLabel  string
	Trunk       string // empty for people of a company
	Device      string // likewise
	Rule        string
	State, Tone string
	Since       int64 // Unix milliseconds: of the answer, of the start while it rings
	Currency    tollgate.Currency
	Limited     bool
	Final       bool // all the money there is, is held: it ends at Until
	Ample       bool // the money lasts for longer than is counted down
	Priced      bool
	Cancellable bool
	House       bool
}

// running is what changes from second to second.
type running struct {
	Price, Left int64  // micro-units
	Until       int64  // Unix milliseconds: when the money ends; 0: while it rings, ample, or no limit
	HeldTo      string // the talk time that money is held for; empty: as long as it lasts
}

// Beside is the class, empty where the destination says it already.
func (r *row) Beside() string {
	if strings.Contains(strings.ToLower(r.Destination), r.ClassLabel) {
		return ""
	}
	return r.ClassLabel
}

// Line is the trunk without its technology.
func (r *row) Line() string {
	if _, line, found := strings.Cut(r.Trunk, "/"); found {
		return line
	}
	return r.Trunk
}

// PriceAmount is the price so far.
func (r *row) PriceAmount() *view.Amount { return r.amount(r.Price) }

// LeftAmount is what can still be spent beyond what is held for the call.
func (r *row) LeftAmount() *view.Amount { return r.amount(r.Left) }

func (r *row) amount(micro int64) *view.Amount {
	return view.NewAmount(tollgate.Money{Micro: micro, Currency: r.Currency})
}

// Question is what is asked before the call is ended.
func (r *row) Question() string { return "End the call of " + r.Who + " to " + r.Number + "?" }

// newRow makes the view of a call; mayEnd says that the reader may end calls.
func newRow(c *tollgate.LiveCall, v *frame.Reader, mayEnd bool) row {
	r := row{lasting: lasting{
		Key: Key(c.Call), Who: caller(c.Extension, c.Originator, c.Caller), Payer: v.Names.Account(c.Payer), PayerID: c.Payer,
		Number: view.NumberText(&c.Number), Destination: c.Number.Destination, Class: c.Number.Class,
		ClassLabel: view.ClassText(c.Number.Class), Rule: c.Rule, State: "ringing", Tone: "info",
		Since: c.Started.UnixMilli(), Currency: c.Currency,
		Priced: c.Currency != "", Cancellable: c.Cancellable && mayEnd, House: v.House,
	}, running: running{Price: c.Price, Left: c.Left}}
	if v.House {
		r.Trunk, r.Device = c.Trunk, v.Names.Device(c.Call.Device)
	}
	r.count(c, v.Told.Now)
	began := c.Started
	if !c.Answered.IsZero() {
		began = c.Answered
		r.Since, r.State, r.Tone = began.UnixMilli(), "talking", "good"
		if r.Final {
			r.State, r.Tone = "ending", "warn"
		}
	}
	r.Talk = view.Clock(max(v.Told.Now.Sub(began), 0))
	return r
}

// count says for how long the money lasts, and up to which talk time it is held.
func (r *row) count(c *tollgate.LiveCall, now time.Time) {
	end, limited := view.TalkEnds(c)
	if r.Limited = limited; !limited {
		return
	}
	r.Final = c.Final
	r.TimeLeft, r.Ample = view.TalkLeft(c, now)
	if !c.Answered.IsZero() && !r.Ample {
		r.Until = c.Answered.Add(end).UnixMilli()
	}
	if !r.Final {
		r.HeldTo = view.Clock(c.Granted)
	}
}

// Key names a call in a page and in what is sent to it: short, and with none of
// the characters that a telephone system may put into a unique id.
func Key(call tollgate.CallID) string {
	const bytes = 9 // of the hash: twelve letters, and no two calls alike
	sum := sha256.Sum256([]byte(call.String()))
	return base64.RawURLEncoding.EncodeToString(sum[:bytes])
}

// caller is who made the call, and whose line put it into the public network
// where that is another one.
func caller(extension, originator, shown string) string {
	if extension != "" && originator != "" && originator != extension {
		return extension + " via " + originator
	}
	return cmp.Or(extension, originator, shown, "unknown")
}

// matches reports whether a text of the row contains what somebody looks for.
func (r *row) matches(sought string) bool {
	if sought == "" {
		return true
	}
	if digits := form.Digits(sought); digits != "" && strings.Contains(form.Digits(r.Number), digits) {
		return true
	}
	for _, text := range []string{
		r.Who, r.Payer, r.Number, r.Destination, r.ClassLabel, r.Trunk, r.Device, r.State, r.Rule,
	} {
		if strings.Contains(strings.ToLower(text), sought) {
			return true
		}
	}
	return false
}

// sums says in words how many calls there are and what they do.
func sums(rows []row, all int, now time.Time) string {
	if all == 0 {
		return "No call is up at " + now.Format("15:04:05")
	}
	count := map[string]int{}
	for i := range rows {
		count[rows[i].State]++
	}
	text := view.Plural(all, "call", "calls")
	if len(rows) < all {
		text = view.Count(int64(len(rows))) + " of " + text
	}
	parts := []string{text}
	for _, state := range []string{"talking", "ringing", "ending"} {
		if count[state] > 0 {
			parts = append(parts, view.Count(int64(count[state]))+" "+state)
		}
	}
	return strings.Join(parts, " · ")
}
