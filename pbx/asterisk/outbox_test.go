package asterisk

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tollgate"
)

// ordered notes what is settled and what is saved, in order.
type ordered struct {
	tollgate.Charger
	mu   sync.Mutex
	seen []string
	fail error
}

func (o *ordered) Finish(_ context.Context, records []tollgate.Record) ([]tollgate.Result, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return nil, o.fail
	}
	for i := range records {
		o.seen = append(o.seen, records[i].Call.UniqueID)
	}
	return make([]tollgate.Result, len(records)), nil
}

func (o *ordered) Load(context.Context) (map[string]string, error) { return nil, nil }

func (o *ordered) Save(_ context.Context, state map[string]string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	o.seen = append(o.seen, "saved "+state["at"])
	return nil
}

func (o *ordered) got() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.seen, ", ")
}

func (o *ordered) setFail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = err
}

func newTestOutbox(t *testing.T, o *ordered, most int) *outbox {
	t.Helper()
	config := Config{
		State: o, Log: slog.New(slog.DiscardHandler), MaxWaiting: most,
		RetryMin: time.Millisecond, RetryMax: 2 * time.Millisecond,
	}
	box := newOutbox(&config)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { box.run(ctx, o) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return box
}

func TestPositionsStayBehindLegs(t *testing.T) {
	t.Parallel()
	o := &ordered{fail: errors.New("not now")}
	box := newTestOutbox(t, o, 10)
	at := func(s string) map[string]string { return map[string]string{"at": s} }
	box.put(&Leg{UniqueID: "1"})
	box.put(&Leg{UniqueID: "2"})
	box.remember(at("a"))
	box.remember(at("b")) // nothing between: the newer one will do
	box.put(&Leg{UniqueID: "3"})
	box.remember(at("c"))
	time.Sleep(10 * time.Millisecond)
	if got := o.got(); got != "" {
		t.Fatalf("got through although all fails: %s", got)
	}
	o.setFail(nil)
	want := "1, 2, saved b, 3, saved c"
	eventually(t, want, func() bool { return o.got() == want })
	eventually(t, "empty", func() bool { return box.Waiting() == 0 })
}

func TestFullOutboxMakesOthersWait(t *testing.T) {
	t.Parallel()
	o := &ordered{fail: errors.New("not now")}
	box := newTestOutbox(t, o, 2)
	box.put(&Leg{UniqueID: "1"})
	if err := box.throttle(t.Context()); err != nil {
		t.Fatal(err)
	}
	box.put(&Leg{UniqueID: "2"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := box.throttle(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a full outbox let one through: %v", err)
	}
	o.setFail(nil)
	if err := box.throttle(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	p := pause{low: time.Second, high: 30 * time.Second}
	bounds := []time.Duration{1, 2, 4, 8, 16, 30, 30}
	var pauses []time.Duration
	for _, bound := range bounds {
		d := p.next()
		if d < bound*time.Second/2 || d > bound*time.Second {
			t.Errorf("pause %v, want half to all of %d s", d, bound)
		}
		pauses = append(pauses, d)
	}
	if slices.Max(pauses) == slices.Min(pauses) {
		t.Error("all pauses are the same")
	}
	if p.reset(); p.next() > time.Second {
		t.Error("not back at the beginning after a success")
	}
}
