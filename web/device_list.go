package web

import (
	"net/http"

	"tollgate"
	"tollgate/access"
	"tollgate/web/view"
)

// deviceListPage lists the telephone systems.
type deviceListPage struct {
	page
	MayChange bool
	Devices   []deviceRow
}

type deviceRow struct {
	ID                                        tollgate.ID
	Name, State, Tone, Problem, Kind, Address string
	Calls, Records, LastRecord                string
}

func (s *site) deviceList(w http.ResponseWriter, r *http.Request, who access.Principal) error {
	v, err := s.reader(r, who)
	if err != nil {
		return err
	}
	devices, err := s.Store.Devices(r.Context(), v.scope)
	if err != nil {
		return err
	}
	p := &deviceListPage{
		page: page{Title: "Devices", Section: "Devices"}, MayChange: who.May(access.SetTerms),
	}
	states := s.deviceStates()
	for i := range devices {
		p.Devices = append(p.Devices, newDeviceRow(&devices[i], states, v))
	}
	return s.show(w, r, http.StatusOK, "device_list", p)
}

func (s *site) deviceStates() map[tollgate.ID]tollgate.DeviceStatus {
	states := map[tollgate.ID]tollgate.DeviceStatus{}
	for _, state := range s.Devices() {
		states[state.Device] = state
	}
	return states
}

func newDeviceRow(d *tollgate.Device, states map[tollgate.ID]tollgate.DeviceStatus, v *reader) deviceRow {
	row := deviceRow{ID: d.ID, Name: d.Name, Kind: "Pushes records", Address: "–", LastRecord: "–"}
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
	row.LastRecord = view.Instant(state.LastRecord, v.told.Zone)
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
