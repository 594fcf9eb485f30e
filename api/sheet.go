package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tollgate"
	"tollgate/batch"

	"github.com/danielgtaylor/huma/v2"
)

// Preview says what an upload changed, or with dry_run would change.
type Preview struct {
	Added   int      `json:"added" example:"12"`
	Changed int      `json:"changed" example:"3"`
	Removed int      `json:"removed" example:"0"`
	Same    int      `json:"same" example:"9298"`
	Changes []string `json:"changes" nullable:"false" doc:"the first of them, for people"`
}

func previewView(p batch.Preview) Preview {
	return Preview{
		Added: p.Added, Changed: p.Changed, Removed: p.Removed, Same: p.Same,
		Changes: append([]string{}, p.Lines...),
	}
}

// Upload is a file that comes as CSV or as a JSON list of the same columns.
type Upload struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	DryRun      bool   `query:"dry_run" doc:"say what would change and change nothing"`
	RawBody     []byte `contentType:"text/csv"`
}

// isCSV reports whether the file is CSV; it fails for what is neither.
func (u *Upload) isCSV() (bool, error) {
	t, _, _ := strings.Cut(u.ContentType, ";")
	switch strings.ToLower(strings.TrimSpace(t)) {
	case contentCSV:
		return true, nil
	case contentJSON, "":
		return false, nil
	}
	return false, newProblem(http.StatusUnsupportedMediaType, tollgate.CodeInvalid,
		"send "+contentJSON+" or "+contentCSV)
}

// sheetOf returns the file as CSV: a JSON list of at most so many rows is written as one,
// row by row, so that both are read and checked by the same code.
func sheetOf[T any](u *Upload, most int, writer func(io.Writer) (func(*T), func() error)) (io.Reader, error) {
	isCSV, err := u.isCSV()
	if err != nil {
		return nil, err
	}
	if isCSV {
		return bytes.NewReader(u.RawBody), nil
	}
	var b bytes.Buffer
	write, flush := writer(&b)
	if err := batch.ReadList(bytes.NewReader(u.RawBody), most, write); err != nil {
		return nil, asList(err)
	}
	return &b, flush()
}

// asList says what is wrong with a body that is to be a JSON list.
func asList(err error) error {
	if tollgate.CodeOf(err) == tollgate.CodeInvalid {
		return err
	}
	return newProblem(http.StatusBadRequest, tollgate.CodeInvalid,
		fmt.Sprintf("the body is no JSON list as described: %v", err))
}

// rejectsShown is how many wrong lines an answer names.
const rejectsShown = 1000

// refuse says what is wrong with the lines of a file.
func (u *Upload) refuse(rejects []batch.Reject) error {
	isCSV, _ := u.isCSV()
	p := newProblem(http.StatusUnprocessableEntity, tollgate.CodeInvalid,
		fmt.Sprintf("%d rows are wrong and nothing was stored", len(rejects)))
	for _, r := range rejects[:min(len(rejects), rejectsShown)] {
		where := fmt.Sprintf("line %d", r.Line)
		if !isCSV {
			where = fmt.Sprintf("body[%d]", r.Line-2) // below the header that it got on its way
		}
		if r.Column != "" {
			where += "." + r.Column
		}
		p.Errors = append(p.Errors, &huma.ErrorDetail{Message: r.Reason, Location: where})
	}
	return p
}

// Accept is what an answer may be.
type Accept struct {
	Accept string `header:"Accept" hidden:"true"`
}

// csv reports whether the request wants CSV.
func (a Accept) csv() bool { return strings.Contains(a.Accept, contentCSV) }

// sendJSON answers with JSON where another request is answered with CSV.
func sendJSON(v any) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", contentJSON)
		// A reader that has gone away is no fault.
		_ = json.NewEncoder(hc.BodyWriter()).Encode(v)
	}}
}

// sendCSV answers with a sheet, which is made whole first: half of one could
// be taken for all of it.
func sendCSV(write func(*bytes.Buffer) error) (*huma.StreamResponse, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", contentCSV+"; charset=utf-8")
		_, _ = hc.BodyWriter().Write(b.Bytes()) // as above
	}}, nil
}
