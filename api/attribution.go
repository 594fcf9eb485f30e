package api

import (
	"bytes"
	"context"
	"io"

	"tollgate"
	"tollgate/batch"

	"github.com/danielgtaylor/huma/v2"
)

// Attribution says where the numbers of one prefix are. An empty field leaves
// what is known otherwise.
type Attribution struct {
	Prefix      string         `json:"prefix" maxLength:"20" example:"4930" doc:"E.164 digits"`
	Class       tollgate.Class `json:"class,omitempty" maxLength:"20" example:"local" doc:"internal, local, domestic, international, mobile, premium or tollfree"`
	Country     string         `json:"country,omitempty" maxLength:"2" example:"DE" doc:"ISO 3166-1 alpha-2"`
	Destination string         `json:"destination,omitempty" maxLength:"200" example:"Berlin" doc:"the name people read"`
	AreaCode    string         `json:"area_code,omitempty" maxLength:"10" example:"30" doc:"same area code as the device is local"`
}

func attributionView(a *tollgate.Attribution) Attribution { return Attribution(*a) }

func (s *server) listAttribution(ctx context.Context, q *Accept) (*huma.StreamResponse, error) {
	d, err := s.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	if !q.csv() {
		return sendJSON(listOf(d.Attributions, attributionView).Body), nil
	}
	return sendCSV(func(w *bytes.Buffer) error { return batch.WriteAttribution(w, d.Attributions) })
}

func (s *server) putAttribution(ctx context.Context, in *Upload) (*reply[Preview], error) {
	content, err := sheetOf(in, batch.AttributionMax, func(w io.Writer) (func(*Attribution), func() error) {
		write, flush := batch.AttributionWriter(w)
		return func(a *Attribution) { write((*tollgate.Attribution)(a)) }, flush
	})
	if err != nil {
		return nil, err
	}
	preview, rejects, err := batch.ImportAttribution(ctx, s.Store, who(ctx).Actor(), content, in.DryRun)
	if err != nil {
		return nil, asInvalid(err)
	}
	if len(rejects) > 0 {
		return nil, in.refuse(rejects)
	}
	return &reply[Preview]{Body: previewView(preview)}, nil
}
