package asterisk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tollgate"
)

// The limits of a Tracker whose fields are zero.
const (
	DefaultMaxChannels = 20_000
	// DefaultExtensionDigits is how long an extension is at most when a number
	// must be told from a number of the public network by its looks.
	DefaultExtensionDigits = 6

	goneMax  = 4_000            // channels remembered after their hang-up
	goneKeep = 30 * time.Second // and how long: events of different channels may overtake each other
)

// TrackerConfig says how a Tracker understands one Asterisk.
type TrackerConfig struct {
	Trunks          []string       // channel prefixes such as PJSIP/provider; none: what a number is dialled at
	PrivateCodes    []string       // dialled first, mark a call private; none: tollgate.DefaultPrivateCode
	ExtensionDigits int            // longest extension; 0: DefaultExtensionDigits
	MaxChannels     int            // channels followed at once; the oldest is forgotten; 0: DefaultMaxChannels
	Location        *time.Location // of times without a zone in CEL and CDR files; nil: UTC
}

// Tracker is the state machine between events and legs: messages of the
// manager interface, or rows of the CEL journal, go in; finished billable legs
// come out. It reads no clock and touches nothing outside. It is not safe for
// concurrent use.
type Tracker struct {
	config   TrackerConfig
	trunks   trunks
	channels map[string]*channel // by name; hung-up ones stay for goneKeep
	order    []*channel          // live channels, oldest first; hung-up ones are skipped
	up       int                 // how many are live
	open     int                 // of these, billable legs
	gone     []*channel          // hung-up channels, oldest first
	bridges  map[string]*bridge
	cel      celState
	source   tollgate.Source
	finished []Leg      // of the event being handled
	told     []*channel // legs that began or were answered by it
	last     time.Time  // time of the newest event: the last sign of life
	newest   uniqueID   // of the channel started last
	stray    stray      // what went out past the trunks last
	offset   int64      // where in a journal the event stands
	counts   Counts
}

// Counts says what a Tracker has seen.
type Counts struct {
	Events    uint64 `json:"events"`    // events that said something about a channel
	Legs      uint64 `json:"legs"`      // billable legs that ended
	Estimated uint64 `json:"estimated"` // of these, legs whose end nobody saw
	Unplaced  uint64 `json:"unplaced"`  // of these, legs without an originator
	Dropped   uint64 `json:"dropped"`   // channels forgotten because there were too many
	Open      int    `json:"open"`      // billable legs in progress
	Channels  int    `json:"channels"`  // channels followed
}

// NewTracker returns a Tracker that knows of no channel yet.
func NewTracker(config TrackerConfig) *Tracker {
	config.MaxChannels = cmp.Or(config.MaxChannels, DefaultMaxChannels)
	config.ExtensionDigits = cmp.Or(config.ExtensionDigits, DefaultExtensionDigits)
	config.Location = cmp.Or(config.Location, time.UTC)
	if len(config.PrivateCodes) == 0 {
		config.PrivateCodes = []string{tollgate.DefaultPrivateCode}
	}
	return &Tracker{
		config:   config,
		trunks:   newTrunks(config.Trunks),
		channels: map[string]*channel{},
		bridges:  map[string]*bridge{},
	}
}

// Counts returns what the Tracker has seen and holds.
func (t *Tracker) Counts() Counts {
	c := t.counts
	c.Open, c.Channels = t.open, t.up
	return c
}

// Open returns the billable legs in progress as they stand now, oldest first;
// their End is zero.
func (t *Tracker) Open() []Leg {
	var legs []Leg
	for _, ch := range t.order {
		if ch.gone.IsZero() && ch.isLeg() {
			legs = append(legs, t.leg(ch))
		}
	}
	return legs
}

// crash closes every leg in progress and forgets every channel: Asterisk died
// without saying goodbye.
func (t *Tracker) crash(at time.Time) {
	for _, ch := range t.order {
		if ch.gone.IsZero() && ch.isLeg() {
			t.finish(ch, at, causeTemporaryFailure, true)
		}
	}
	clear(t.channels)
	clear(t.bridges)
	t.order, t.gone, t.up, t.open = nil, nil, 0, 0
	t.cel.dials, t.cel.forwards = nil, nil
}

// causeTemporaryFailure stands for an end that nobody saw (ITU-T Q.850, 41).
const causeTemporaryFailure tollgate.Cause = 41

// started is what is known of a channel when it begins.
type started struct {
	name, uniqueID, caller, exten, context, account string
	at                                              time.Time
}

