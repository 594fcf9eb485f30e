package asterisk

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"maps"
	"sync"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/ami"
	"tollgate/pbx/asterisk/tail"
)

// The limits of a Config whose fields are zero.
const (
	DefaultMaxWaiting   = 50_000
	DefaultRetryMin     = time.Second
	DefaultRetryMax     = 10 * time.Second // meanwhile calls are not extended
	DefaultKeepAlive    = time.Second      // so that a death is known to the second
	DefaultJournalPoll  = 500 * time.Millisecond
	DefaultJournalGrace = 5 * time.Second

	batchMax = 500 // legs settled at a time
)

// State keeps what a connector must remember over a restart of the program,
// such as how far it read the journal.
type State interface {
	// Load returns what was saved last, nil if nothing was.
	Load(ctx context.Context) (map[string]string, error)
	// Save replaces it.
	Save(ctx context.Context, state map[string]string) error
}

// Config says which Asterisk to follow and how. Device, AMI, State, Log and Now
// are needed; what else is zero means its default.
type Config struct {
	Device          tollgate.ID
	AMI             tollgate.AMISettings // no Address: the journal alone is followed
	TLS             *tls.Config          // with AMI.TLS; nil: the system's certificate authorities
	PrivateCodes    []string             // dialled first, mark a call private; nil: DefaultPrivateCode
	ExtensionDigits int                  // longest extension; DefaultExtensionDigits
	Location        *time.Location       // of times without a zone in files; UTC
	State           State
	Watcher         Watcher // is told of legs while they last; nil: nobody
	Log             *slog.Logger
	Now             func() time.Time

	MaxChannels  int           // channels followed at once; DefaultMaxChannels
	MaxWaiting   int           // finished legs waiting to be settled before Asterisk must wait; DefaultMaxWaiting
	RetryMin     time.Duration // first pause before connecting or settling again; DefaultRetryMin
	RetryMax     time.Duration // longest one; DefaultRetryMax
	KeepAlive    time.Duration // between pings; a ping without answer ends the connection; DefaultKeepAlive
	JournalPoll  time.Duration // between looks at the journal; DefaultJournalPoll
	JournalGrace time.Duration // how long the journal's word waits for the manager interface; DefaultJournalGrace
	Dialer       ami.Dialer    // limits of the connection; who and where come from AMI
}

// Connector follows one Asterisk. It implements tollgate.Connector.
type Connector struct {
	config Config
	outbox *outbox
	desk   *desk
	book   *journal // nil: there is neither CEL journal nor CDR file

	mu     sync.Mutex
	saved  map[string]string // what State is to keep
	alive  time.Time         // last sign of life, by the PBX's clock
	status Stats

	complained time.Time // when the last trouble was logged
	heard      bool      // events of calls came over this connection
	noted      time.Time // the event that the status was brought up to last
}

// New returns a connector that Run starts.
func New(c Config) *Connector {
	c.MaxWaiting = cmp.Or(c.MaxWaiting, DefaultMaxWaiting)
	c.RetryMin = cmp.Or(c.RetryMin, DefaultRetryMin)
	c.RetryMax = max(cmp.Or(c.RetryMax, DefaultRetryMax), c.RetryMin)
	c.KeepAlive = cmp.Or(c.KeepAlive, DefaultKeepAlive)
	c.JournalPoll = cmp.Or(c.JournalPoll, DefaultJournalPoll)
	c.JournalGrace = cmp.Or(c.JournalGrace, DefaultJournalGrace)
	c.Location = cmp.Or(c.Location, time.UTC)
	connector := &Connector{config: c, outbox: newOutbox(&c), saved: map[string]string{}}
	connector.desk = newDesk(connector.outbox, c.JournalGrace)
	if c.AMI.CELFile != "" || c.AMI.CDRFile != "" {
		connector.book = newJournal(connector)
	}
	return connector
}

func (c *Connector) trackerConfig() TrackerConfig {
	return TrackerConfig{
		Trunks: c.config.AMI.Trunks, PrivateCodes: c.config.PrivateCodes,
		ExtensionDigits: c.config.ExtensionDigits, MaxChannels: c.config.MaxChannels, Location: c.config.Location,
	}
}

