package asterisk

import (
	"slices"
	"time"

	"tollgate"
)

// The most that is remembered about one channel. A channel that dials for ever,
// such as a queue's caller, must not grow for ever.
const (
	dialsMax   = 64
	marksMax   = 16
	visitedMax = 16
	peersMax   = 16
	membersMax = 64 // of one bridge
)

// channel is one line or phone, or half of a Local channel, while it is up. It
// stays reachable after its hang-up for as long as a live channel needs it.
type channel struct {
	name     string
	uniqueID string
	caller   string // calling number
	exten    string // what was dialled to create it: by a phone, its raw keys
	account  string // account code at its creation: the endpoint's own
	context  string // it began in; empty: not known
	attempt  string // TOLLGATE_CALL as it stands on it
	current  string // account code now
	private  bool   // its userfield says private
	rdnis    string // redirecting number; CEL only
	linked   string // linked id at its creation; CEL only
	start    time.Time
	gone     time.Time  // hung up; zero: up
	answer   time.Time  // state became up; zero: never seen
	offset   int64      // where a journal first names it
	trunk    string     // the trunk it was dialled on: it is a billable leg
	mate     *channel   // other half of a Local channel
	dialed   *dial      // how it was dialled; nil: it called in, or nobody saw
	dials    []*dial    // what it dialled
	marks    []mark     // who sent it elsewhere
	visited  []string   // extensions it went through
	peers    []*channel // whom an anonymous channel talked to, in order
	bridge   *bridge
	estimate bool // rebuilt after a gap: some of it is guessed

	consulter *channel // who made a Local channel by an attended transfer
}

// dial is one attempt of a channel to reach another.
type dial struct {
	from     *channel // nil: the PBX itself
	to       *channel
	text     string // the dial string
	number   string
	caller   string // calling number shown
	code     string // account code of from
	toCode   string // account code of to, which it took over
	attempt  string // under which it was authorised; empty: none is known
	begin    time.Time
	end      time.Time // zero: not seen
	answered bool
	sure     bool // an event told of it; else the journal did, or Asterisk's list
}

// caused reports whether something that happened at an instant may have led to
// this dial. While a channel dials it is in no bridge, so a transfer of it that
// is seen before the dial ends was its cause even if the event came late.
func (d *dial) caused(at time.Time) bool { return d.end.IsZero() || !at.After(d.end) }

// markKind is how a channel came to be sent elsewhere.
type markKind int

// When two happened in the same microsecond the first kind counts.
const (
	markOriginator markKind = iota // the dialplan said so: ORIGINATOR
	markBlind                      // blind transfer
	markForward                    // the phone it rang deflected: 302
)

// mark says that somebody sent a channel elsewhere.
type mark struct {
	kind  markKind
	at    time.Time
	who   string   // the extension, if it was said
	by    *channel // whose line did it; nil: only who is known
	exten string   // where to
	code  string   // account code of the channel at that instant
	loose bool     // by is a guess
}

type bridge struct {
	id      string
	members []*channel
}

func (ch *channel) isLeg() bool { return ch.trunk != "" }

// setTrunk makes a channel a billable leg, or with an empty name none any more.
func (t *Tracker) setTrunk(ch *channel, name string) {
	if ch.isLeg() {
		t.open--
	}
	if ch.trunk = name; ch.isLeg() {
		t.open++
	}
}

// dialler returns who dialled this channel, nil if nobody did.
func (ch *channel) dialler() *channel {
	if ch != nil && ch.dialed != nil {
		return ch.dialed.from
	}
	return nil
}

func (ch *channel) mark(m mark) {
	ch.marks = appendBounded(ch.marks, m, marksMax)
}

// execute remembers the extension a channel is in.
func (ch *channel) execute(exten string) {
	if exten != "" && (len(ch.visited) == 0 || ch.visited[len(ch.visited)-1] != exten) {
		ch.visited = appendBounded(ch.visited, exten, visitedMax)
	}
}

// appendBounded appends and forgets the oldest when there are too many.
func appendBounded[T any](list []T, item T, most int) []T {
	if len(list) >= most {
		list = slices.Delete(list, 0, len(list)-most+1)
	}
	return append(list, item)
}