// start begins to follow a channel. A channel that is known already, from the
// journal or from an event that overtook this one, only learns what it lacks.
func (t *Tracker) start(s started) *channel {
	name := strings.TrimSuffix(s.name, zombie)
	if name == "" {
		return nil
	}
	if ch := t.channels[name]; ch != nil {
		if ch.uniqueID == s.uniqueID || s.uniqueID == "" {
			return ch
		}
		if ch.gone.IsZero() { // its hang-up was lost: the name is used again
			t.hangup(ch, t.last, causeTemporaryFailure, true)
		}
	}
	t.watchRestart(s)
	t.makeRoom()
	name = keep(name)
	ch := &channel{
		name: name, uniqueID: keep(s.uniqueID), caller: keep(s.caller), exten: keep(s.exten),
		account: keep(s.account), context: keep(s.context), start: s.at, offset: t.offset,
	}
	ch.current = ch.account
	ch.execute(ch.exten)
	if mate := t.channels[mateOf(name)]; mate != nil {
		ch.mate, mate.mate = mate, ch
	}
	t.channels[name] = ch
	t.order = append(t.order, ch)
	t.up++
	return ch
}

// watchRestart sees from the counter in its channels' unique ids that Asterisk
// began anew: within one run the counter only grows.
func (t *Tracker) watchRestart(s started) {
	id, ok := parseUniqueID(s.uniqueID)
	if !ok {
		return
	}
	// Two channels created at once may swap places over a second's turn.
	began := t.newest.second != 0 && id.system == t.newest.system
	if began && id.counter <= t.newest.counter && id.second > t.newest.second+1 {
		t.crash(t.last)
	}
	if id.counter > t.newest.counter || id.second > t.newest.second {
		t.newest = id
	}
}

// makeRoom takes hung-up channels out of the order once they are the most of
// it, and forgets the oldest live channel when there are too many.
func (t *Tracker) makeRoom() {
	if t.up < t.config.MaxChannels && len(t.order) < 2*t.up+goneMax {
		return
	}
	t.order = slices.DeleteFunc(t.order, func(ch *channel) bool { return !ch.gone.IsZero() })
	if t.up >= t.config.MaxChannels {
		oldest := t.order[0]
		t.order = t.order[1:]
		oldest.gone = t.last
		t.setTrunk(oldest, "")
		t.forget(oldest)
		t.up--
		t.counts.Dropped++
	}
}

// lookup returns a channel that is followed, or begins with the little that an
// event about it says.
func (t *Tracker) lookup(s started) *channel {
	name := strings.TrimSuffix(s.name, zombie)
	if ch := t.channels[name]; ch != nil && (ch.uniqueID == s.uniqueID || s.uniqueID == "" || ch.gone.IsZero()) {
		return ch
	}
	return t.start(s)
}

// live returns a channel that is followed and still up, else nil.
func (t *Tracker) live(name string) *channel {
	if ch := t.channels[strings.TrimSuffix(name, zombie)]; ch != nil && ch.gone.IsZero() {
		return ch
	}
	return nil
}

// hangup ends a channel. If it was a leg, the leg is finished.
func (t *Tracker) hangup(ch *channel, at time.Time, cause tollgate.Cause, estimated bool) {
	if ch.isLeg() {
		t.finish(ch, at, cause, estimated)
	}
	ch.gone = at
	t.up--
	t.leaveBridge(ch)
	t.gone = append(t.gone, ch)
	for len(t.gone) > 0 && (len(t.gone) > goneMax || t.gone[0].gone.Add(goneKeep).Before(at)) {
		t.forget(t.gone[0])
		t.gone = t.gone[1:]
	}
}

func (t *Tracker) forget(ch *channel) {
	t.leaveBridge(ch)
	if t.channels[ch.name] == ch {
		delete(t.channels, ch.name)
	}
}

const keepMax = 256 // bytes of a name or number; longer ones are cut

// keep copies a text out of the message it came in, so that the message can be
// freed, and makes it fit to be shown.
func keep(s string) string {
	if len(s) > keepMax {
		s = s[:keepMax]
	}
	return strings.Clone(strings.ToValidUTF8(s, "\uFFFD"))
}

// uniqueID is Asterisk's unique id of a channel: [systemname-]second.counter.
type uniqueID struct {
	system          string
	second, counter int64
}

func parseUniqueID(s string) (uniqueID, bool) {
	system := ""
	if cut := strings.LastIndexByte(s, '-'); cut >= 0 {
		system, s = s[:cut], s[cut+1:]
	}
	second, counter, found := strings.Cut(s, ".")
	if !found || !isDigits(second) || !isDigits(counter) || len(second) > 12 || len(counter) > 12 {
		return uniqueID{}, false
	}
	return uniqueID{system: system, second: number(second), counter: number(counter)}, true
}

// number reads digits that are known to be few and valid.
func number(digits string) int64 {
	var n int64
	for _, r := range []byte(digits) {
		n = n*10 + int64(r-'0')
	}
	return n
}
