package asterisk

import "time"

// stray is a call that went out on something that is none of the configured
// trunks, most likely because one of them is misspelt. Such a call is no leg.
type stray struct {
	endpoint string // PJSIP/provider; empty: none was seen
	at       time.Time
}

// watchTrunks notes a stray. The number tells it from a call to a phone: it is
// none that an extension could have, and the endpoint is not called like one.
func (t *Tracker) watchTrunks(to *channel) {
	tech, _ := splitName(to.name)
	target := parseDialString(tech, to.dialed.text)
	if len(t.trunks.prefixes) == 0 || to.isLeg() || isPlumbing(tech) || target.Number == target.Resource ||
		!isDialable(target.Number) || t.looksInternal(target.Number) || t.looksInternal(target.Resource) {
		return
	}
	endpoint := endpointOf(to.name)
	if isGroup(target.Resource) {
		endpoint = target.Resource // as it is to be configured
	}
	t.stray = stray{endpoint: keep(tech + "/" + endpoint), at: to.dialed.begin}
}

// strayed shows the last stray there was since the device is followed. The lock is held.
func (c *Connector) strayed(s stray) {
	if s.endpoint != "" && s.at.After(c.desk.since) {
		c.status.Stray = s.endpoint
	}
}
