package frame

import (
	"context"
	"io"
	"net/http"
	"time"
)

// The server gives a request a few seconds to arrive and its answer a minute to be taken,
// because strangers have no more. These are for people who may do what takes longer.
const (
	WorkMax        = 10 * time.Minute // for a page that works on many rows before it answers
	answerMax      = time.Minute      // for the answer of one that took longer
	exportWriteMax = time.Minute      // for the reader of an export to take one piece of it
)

// Patient gives a request so much time to arrive and be worked on, and its answer the
// usual time after that.
func (s *Site) Patient(w http.ResponseWriter, patience time.Duration) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(after(patience)) // not every writer has deadlines
	_ = control.SetWriteDeadline(after(patience + answerMax))
}

// after is an instant of the system's clock: connections know no other.
func after(d time.Duration) time.Time {
	limit, done := context.WithTimeout(context.Background(), d)
	defer done()
	at, _ := limit.Deadline()
	return at
}

// Export is w for an answer that is as long as it is: only a reader that takes nothing is
// let go.
func (s *Site) Export(w http.ResponseWriter) io.Writer {
	return export{w, http.NewResponseController(w)}
}

type export struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// Write gives the reader its time for each piece.
func (e export) Write(b []byte) (int, error) {
	_ = e.control.SetWriteDeadline(after(exportWriteMax)) // not every writer has deadlines
	return e.w.Write(b)
}
