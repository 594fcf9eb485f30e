package asterisk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tollgate/pbx/asterisk/tail"
)

const (
	rememberEvery = 2 * time.Second  // between saved positions while calls go on
	signSaveEvery = 30 * time.Second // between saved signs of life while nothing goes on
	holdMax       = 24 * time.Hour   // a channel older than this no longer holds the position back
)

// journal follows the file that Asterisk writes beside the manager interface:
// the CEL journal, from which legs are made independently, or where there is
// none the CDR file, which only fills gaps.
type journal struct {
	connector *Connector
	isCEL     bool
	file      *tail.File
	tracker   *Tracker
	cdr       cdrGap
	requests  chan func(ctx context.Context)

	remembered   tail.Place
	rememberedAt time.Time

	mu    sync.Mutex
	floor tail.Place // where to read running calls from again
	known bool       // floor is set
}

func newJournal(c *Connector) *journal {
	j := &journal{connector: c, requests: make(chan func(context.Context), 16)}
	if j.isCEL = c.config.AMI.CELFile != ""; j.isCEL {
		j.file = tail.New(c.config.AMI.CELFile)
		j.tracker = NewTracker(c.trackerConfig())
	} else {
		j.file = tail.New(c.config.AMI.CDRFile)
	}
	return j
}

// run follows the file until ctx ends.
func (j *journal) run(ctx context.Context) {
	c := j.connector
	defer j.file.Close()
	j.open()
	for {
		more, err := j.poll(ctx)
		if ctx.Err() == nil {
			j.trouble(err)
		}
		more = more && err == nil
		if !more {
			select {
			case request := <-j.requests:
				if _, err := j.poll(ctx); err == nil { // what it asks about may just have been written
					request(ctx)
				}
				continue
			case <-ctx.Done():
			default:
			}
			if sleep(ctx, c.config.JournalPoll) != nil {
				return
			}
		}
	}
}

// open goes on where the last run of the program stopped.
func (j *journal) open() {
	c := j.connector
	p, saved := c.savedPlace()
	switch {
	case saved && p.Print != "" && j.file.Resume(p):
	case saved && p.Print != "":
		c.config.Log.Error("asterisk: the journal read so far is gone; calls since then may be missing",
			"file", j.file.Path())
	case !saved:
		_ = j.file.Fresh() // polling says what is wrong with the file
	}
	var begin tail.Place // of a file that is not there yet: its beginning
	if j.file.Opened() {
		begin = j.file.Place(j.file.Position())
	}
	j.remember(begin, true)
}

