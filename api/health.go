package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"tollgate"
	"tollgate/store"
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
	h, err := s.parts(ctx)
	return &reply[Health]{Body: h}, err
}

// parts looks at everything that runs.
func (s *server) parts(ctx context.Context) (Health, error) {
	h := Health{Version: s.Version, Healthy: true, Parts: []Part{s.databasePart(ctx)}}
	if h.Parts[0].State == stateRunning {
		devices, err := s.Store.Devices(ctx, store.Everything)
		if err != nil {
			return h, err
		}
		waiting, err := s.Store.QuarantineCount(ctx, store.Everything)
		if err != nil {
			return h, err
		}
		h.Parts = append(h.Parts, s.deviceParts(devices)...)
		if waiting > 0 {
			h.Parts = append(h.Parts, Part{
				Name: "quarantine", State: stateRunning, Detail: fmt.Sprintf("%d records wait", waiting),
			})
		}
	}
	if s.Parts != nil {
		h.Parts = append(h.Parts, s.Parts()...)
	}
	for _, part := range h.Parts {
		h.Healthy = h.Healthy && part.State != stateFailed
	}
	return h, nil
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
			if state.Problem != "" {
				p.Detail += "; " + state.Problem
			}
		}
		parts = append(parts, p)
	}
	return parts
}

// healthz answers whether requests can be served at all, for load balancers
// and without a token. Somebody on the machine itself who asks for JSON is told
// which parts run, without more; the rest is told by health, to who may know.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), contentJSON) && local(r) {
		h, err := s.parts(r.Context())
		if err != nil {
			s.writeProblem(w, s.problemOf(r.Context(), err))
			return
		}
		for i := range h.Parts {
			h.Parts[i].Detail = ""
		}
		w.Header().Set("Content-Type", contentJSON)
		_ = json.NewEncoder(w).Encode(h) // a reader that has gone away is no fault
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if s.databasePart(r.Context()).State != stateRunning {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("failed\n")) // a reader that has gone away is no fault
		return
	}
	_, _ = w.Write([]byte("running\n"))
}

// local reports whether a request comes from the machine itself and not
// through a proxy on it.
func local(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, header := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if len(r.Header.Values(header)) > 0 {
			return false
		}
	}
	peer, err := netip.ParseAddr(host)
	return err == nil && peer.IsLoopback()
}