// Run follows the device until ctx ends and hands every finished leg on a trunk
// to charger, in order, until it is settled; what waits when ctx ends is tried
// once more, for at most five seconds. The error is CodeInvalid if the
// settings name nothing to follow.
func (c *Connector) Run(ctx context.Context, charger tollgate.Charger) error {
	if c.config.AMI.Address == "" && c.book == nil {
		return tollgate.Errorf(tollgate.CodeInvalid,
			"device %d: give the address of its manager interface or the path of its CEL journal", c.config.Device)
	}
	if err := c.load(ctx); err != nil {
		return nil //nolint:nilerr // loading is tried until it works; only the end of ctx stops it
	}
	var running sync.WaitGroup
	running.Go(func() { c.outbox.run(ctx, charger) })
	if c.book != nil {
		running.Go(func() { c.book.run(ctx) })
	}
	if c.config.AMI.Address != "" {
		c.connectForever(ctx)
	}
	running.Wait()
	c.outbox.last(ctx, charger)
	return nil
}

// The keys of the saved state.
const (
	stateJournal = "journal" // where to read on, a place as JSON
	stateSince   = "since"   // when the device was first followed, RFC 3339
	stateAlive   = "alive"   // last sign of life of the PBX, RFC 3339
	stateSent    = "sent"    // channels of legs sent lately, where only a CDR file is at hand
)

// load reads the saved state, trying until it works or ctx ends.
func (c *Connector) load(ctx context.Context) error {
	retry := pause{low: c.config.RetryMin, high: c.config.RetryMax}
	for {
		saved, err := c.config.State.Load(ctx)
		if err == nil {
			c.begin(saved)
			return nil
		}
		c.problem("reading the saved state", err)
		if err := retry.wait(ctx); err != nil {
			return err
		}
	}
}

func (c *Connector) begin(saved map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.saved, saved)
	since, err := time.Parse(time.RFC3339Nano, c.saved[stateSince])
	if err != nil {
		since = c.config.Now().UTC()
		c.saved[stateSince] = since.Format(time.RFC3339Nano)
		c.outbox.remember(maps.Clone(c.saved)) // so that a restart does not begin later
	}
	c.desk.since = since
	c.alive, err = time.Parse(time.RFC3339Nano, c.saved[stateAlive])
	if err != nil {
		c.alive = time.Time{}
	}
}

// savedPlace returns where to read the journal on.
func (c *Connector) savedPlace() (tail.Place, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var p tail.Place
	if err := json.Unmarshal([]byte(c.saved[stateJournal]), &p); err != nil {
		return tail.Place{}, false
	}
	return p, true
}

// remember has a place of the journal saved once all legs before it are settled.
func (c *Connector) remember(p tail.Place) {
	text, err := json.Marshal(p)
	if err != nil {
		return // a string and a number always become JSON
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved[stateJournal] = string(text)
	if !c.alive.IsZero() {
		c.saved[stateAlive] = c.alive.UTC().Format(time.RFC3339Nano)
	}
	c.outbox.remember(maps.Clone(c.saved))
}

// keep changes one thing that State keeps; it is saved with the next position.
func (c *Connector) keep(key, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved[key] = value
}

func (c *Connector) kept(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.saved[key]
}

// upSince returns whether the manager interface is followed, and since when.
func (c *Connector) upSince() (bool, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status.Connected, c.status.Since
}

// sign notes a sign of life of the PBX.
func (c *Connector) sign(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.alive) {
		c.alive = at
	}
}

func (c *Connector) lastSign() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alive
}

// problem shows and logs what went wrong; the same again only after a while.
func (c *Connector) problem(doing string, err error) {
	text, now := doing+": "+err.Error(), c.config.Now()
	c.mu.Lock()
	again := text == c.status.LastError && now.Sub(c.complained) < complainEvery
	if c.status.LastError = text; !again {
		c.complained = now
	}
	c.mu.Unlock()
	if !again {
		c.config.Log.Warn("asterisk: trouble", "while", doing, "error", err)
	}
}

const complainEvery = time.Minute