// poll takes in what was added to the file.
func (j *journal) poll(ctx context.Context) (more bool, err error) {
	c := j.connector
	take := j.takeCDR
	if j.isCEL {
		take = j.takeCEL
	}
	rejected := uint64(0)
	long, more, err := j.file.Poll(func(line []byte, position int64) error {
		if !take(ctx, line, position) && len(line) > 0 {
			rejected++
		}
		return c.desk.outbox.throttle(ctx)
	})
	now := c.config.Now()
	c.desk.tick(now)
	if !j.isCEL {
		j.tickCDR(ctx, now)
	}
	if j.file.Opened() {
		floor := j.file.Position()
		if j.isCEL {
			floor = c.desk.floor(j.tracker.needed(floor))
		} else {
			floor = j.cdr.needed(floor)
		}
		j.remember(j.file.Place(floor), false)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Rejected += long + rejected
	if j.file.Opened() {
		c.status.Position = j.file.Position()
	}
	if j.isCEL {
		c.status.Journal = j.tracker.Counts()
		c.strayed(j.tracker.stray)
	}
	return more, err
}

// trouble shows what keeps the journal from being read, and logs it when it changes.
func (j *journal) trouble(err error) {
	c, text := j.connector, ""
	c.mu.Lock()
	legs := c.status.Live.Legs
	c.mu.Unlock()
	switch _, gone := os.Stat(filepath.Dir(j.file.Path())); {
	case err != nil:
		text = "reading the journal: " + err.Error()
	case j.file.Opened():
	case gone != nil:
		text = "the journal's directory does not exist: " + filepath.Dir(j.file.Path())
	case legs > 0:
		text = "calls ended, but there is no journal " + j.file.Path() + ": is it the right path, and does Asterisk write it?"
	}
	c.mu.Lock()
	changed := text != c.status.Trouble
	c.status.Trouble = text
	c.mu.Unlock()
	if changed && text != "" {
		c.config.Log.Warn("asterisk: the journal cannot be followed", "trouble", text)
	}
}

// takeCEL hands one row to the tracker and its legs to the desk.
func (j *journal) takeCEL(ctx context.Context, line []byte, position int64) bool {
	c := j.connector
	j.tracker.offset = position
	legs, ok := j.tracker.HandleCEL(line)
	for i := range legs {
		if c.desk.journal(ctx, legs[i:i+1], legs[i].from, c.config.Now()) != nil {
			break // the program ends; the row is read again when it starts
		}
	}
	return ok
}

// remember makes a place known to a new connection, and now and then to a new
// run of the program.
func (j *journal) remember(p tail.Place, atOnce bool) {
	j.mu.Lock()
	j.floor, j.known = p, true
	j.mu.Unlock()
	now := j.connector.config.Now()
	wait := rememberEvery
	if p == j.remembered {
		wait = signSaveEvery
	}
	if !atOnce && now.Sub(j.rememberedAt) < wait {
		return
	}
	j.remembered, j.rememberedAt = p, now
	j.connector.remember(p)
}

// rememberNow has what was sent saved right behind it.
func (j *journal) rememberNow() {
	j.mu.Lock()
	p, known := j.floor, j.known
	j.mu.Unlock()
	if known {
		j.connector.remember(p)
	}
}

// needed returns the lowest position that a running call still needs, at most limit.
func (t *Tracker) needed(limit int64) int64 {
	oldest := t.last.Add(-holdMax)
	for _, ch := range t.order {
		if !ch.gone.IsZero() || ch.start.Before(oldest) {
			continue
		}
		limit = min(limit, ch.offset)
		if ch.isLeg() {
			limit = min(limit, needs(ch, map[*channel]bool{}))
		}
	}
	return limit
}

// relive reads the running calls into a tracker of its own, for events of the
// manager interface to go on with.
func (j *journal) relive(ctx context.Context) (*Tracker, error) {
	j.mu.Lock()
	p, known := j.floor, j.known
	j.mu.Unlock()
	if !known {
		p, known = j.connector.savedPlace()
	}
	file := tail.New(j.file.Path())
	defer file.Close()
	if !known || p.Print == "" || !file.Resume(p) {
		if err := file.Fresh(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err // a file that is not there yet holds no calls
		}
	}
	tracker := NewTracker(j.connector.trackerConfig())
	for {
		_, more, err := file.Poll(func(line []byte, _ int64) error {
			tracker.HandleCEL(line)
			return ctx.Err()
		})
		if err != nil || !more {
			tracker.counts = Counts{} // the journal's own tracker counts these
			return tracker, err
		}
	}
}

// died closes the journal's calls that Asterisk no longer knows because it died
// with them: they began before it last started.
func (j *journal) died(running []statusChannel, before time.Time) {
	c := j.connector
	sign := c.lastSign()
	request := func(ctx context.Context) {
		at := sign
		if last := j.tracker.last; last.Before(before) && last.After(at) {
			at = last
		}
		for _, leg := range j.tracker.closeMissing(running, before, at) {
			c.config.Log.Warn("asterisk: Asterisk died in a call; it is taken to have ended with the last sign of life",
				"call", leg.UniqueID, "end", leg.End)
			if c.desk.journal(ctx, []Leg{leg}, leg.from, c.config.Now()) != nil {
				return
			}
		}
	}
	select {
	case j.requests <- request:
	default: // the journal is far behind; the next connection asks again
	}
}