// dialBegin notes that from, nil for the PBX itself, dials to. The event of it
// replaces what was read or guessed; otherwise the first word counts.
func (t *Tracker) dialBegin(from, to *channel, d dial) {
	if to == nil || !to.gone.IsZero() || to.dialed != nil && (to.dialed.sure || !d.sure) {
		return
	}
	tech, _ := splitName(to.name)
	d.from, d.to = from, to
	if d.number == "" {
		target := parseDialString(tech, d.text)
		if d.number = target.Number; d.number == "" {
			d.number = target.Resource
		}
	}
	attempt := &d
	if known := to.dialed; known != nil {
		attempt.replace(known)
	} else {
		attempt.attempt = attempt.authorised()
	}
	to.dialed = attempt
	t.setTrunk(to, t.trunks.dialled(to.name, d.text))
	t.watchTrunks(to)
	t.tell(to)
	if from == nil {
		return
	}
	from.dials = appendBounded(from.dials, attempt, dialsMax)
}

// replace takes from what was known before of the same dial what an event that
// comes late cannot say: who asked for it then, and how it went on.
func (d *dial) replace(known *dial) {
	d.end, d.answered = known.end, known.answered
	if known.from != nil {
		known.from.dials = slices.DeleteFunc(known.from.dials, func(other *dial) bool { return other == known })
	}
	if d.attempt = known.attempt; d.attempt == "" || d.to.attempt != "" {
		d.attempt = d.authorised()
	}
	d.to.estimate = d.to.estimate && !d.to.answer.IsZero()
}

// dialEnd notes how an attempt ended.
func (t *Tracker) dialEnd(to *channel, at time.Time, status string) {
	if to == nil || to.dialed == nil || !to.dialed.end.IsZero() {
		return
	}
	to.dialed.end = at
	if status == "ANSWER" {
		to.dialed.answered = true
		t.answered(to, at)
	}
}

// answered notes that a channel is up. The first time counts: a subroutine on
// the called side may delay the end of the dial, but the line is up already.
func (t *Tracker) answered(ch *channel, at time.Time) {
	fresh := ch.answer.IsZero()
	if fresh || at.Before(ch.answer) {
		ch.answer = at
	}
	if fresh {
		t.tell(ch)
	}
}

// enterBridge notes with whom a channel talks, as far as that can tell who
// stands behind a Local channel or behind a line the PBX dialled of itself.
func (t *Tracker) enterBridge(ch *channel, id string) {
	if ch.bridge != nil && ch.bridge.id == id {
		return
	}
	t.leaveBridge(ch)
	b := t.bridges[id]
	if b == nil {
		b = &bridge{id: id}
		t.bridges[id] = b
	}
	for _, other := range b.members {
		ch.meet(other)
		other.meet(ch)
	}
	if len(b.members) < membersMax {
		b.members = append(b.members, ch)
		ch.bridge = b
	}
}

func (ch *channel) meet(other *channel) {
	anonymous := isLocal(ch.name) || ch.isLeg() && ch.dialler() == nil
	if anonymous && len(ch.peers) < peersMax && !slices.Contains(ch.peers, other) {
		ch.peers = append(ch.peers, other)
	}
}

func (t *Tracker) leaveBridge(ch *channel) {
	b := ch.bridge
	if b == nil {
		return
	}
	ch.bridge = nil
	b.members = slices.DeleteFunc(b.members, func(other *channel) bool { return other == ch })
	if len(b.members) == 0 {
		delete(t.bridges, b.id)
	}
}

// finish hands out a leg that ended.
func (t *Tracker) finish(ch *channel, at time.Time, cause tollgate.Cause, estimated bool) {
	leg := t.leg(ch)
	leg.End = at
	if leg.End.Before(leg.Start) {
		leg.End = leg.Start // clocks of a PBX can be set back
	}
	if leg.End.Before(leg.Answer) {
		leg.End = leg.Answer
	}
	leg.Cause, leg.Estimated = cause, estimated || ch.estimate
	leg.CallerChannel, leg.CallerContext = "", ""
	t.setTrunk(ch, "")
	t.counts.Legs++
	if estimated {
		t.counts.Estimated++
	}
	if leg.Originator == "" {
		t.counts.Unplaced++
	}
	t.finished = append(t.finished, leg)
}
