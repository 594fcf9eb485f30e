package asterisk

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk/ami"
	"tollgate/pbx/asterisk/cel"
)

// playedPBX is an Asterisk made of a recording: it plays events to whoever is
// connected and writes the rows of its journal when they are due. Its clock is
// that of the recording.
type playedPBX struct {
	t        *testing.T
	address  string
	journal  string
	boot     time.Time
	script   []played
	mu       sync.Mutex
	next     int
	last     time.Time // of the item played last
	when     time.Time // it was played, by the real clock
	live     map[string]ami.Message
	clients  []*net.TCPConn
	listener net.Listener
	refuse   bool // logins
	mute     bool // accepts and says nothing
	noFilter bool // the user may not filter
	deaf     bool // the user may not read of calls
	filters  []string
	answered string // what CDR(answer) of running trunk channels says, RFC 3339; empty: nothing
}

// played is an event or a row at its time.
type played struct {
	at    time.Time
	event ami.Message
	row   string
}

// newPlayedPBX makes a PBX of a recording, kind CEL or CDR telling which file it writes.
func newPlayedPBX(t *testing.T, dir, file string) *playedPBX {
	t.Helper()
	p := &playedPBX{t: t, journal: filepath.Join(t.TempDir(), file), live: map[string]ami.Message{}}
	text, err := os.ReadFile(filepath.Join(dir, "ami.txt"))
	if err != nil {
		t.Fatal(err)
	}
	r := ami.NewReader(bytes.NewReader(text))
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if at, ok := ami.ParseEpoch(m.Get("Timestamp")); ok && m.Event() != "" {
			p.script = append(p.script, played{at: at, event: m})
		}
	}
	rows, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(rows)) {
		at, _ := ami.ParseEpoch(cel.Split(line)[1])
		if file == "cdr.csv" {
			row, err := parseCDRRow([]byte(strings.TrimSpace(line)), time.UTC)
			if err != nil {
				t.Fatal(err)
			}
			at = row.end.Add(time.Second) // written when all of the call is over
		}
		p.script = append(p.script, played{at: at, row: line})
	}
	slices.SortStableFunc(p.script, func(a, b played) int { return a.at.Compare(b.at) })
	p.last, p.when = p.script[0].at, time.Now()
	p.boot = p.last.Add(-time.Hour)
	p.listen()
	t.Cleanup(p.hangUp)
	return p
}

func (p *playedPBX) listen() {
	var config net.ListenConfig
	l, err := config.Listen(p.t.Context(), "tcp", cmp.Or(p.address, "127.0.0.1:0"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.address, p.listener = l.Addr().String(), l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c.(*net.TCPConn))
		}
	}()
}

// hangUp ends every connection and takes no more. What was played still arrives:
// a connection closed with a ping unread would be reset and lose it, so serve
// reads on until the other side closes too.
func (p *playedPBX) hangUp() {
	p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.clients {
		_ = c.CloseWrite() // it may be over already
	}
	p.clients = nil
}

func (p *playedPBX) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now()
}

func (p *playedPBX) now() time.Time { return p.last.Add(time.Since(p.when)) }

// play goes on up to an item.
func (p *playedPBX) play(to int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ; p.next < min(to, len(p.script)); p.next++ {
		item := p.script[p.next]
		if item.at.After(p.now()) {
			p.last, p.when = item.at, time.Now()
		}
		if item.row != "" {
			appendTo(p.t, p.journal, item.row)
			continue
		}
		switch item.event.Event() {
		case "Newchannel":
			p.live[item.event.Get("Channel")] = item.event
		case "Hangup":
			delete(p.live, item.event.Get("Channel"))
		}
		text := format(item.event.Fields)
		for _, c := range p.clients {
			if p.deaf {
				break
			}
			fmt.Fprint(c, text)
		}
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Error(err)
	}
}

func format(fields []ami.Field) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.Key + ": " + f.Value + "\r\n")
	}
	return b.String() + "\r\n"
}

func (p *playedPBX) serve(c *net.TCPConn) {
	defer c.Close()
	fmt.Fprint(c, "Asterisk Call Manager/11.0.0\r\n")
	lines := bufio.NewScanner(c)
	headers := map[string]string{}
	for lines.Scan() {
		if key, value, found := strings.Cut(lines.Text(), ": "); found {
			headers[key] = value
			continue
		}
		if !p.answer(c, headers) {
			return
		}
		headers = map[string]string{}
	}
}

func (p *playedPBX) answer(c *net.TCPConn, headers map[string]string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute {
		return true
	}
	id := headers["ActionID"]
	say := func(format string, args ...any) { fmt.Fprintf(c, format, args...) }
	ok := func(more string) { say("Response: Success\r\nActionID: %s\r\n%s\r\n", id, more) }
	switch headers["Action"] {
	case "Challenge":
		ok("Challenge: 1\r\n")
	case "Login":
		if p.refuse {
			say("Response: Error\r\nActionID: %s\r\nMessage: Authentication failed\r\n\r\n", id)
			return false
		}
		ok("")
	case "Filter":
		p.filters = append(p.filters, headers["Filter"])
		if p.noFilter {
			say("Response: Error\r\nActionID: %s\r\nMessage: Permission denied\r\n\r\n", id)
			return true
		}
		ok("")
	case "Events":
		p.clients = append(p.clients, c)
		ok("")
	case "Ping":
		ok(fmt.Sprintf("Ping: Pong\r\nTimestamp: %d.%06d\r\n", p.now().Unix(), p.now().Nanosecond()/1000))
	case "CoreStatus":
		ok(p.boot.UTC().Format("CoreStartupDate: 2006-01-02\r\nCoreStartupTime: 15:04:05\r\n") +
			fmt.Sprintf("CoreCurrentCalls: %d\r\n", len(p.live)))
	case "CoreSettings":
		ok("AsteriskVersion: 22.10.1+dfsg\r\n")
	case "Status":
		ok("EventList: start\r\n")
		for _, name := range slices.Sorted(maps.Keys(p.live)) {
			m := p.statusOf(p.live[name])
			fields := append([]ami.Field{ami.Header("Event", "Status"), ami.Header("ActionID", id)}, m.Fields[1:]...)
			fmt.Fprint(c, format(fields))
		}
		say("Event: StatusComplete\r\nActionID: %s\r\nEventList: Complete\r\n\r\n", id)
	default:
		say("Response: Error\r\nActionID: %s\r\nMessage: Invalid/unknown command\r\n\r\n", id)
	}
	return true
}

