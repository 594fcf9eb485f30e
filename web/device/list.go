package device

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/web/frame"
	"tollgate/web/view"
)

// listPage lists the telephone systems.
type listPage struct {
	frame.Page
	MayChange bool
	Devices   []Row
}

// Row is a device as a list shows it, with how it is doing.
type Row struct {
	ID                                        tollgate.ID
	Name, State, Tone, Problem, Kind, Address string
	Calls, Records, LastRecord                string
}

// List lists the telephone systems.
func (s Pages) List(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.Reader(r, who)
	if err != nil {
		return err
	}
	devices, err := s.Store.Devices(r.Context(), v.Scope)
	if err != nil {
		return err
	}
	p := &listPage{
		Page: frame.Page{Title: "Devices", Section: "Devices"}, MayChange: who.May(access.SetTerms),
	}
	states := s.States()
	for i := range devices {
		p.Devices = append(p.Devices, NewRow(&devices[i], states, v))
	}
	return s.Send(w, r, http.StatusOK, "device_list", p)
}

// States is how the connectors are doing, by device.
func (s Pages) States() map[tollgate.ID]tollgate.DeviceStatus {
	states := map[tollgate.ID]tollgate.DeviceStatus{}
	for _, state := range s.Devices() {
		states[state.Device] = state
	}
	return states
}

// NewRow makes the view of a device.
func NewRow(d *tollgate.Device, states map[tollgate.ID]tollgate.DeviceStatus, v *frame.Reader) Row {
	row := Row{ID: d.ID, Name: d.Name, Kind: "Pushes records", Address: "–", LastRecord: "–"}
	if d.Kind == tollgate.DeviceAsterisk {
		row.Kind, row.Address = "Asterisk", d.Asterisk.Address
	} else if d.Account != "" {
		row.Address = d.Account
	}
	state, known := states[d.ID]
	row.State, row.Tone = deviceState(d, state, known)
	if !known {
		return row
	}
	row.Problem = state.Problem
	if state.Version != "" {
		row.Kind = state.Version
	}
	row.Calls, row.Records = view.Count(int64(state.Calls)), view.Count(state.Records)
	row.LastRecord = view.Instant(state.LastRecord, v.Told.Zone)
	return row
}

// deviceState is how a device is doing in a word, and how that looks.
func deviceState(d *tollgate.Device, state tollgate.DeviceStatus, known bool) (text, tone string) {
	switch {
	case !d.Enabled:
		return "Disabled", ""
	case d.Kind != tollgate.DeviceAsterisk:
		return "Ready", "good"
	case state.Connected:
		return "Connected", "good"
	case known:
		return "Not connected", "bad"
	}
	return "Not followed", "warn"
}
