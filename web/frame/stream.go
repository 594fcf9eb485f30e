package frame

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// streamWriteMax is how long the reader of a stream may take for one event.
const streamWriteMax = 10 * time.Second

// How streams are kept.
const (
	StreamRest = 20 * time.Second // at most between two signs of life: see Rest
	StreamLife = 30 * time.Minute // then the page comes again and is checked again
)

// Stream is an answer that goes on: server-sent events, as the HTML Living
// Standard has them in §9.2.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// Stream begins an answer that goes on. If the reader is gone already, the first
// event says so.
func (s *Site) Stream(w http.ResponseWriter) *Stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold events back
	e := &Stream{w: w, control: http.NewResponseController(w)}
	_ = e.write([]byte("retry: 2000\n\n"))
	return e
}

// Event writes one event; its data may have many lines. A carriage return would end
// one too, and what a telephone system says may have some: each becomes a space.
func (e *Stream) Event(name string, data []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", name)
	for line := range bytes.Lines(bytes.ReplaceAll(data, []byte("\r"), []byte(" "))) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return e.write(b.Bytes())
}

// Rest writes a line that says nothing, so that nobody between takes the
// connection for dead.
func (e *Stream) Rest() error { return e.write([]byte(": still here\n\n")) }

// write has a deadline of its own, which ends with it: over HTTP/2 one ends the stream
// when it passes, whether or not something is being written.
func (e *Stream) write(b []byte) error {
	_ = e.control.SetWriteDeadline(after(streamWriteMax)) // not every writer has deadlines
	if _, err := e.w.Write(b); err != nil {
		return err
	}
	if err := e.control.Flush(); err != nil {
		return err
	}
	_ = e.control.SetWriteDeadline(time.Time{})
	return nil
}
