package asterisk

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

const (
	cdrSentMax = 500             // legs remembered so that their lines are not taken again
	cdrSentFor = 24 * time.Hour  // and how long
	cdrSlack   = 5 * time.Second // by how much a line's whole seconds and a leg's may differ
)

// cdrGap decides which lines of a CDR file are legs that the manager interface
// did not report because it was not connected.
type cdrGap struct {
	mu      sync.Mutex
	sent    []cdrSent
	lost    map[string]bool // channels of legs that were in progress when the connection was lost
	waiting []cdrWaiting
	loaded  bool
}

// cdrSent is a leg the manager interface reported.
type cdrSent struct {
	Channel string    `json:"channel"`
	End     time.Time `json:"end"`
}

type cdrWaiting struct {
	row      cdrRow
	due      time.Time
	position int64
}

// saw notes legs that the manager interface reported.
func (j *journal) saw(legs []Leg) {
	g := &j.cdr
	g.mu.Lock()
	g.load(j.connector)
	for i := range legs {
		g.sent = appendBounded(g.sent, cdrSent{legs[i].Channel, legs[i].End}, cdrSentMax)
		delete(g.lost, legs[i].Channel)
	}
	text, err := json.Marshal(g.sent)
	g.mu.Unlock()
	if err == nil {
		j.connector.keep(stateSent, string(text))
	}
}

// load reads what an earlier run of the program sent. The lock is held.
func (g *cdrGap) load(c *Connector) {
	if g.loaded {
		return
	}
	g.loaded = true
	// What cannot be read is not known: a leg may then be reported twice, as a CDR.
	_ = json.Unmarshal([]byte(c.kept(stateSent)), &g.sent)
}

// reported reports whether a line is about a leg that was sent already.
func (g *cdrGap) reported(r *cdrRow) bool {
	for _, s := range g.sent {
		if s.Channel == r.dstChannel && !r.start.After(s.End) && !r.end.After(s.End.Add(cdrSlack)) &&
			s.End.Sub(r.end) < cdrSentFor {
			return true
		}
	}
	return false
}

// takeCDR keeps a line until the manager interface had its chance to report it.
func (j *journal) takeCDR(_ context.Context, line []byte, position int64) bool {
	c := j.connector
	row, err := parseCDRRow(line, c.config.Location)
	if err != nil {
		return false
	}
	j.cdr.mu.Lock()
	defer j.cdr.mu.Unlock()
	j.cdr.waiting = append(j.cdr.waiting, cdrWaiting{row, c.config.Now().Add(c.config.JournalGrace), position})
	return true
}

// tickCDR sends the lines whose time is up and which nobody else reports.
func (j *journal) tickCDR(ctx context.Context, now time.Time) {
	c, g := j.connector, &j.cdr
	up, since := c.upSince()
	known := newTrunks(c.config.AMI.Trunks)
	var legs []Leg
	g.mu.Lock()
	g.load(c)
	rest := g.waiting[:0]
	for _, w := range g.waiting {
		leg, onTrunk := w.row.leg(&known)
		switch {
		case !onTrunk || g.reported(&w.row):
		case now.Before(w.due) || g.lost[w.row.dstChannel]:
			rest = append(rest, w)
		case up && w.row.start.After(since): // followed from its beginning to its end
		default:
			legs = append(legs, leg)
		}
	}
	clear(g.waiting[len(rest):])
	g.waiting = rest
	g.mu.Unlock()
	if err := c.desk.live(ctx, legs); err != nil {
		return
	}
}

// needed returns the lowest position of a line that waits, or limit.
func (g *cdrGap) needed(limit int64) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range g.waiting {
		limit = min(limit, w.position)
	}
	return limit
}

// losing notes which legs were in progress when the connection was lost.
func (j *journal) losing(open []Leg) {
	j.cdr.mu.Lock()
	defer j.cdr.mu.Unlock()
	j.cdr.lost = make(map[string]bool, len(open))
	for i := range open {
		j.cdr.lost[open[i].Channel] = true
	}
}

// ended gives legs that ended while nobody listened the end that their lines
// say, where there is one.
func (j *journal) ended(legs []Leg) []Leg {
	g := &j.cdr
	g.mu.Lock()
	for i := range legs {
		leg := &legs[i]
		for _, w := range g.waiting {
			if w.row.dstChannel == leg.Channel && w.row.end.After(leg.End) {
				leg.End, leg.Estimated, leg.Cause = w.row.end, false, causeOf(w.row.disposition)
			}
		}
	}
	clear(g.lost)
	g.mu.Unlock()
	j.saw(legs)
	return legs
}