// statusOf adds to what a channel began with what Status says of it in a call.
func (p *playedPBX) statusOf(m ami.Message) ami.Message {
	if p.answered == "" {
		return m
	}
	answer, err := time.Parse(time.RFC3339Nano, p.answered)
	if err != nil {
		p.t.Error(err)
	}
	m.Fields = slices.DeleteFunc(slices.Clone(m.Fields), func(f ami.Field) bool { return f.Key == "ChannelState" })
	m.Fields = append(m.Fields, fields("ChannelState: 6", "Variable: DIALEDPEERNUMBER=00442079460001@provider")...)
	if strings.HasPrefix(m.Get("Channel"), "PJSIP/provider") {
		m.Fields = append(m.Fields, fields("Application: AppDial", "Data: (Outgoing Line)",
			fmt.Sprintf("Variable: CDR(answer,u)=%d.%06d", answer.Unix(), answer.Nanosecond()/1000))...)
	} else {
		m.Fields = append(m.Fields, fields("DNID: 00442079460001", "Application: Dial",
			"Data: PJSIP/00442079460001@provider,60,tT")...)
	}
	return m
}

// memoryState is a State in memory.
type memoryState struct {
	mu    sync.Mutex
	kept  map[string]string
	saves int
	fail  error
}

func (s *memoryState) Load(context.Context) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.kept), s.fail
}

func (s *memoryState) Save(_ context.Context, state map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.kept = maps.Clone(state)
	s.saves++
	return nil
}

func (s *memoryState) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saves
}

// memoryCharger settles in memory, like the real one each call once.
type memoryCharger struct {
	tollgate.Charger
	mu      sync.Mutex
	records []tollgate.Record // in order, without duplicates
	seen    map[tollgate.CallID]bool
	doubles int
	fail    error // every Finish fails with this
	batches int
}

func (c *memoryCharger) Finish(_ context.Context, records []tollgate.Record) ([]tollgate.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches++
	if c.fail != nil {
		return nil, c.fail
	}
	results := make([]tollgate.Result, len(records))
	for i, r := range records {
		results[i] = tollgate.Result{Call: r.Call, Outcome: tollgate.OutcomeStored}
		if c.seen[r.Call] {
			c.doubles++
			results[i].Outcome = tollgate.OutcomeDuplicate
			continue
		}
		if c.seen == nil {
			c.seen = map[tollgate.CallID]bool{}
		}
		c.seen[r.Call] = true
		c.records = append(c.records, r)
	}
	return results, nil
}

func (c *memoryCharger) setFail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = err
}

func (c *memoryCharger) all() []tollgate.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.records)
}

// runningConnector is a connector that runs, how to end it, and how to kill it:
// then it settles nothing any more.
type runningConnector struct {
	*Connector
	stop, kill func()
}

// mortalCharger is dead once the program that uses it was killed.
type mortalCharger struct {
	tollgate.Charger
	dead atomic.Bool
}

func (m *mortalCharger) Finish(ctx context.Context, records []tollgate.Record) ([]tollgate.Result, error) {
	if m.dead.Load() {
		return nil, errors.New("killed")
	}
	return m.Charger.Finish(ctx, records)
}

// start runs a connector against the PBX, all waits made short.
func (p *playedPBX) start(t *testing.T, charger tollgate.Charger, state State, change func(*Config)) runningConnector {
	t.Helper()
	config := Config{
		Device: 7, State: state, Now: p.clock, Log: slog.New(slog.DiscardHandler),
		AMI: tollgate.AMISettings{
			Address: p.address, Username: "billing", Secret: "s3cret", Trunks: []string{"PJSIP/provider"},
		},
		RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond, KeepAlive: 50 * time.Millisecond,
		JournalPoll: 2 * time.Millisecond, JournalGrace: 30 * time.Millisecond,
	}
	if strings.HasSuffix(p.journal, "cel.csv") {
		config.AMI.CELFile = p.journal
	} else {
		config.AMI.CDRFile = p.journal
	}
	if change != nil {
		change(&config)
	}
	c := New(config)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	mortal := &mortalCharger{Charger: charger}
	go func() { done <- c.Run(ctx, mortal) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run returned %v", err)
		}
	})
	t.Cleanup(stop)
	kill := func() {
		mortal.dead.Store(true)
		stop()
	}
	return runningConnector{Connector: c, stop: stop, kill: kill}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 2_000 {
		if holds() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("still not so: %s", what)
}

// fields reads header lines.
func fields(lines ...string) []ami.Field {
	var list []ami.Field
	for _, line := range lines {
		key, value, _ := strings.Cut(line, ": ")
		list = append(list, ami.Header(key, value))
	}
	return list
}
