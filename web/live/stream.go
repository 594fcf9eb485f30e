package live

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"tollgate/access"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// pace is the time between two looks at the calls.
const pace = time.Second

// Stream sends the calls in progress once, and from then on each second what
// changed: rows that are new or no longer the same as HTML (calls), those that
// ended (gone), and the amounts that run (tick).
func (s Pages) Stream(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	f := &follower{
		site: s, r: r, who: who, out: s.Site.Stream(w), sought: sought(r), shown: map[string]shown{},
	}
	if err := f.run(); err != nil && r.Context().Err() == nil {
		s.Log.Warn("page of live calls ended", "who", who.Name, "error", err)
	}
	return nil
}

// follower is one open page.
type follower struct {
	site   Pages
	r      *http.Request
	who    access.Principal
	out    *frame.Stream
	sought string
	begun  bool
	rested time.Time
	said   string
	shown  map[string]shown
}

// shown is what the page shows of a call.
type shown struct {
	lasting
	running
	round int // when it was last there
}

// tick is what runs: in the order key, price, left, until, held; what has not changed
// is null, and left out at the end.
type tick struct {
	Now  int64   `json:"now"` // Unix milliseconds
	Text string  `json:"text,omitzero"`
	Rows [][]any `json:"rows,omitzero"`
}

func (f *follower) run() error {
	ticker, end := time.NewTicker(pace), time.NewTimer(frame.StreamLife)
	defer ticker.Stop()
	defer end.Stop()
	for round := 1; ; round++ {
		if err := f.send(round); err != nil {
			return err
		}
		select {
		case <-f.r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-ticker.C:
		}
	}
}

// send writes what changed since the last round.
func (f *follower) send(round int) error {
	v, err := f.site.Reader(f.r, f.who)
	if err != nil {
		return err
	}
	rows, text := f.site.rows(v, f.who, f.sought)
	now := tick{Now: v.Told.Now.UnixMilli()}
	var fresh []row
	for i := range rows {
		was, known := f.shown[rows[i].Key]
		if !known || was.lasting != rows[i].lasting {
			fresh = append(fresh, rows[i])
		} else if change := changed(&was.running, &rows[i]); change != nil {
			now.Rows = append(now.Rows, change)
		}
		f.shown[rows[i].Key] = shown{rows[i].lasting, rows[i].running, round}
	}
	if err := f.sendGone(round); err != nil {
		return err
	}
	if err := f.sendFresh(fresh); err != nil {
		return err
	}
	if text != f.said {
		f.said, now.Text = text, text
	}
	return f.sendTick(v.Told.Now, now, len(rows) > 0)
}

// sendTick lets the clocks of the page go on; a page without calls needs only
// a sign of life.
func (f *follower) sendTick(at time.Time, now tick, any bool) error {
	if !any && now.Text == "" {
		if at.Sub(f.rested) < frame.StreamRest {
			return nil
		}
		f.rested = at
		return f.out.Rest()
	}
	f.rested = at
	data, err := json.Marshal(now)
	if err != nil {
		return err
	}
	return f.out.Event("tick", data)
}

// changed lists what runs in a row where it differs; nil where nothing does.
func changed(was *running, is *row) []any {
	if *was == is.running {
		return nil
	}
	change := []any{is.Key, nil, nil, nil, nil}
	if was.Price != is.Price {
		change[1] = amountText(is.PriceAmount())
	}
	if was.Left != is.Left {
		change[2] = amountText(is.LeftAmount())
	}
	if was.Until != is.Until {
		change[3] = is.Until
	}
	if was.HeldTo != is.HeldTo {
		change[4] = is.HeldTo
	}
	for change[len(change)-1] == nil {
		change = change[:len(change)-1]
	}
	return change
}

// amountText is an amount as the page shows it, without its currency.
func amountText(a *view.Amount) string {
	sign := ""
	if a.Minus {
		sign = "−"
	}
	return sign + a.Whole + a.Rest
}

// sendGone tells which calls are no longer there.
func (f *follower) sendGone(round int) error {
	var gone []string
	for key, each := range f.shown {
		if each.round != round {
			gone = append(gone, key)
			delete(f.shown, key)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return f.out.Event("gone", []byte(strings.Join(gone, " ")))
}

// sendFresh sends rows that the page does not show, or no longer as they are.
// The first event is the whole list: the page may be older than that.
func (f *follower) sendFresh(fresh []row) error {
	event := "calls"
	if !f.begun {
		f.begun, event = true, "all"
	} else if len(fresh) == 0 {
		return nil
	}
	var html bytes.Buffer
	for i := range fresh {
		part, err := f.site.Views.Part("liverow", &fresh[i])
		if err != nil {
			return err
		}
		html.Write(part)
	}
	return f.out.Event(event, html.Bytes())
}
