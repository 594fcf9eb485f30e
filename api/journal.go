package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"tollgate"

	"github.com/danielgtaylor/huma/v2"
)

// journalBytesMax is how much of a journal a device may deliver at once.
const journalBytesMax = 16 << 20

// JournalDelivery says what was kept of a journal.
type JournalDelivery struct {
	Rows int `json:"rows" example:"12" doc:"lines of the body, all of them kept"`
}

type journalUpload struct {
	DeviceNamed
	ContentType string `header:"Content-Type" hidden:"true"`
	RawBody     []byte `contentType:"text/csv"`
}

// takesJournal lets the body be as long as a part of a journal may be.
func takesJournal(_ *server, op *huma.Operation) { file(op, journalBytesMax) }

func (s *server) pushJournal(ctx context.Context, in *journalUpload) (*reply[JournalDelivery], error) {
	d, err := s.pusher(ctx, in.Device)
	if err != nil {
		return nil, err
	}
	kind, _, _ := strings.Cut(in.ContentType, ";")
	switch {
	case s.Journal == nil:
		return nil, newProblem(http.StatusServiceUnavailable, tollgate.CodeUnavailable,
			"this server has no place for journals: start it with --journals DIR")
	case d.Kind != tollgate.DeviceAsterisk:
		return nil, tollgate.Errorf(tollgate.CodeInvalid, "device %q is no Asterisk: it has no journal", d.Name)
	case d.Asterisk.CELFile != "":
		return nil, tollgate.Errorf(tollgate.CodeConflict,
			"device %q has a journal by path: take its cel_file away to push instead", d.Name)
	case !strings.EqualFold(strings.TrimSpace(kind), contentCSV):
		return nil, newProblem(http.StatusUnsupportedMediaType, tollgate.CodeInvalid, "send "+contentCSV)
	}
	if err := s.Journal(ctx, d.ID, in.RawBody); err != nil {
		return nil, err
	}
	return &reply[JournalDelivery]{Body: JournalDelivery{Rows: bytes.Count(in.RawBody, []byte("\n"))}}, nil
}
