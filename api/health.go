package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tollgate"
)

// The states of a part.
const (
	stateRunning = "running"
	stateFailed  = "failed"
	stateOff     = "off" // on purpose
)

// healthTimeMax is how long the database may take to show that it lives.
const healthTimeMax = 5 * time.Second

// Health says what runs.
type Health struct {
	Version string `json:"version" example:"0.1.0"`
	Healthy bool   `json:"healthy" doc:"no part has failed"`
	Parts   []Part `json:"parts" nullable:"false"`
}

// Part is something that runs or does not.
type Part struct {
	Name   string `json:"name" example:"device hq"`
	State  string `json:"state" enum:"running,failed,off" doc:"off: on purpose"`
	Detail string `json:"detail,omitempty" example:"Asterisk 22.10.1, 3 calls in progress"`
}

func (s *server) health(ctx context.Context, _ *struct{}) (*reply[Health], error) {
	out := &reply[Health]{Body: Health{Version: s.Version, Healthy: true}}
	database := s.databasePart(ctx)
	out.Body.Parts = append(out.Body.Parts, database)
	if database.State == stateRunning {
		devices, err := s.Store.Devices(ctx, who(ctx).Scope())
		if err != nil {
			return nil, err
		}
		waiting, err := s.Store.QuarantineCount(ctx, who(ctx).Scope())
		if err != nil {
			return nil, err
		}
		out.Body.Parts = append(out.Body.Parts, s.deviceParts(devices)...)
		if waiting > 0 {
			out.Body.Parts = append(out.Body.Parts, Part{
				Name: "quarantine", State: stateRunning, Detail: fmt.Sprintf("%d records wait", waiting),
			})
		}
	}
	for _, part := range out.Body.Parts {
		out.Body.Healthy = out.Body.Healthy && part.State != stateFailed
	}
	return out, nil
}

// databasePart asks the database for something small.
func (s *server) databasePart(ctx context.Context) Part {
	ctx, cancel := context.WithTimeout(ctx, healthTimeMax)
	defer cancel()
	p := Part{Name: "database", State: stateRunning, Detail: s.Store.Engine()}
	if err := s.Store.Ping(ctx); err != nil {
		s.Log.ErrorContext(ctx, "database does not answer", "error", err)
		p.State, p.Detail = stateFailed, "does not answer; the log says why"
	}
	return p
}

func (s *server) deviceParts(devices []tollgate.Device) []Part {
	states := map[tollgate.ID]tollgate.DeviceStatus{}
	for _, d := range s.Devices() {
		states[d.Device] = d
	}
	var parts []Part
	for _, d := range devices {
		if d.Kind != tollgate.DeviceAsterisk {
			continue
		}
		p := Part{Name: "device " + d.Name, State: stateRunning}
		state, followed := states[d.ID]
		switch {
		case !d.Enabled:
			p.State, p.Detail = stateOff, "disabled"
		case !followed:
			p.State, p.Detail = stateFailed, "is not followed"
		case !state.Connected:
			p.State, p.Detail = stateFailed, state.Problem
		default:
			p.Detail = fmt.Sprintf("%s, %d calls in progress", state.Version, state.Calls)
		}
		parts = append(parts, p)
	}
	return parts
}

// healthz answers whether requests can be served at all, for load balancers
// and without a token; what runs is told by health, to who may know.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if s.databasePart(r.Context()).State != stateRunning {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("failed\n")) // a reader that has gone away is no fault
		return
	}
	_, _ = w.Write([]byte("running\n"))
}
