package web

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"tollgate"
	"tollgate/access"
	"tollgate/store"
	"tollgate/web/view"
)

// The pace of the live page. Under load rows come in gulps and only the newest
// of each are shown: nobody reads faster.
const (
	liveGulp      = 300 * time.Millisecond // between two gulps of rows
	liveRowsMax   = 20                     // of one gulp
	liveFigures   = 2 * time.Second        // between two sums of today
	liveHeartbeat = 20 * time.Second       // so that nobody between takes the line for dead
	liveWriteMax  = 10 * time.Second       // for one gulp
	liveLife      = 30 * time.Minute       // then the page comes again and is checked again
)

// overviewLive sends finished calls and today's figures as server-sent events,
// as the HTML Living Standard has them in §9.2.
func (s *site) overviewLive(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	calls, cancel := s.Office.Subscribe()
	defer cancel()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold rows back
	l := &liveStream{site: s, w: w, control: http.NewResponseController(w), r: r, who: who}
	if err := l.write([]byte("retry: 2000\n\n")); err != nil {
		return nil // the reader is gone: nobody to tell
	}
	if err := l.run(calls); err != nil && r.Context().Err() == nil {
		s.Log.Warn("live page ended", "who", who.Name, "error", err)
	}
	return nil
}

// liveStream is one open live page.
type liveStream struct {
	site    *site
	w       http.ResponseWriter
	control *http.ResponseController
	r       *http.Request
	who     access.Principal
	pending []tollgate.CDR // newest last
	stale   bool           // today's figures changed since they were sent
}

func (l *liveStream) run(calls <-chan []tollgate.CDR) error {
	gulp, figures := time.NewTicker(liveGulp), time.NewTicker(liveFigures)
	heartbeat, life := time.NewTicker(liveHeartbeat), time.NewTimer(liveLife)
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
			l.take(commit)
		case <-gulp.C:
			err = l.sendCalls()
		case <-figures.C:
			err = l.sendFigures()
		case <-heartbeat.C:
			err = l.write([]byte(": still here\n\n"))
		}
		if err != nil {
			return err
		}
	}
}

// take keeps what the reader may see, and of that the newest.
func (l *liveStream) take(commit []tollgate.CDR) {
	scope := l.who.Scope()
	for i := range commit {
		if scope == store.Everything || commit[i].Enterprise == tollgate.ID(scope) {
			l.pending = append(l.pending, commit[i])
			l.stale = true
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
	v, err := l.site.reader(l.r, l.who)
	if err != nil {
		return err
	}
	var html bytes.Buffer
	for i := len(l.pending) - 1; i >= 0; i-- {
		row, err := l.site.views.Part("callrow", view.NewCall(&l.pending[i], v.names, v.told, v.house))
		if err != nil {
			return err
		}
		html.Write(row)
	}
	l.pending = l.pending[:0]
	return l.event("calls", html.Bytes())
}

func (l *liveStream) sendFigures() error {
	if !l.stale {
		return nil
	}
	l.stale = false
	v, err := l.site.reader(l.r, l.who)
	if err != nil {
		return err
	}
	today, err := l.site.today(l.r.Context(), v)
	if err != nil {
		return err
	}
	html, err := l.site.views.Part("figures", today)
	if err != nil {
		return err
	}
	return l.event("figures", html)
}

// event writes one event; its data may have many lines.
func (l *liveStream) event(name string, data []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", name)
	for line := range bytes.Lines(data) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return l.write(b.Bytes())
}

func (l *liveStream) write(b []byte) error {
	_ = l.control.SetWriteDeadline(l.site.Now().Add(liveWriteMax)) // not every writer has deadlines
	if _, err := l.w.Write(b); err != nil {
		return err
	}
	return l.control.Flush()
}
