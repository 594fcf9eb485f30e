package ami

import (
	"testing"
	"time"
)

// TestSkew feeds messages that took a while and wants the other side's clock.
func TestSkew(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	type message struct{ came, late time.Duration }
	tests := []struct {
		name  string
		ahead time.Duration
		feed  []message
		want  time.Duration
	}{
		{"nothing", 5 * time.Second, nil, 0},
		{"the quickest counts", 5 * time.Second, []message{
			{time.Second, time.Second}, {2 * time.Second, time.Millisecond}, {3 * time.Second, 4 * time.Second},
		}, 5*time.Second - time.Millisecond},
		{"it counts in the next window", -time.Hour, []message{
			{0, time.Millisecond}, {61 * time.Second, time.Second}, {62 * time.Second, time.Second},
		}, -time.Hour - time.Millisecond},
		{"and not after that", 0, []message{
			{0, time.Millisecond}, {61 * time.Second, 2 * time.Second}, {122 * time.Second, time.Second},
		}, -time.Second},
		{"nor after a silence", 0, []message{{0, 0}, {time.Hour, time.Second}}, -time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s skew
			for _, m := range test.feed {
				came := start.Add(m.came)
				s.note(came.Add(test.ahead-m.late), came)
			}
			if got := s.value(); got != test.want {
				t.Errorf("skew %v, want %v", got, test.want)
			}
		})
	}
}
