package asterisk

import (
	"strings"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/ami"
)

// Stats says how a connector is doing.
type Stats struct {
	Connected  bool          `json:"connected"`   // the manager interface is followed
	Since      time.Time     `json:"since"`       // of the connection, or of its loss; zero: never connected
	Version    string        `json:"version"`     // such as "Asterisk 22.10.1"; empty: not known yet
	Filtered   bool          `json:"filtered"`    // Asterisk sends only what is needed
	Reconnects uint64        `json:"reconnects"`  // connections after the first
	LastEvent  time.Time     `json:"last_event"`  // when the newest event arrived
	Lag        time.Duration `json:"lag"`         // how old it was then, if the clocks agree
	LastError  string        `json:"last_error"`  // empty: none since the start
	Trouble    string        `json:"trouble"`     // with the journal; empty: it is read
	Stray      string        `json:"stray"`       // where a call went out that is no trunk: PJSIP/other; empty: none
	Deaf       bool          `json:"deaf"`        // connected, and calls run, but no event of them came
	LastRecord time.Time     `json:"last_record"` // end of the newest leg sent; zero: none
	Live       Counts        `json:"live"`        // seen over the manager interface
	Journal    Counts        `json:"journal"`     // seen in the journal
	Garbage    ami.Garbage   `json:"garbage"`     // what the manager interface sent that could not be used
	Rejected   uint64        `json:"rejected"`    // lines of the journal that are no rows
	Rescued    uint64        `json:"rescued"`     // legs only the journal knew while connected
	Settled    uint64        `json:"settled"`     // legs settled since the start
	Waiting    int           `json:"waiting"`     // legs waiting to be settled
	Failing    string        `json:"failing"`     // why they wait; empty: settling works
	Position   int64         `json:"position"`    // bytes read of the journal since the start
}

// Stats returns how the connector is doing. It is safe for concurrent use.
func (c *Connector) Stats() Stats {
	c.mu.Lock()
	s := c.status
	c.mu.Unlock()
	c.outbox.mu.Lock()
	s.Settled, s.Waiting, s.Failing = c.outbox.settled, c.outbox.waiting, c.outbox.problem
	c.outbox.mu.Unlock()
	c.desk.mu.Lock()
	s.Rescued, s.LastRecord = c.desk.rescued, c.desk.last
	c.desk.mu.Unlock()
	return s
}

// Status is the short form that pages and the health command show.
func (c *Connector) Status() tollgate.DeviceStatus {
	s := c.Stats()
	status := tollgate.DeviceStatus{
		Device: c.config.Device, Connected: s.Connected, Problem: s.problem(), Version: s.Version,
		Calls: s.Live.Open, Records: int64(min(s.Settled, 1<<62)), LastRecord: s.LastRecord,
	}
	if c.config.AMI.Address == "" { // the journal is all there is
		status.Connected, status.Calls = s.Position > 0, s.Journal.Open
	}
	return status
}

// problem says what there is to mend, the worst first.
func (s *Stats) problem() string {
	var list []string
	add := func(is bool, text string) {
		if is && text != "" {
			list = append(list, text)
		}
	}
	add(true, s.Failing)
	add(!s.Connected, s.LastError)
	add(s.Deaf, "calls are made, but Asterisk tells this manager user of none: "+
		"it needs read = call,dialplan in manager.conf; then manager reload")
	add(true, s.Trouble)
	add(s.Stray != "", "a call went out on "+s.Stray+", which is not one of this device's trunks")
	return strings.Join(list, "; ")
}

// versionOf makes "Asterisk 22.10.1" of what CoreSettings says.
func versionOf(text string) string {
	if text == "" {
		return ""
	}
	if cut := strings.IndexAny(text, "+~"); cut > 0 {
		text = text[:cut]
	}
	return "Asterisk " + keep(text)
}
