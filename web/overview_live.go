package web

import (
	"bytes"
	"net/http"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// The pace of the live page. Under load rows come in gulps and only the newest
// of each are shown: nobody reads faster.
const (
	liveGulp    = 300 * time.Millisecond // between two gulps of rows
	liveRowsMax = 20                     // of one gulp
	liveFigures = 2 * time.Second        // between two looks at the sums of today
	liveLag     = 2 * time.Second        // a call that is told of is in the tables by then
)

// overviewLive sends finished calls and today's figures as they come.
func (s site) overviewLive(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	calls, cancel := s.Office.Subscribe()
	defer cancel()
	l := &liveStream{site: s, out: s.Stream(w), r: r, who: who}
	if err := l.run(calls); err != nil && r.Context().Err() == nil {
		s.Log.Warn("live page ended", "who", who.Name, "error", err)
	}
	return nil
}

// liveStream is one open live page.
type liveStream struct {
	site    site
	out     *frame.Stream
	r       *http.Request
	who     access.Principal
	pending []tollgate.CDR // newest last
	changed time.Time      // when today's figures did last
	sent    time.Time      // of when those are that were sent
	up      int            // calls in progress then
}

func (l *liveStream) run(calls <-chan []tollgate.CDR) error {
	gulp, figures := time.NewTicker(liveGulp), time.NewTicker(liveFigures)
	heartbeat, life := time.NewTicker(frame.StreamRest), time.NewTimer(frame.StreamLife)
	defer gulp.Stop()
	defer figures.Stop()
	defer heartbeat.Stop()
	defer life.Stop()
	for {
		var err error
		select {
		case <-l.r.Context().Done():
			return nil
		case <-life.C:
			return nil
		case commit := <-calls:
			l.take(commit, l.site.Now())
		case <-gulp.C:
			err = l.sendCalls()
		case <-figures.C:
			err = l.sendFigures()
		case <-heartbeat.C:
			err = l.out.Rest()
		}
		if err != nil {
			return err
		}
	}
}

// take keeps what the reader may see, and of that the newest.
func (l *liveStream) take(commit []tollgate.CDR, now time.Time) {
	scope := l.who.Scope()
	for i := range commit {
		if scope == store.Everything || commit[i].Enterprise == tollgate.ID(scope) {
			l.pending = append(l.pending, commit[i])
			l.changed = now
		}
	}
	if n := len(l.pending) - liveRowsMax; n > 0 {
		l.pending = append(l.pending[:0], l.pending[n:]...)
	}
}

func (l *liveStream) sendCalls() error {
	if len(l.pending) == 0 {
		return nil
	}
	v, err := l.site.Reader(l.r, l.who)
	if err != nil {
		return err
	}
	var html bytes.Buffer
	for i := len(l.pending) - 1; i >= 0; i-- {
		row, err := l.site.Views.Part("callrow", view.NewCall(&l.pending[i], v.Names, v.Told, v.House))
		if err != nil {
			return err
		}
		html.Write(row)
	}
	l.pending = l.pending[:0]
	return l.out.Event("calls", html.Bytes())
}

func (l *liveStream) sendFigures() error {
	up := l.site.CallCount(l.who.Enterprise)
	if up == l.up && l.sent.After(l.changed.Add(liveLag)) {
		return nil
	}
	v, err := l.site.Reader(l.r, l.who)
	if err != nil {
		return err
	}
	today, at, err := l.site.today(l.r.Context(), v, up, false)
	if err != nil || up == l.up && at.Equal(l.sent) {
		return err
	}
	l.sent, l.up = at, up
	html, err := l.site.Views.Part("figures", today)
	if err != nil {
		return err
	}
	return l.out.Event("figures", html)
}
