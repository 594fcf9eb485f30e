package asterisk

import (
	"errors"
	"io"
	"time"

	"tollgate/pbx/asterisk/ami"
	"tollgate/pbx/asterisk/cel"
	"tollgate/pbx/asterisk/tail"
)

// Replayed says what a recording held beside its legs.
type Replayed struct {
	Counts  Counts
	Garbage ami.Garbage
	Open    []Leg // legs that had not ended when the recording did: not billable yet
	Untimed bool  // events carry no Timestamp: times are those of the reading
}

// ReplayAMI reads a recorded manager stream and hands out its billable legs in
// the order they ended. It returns an error only if reading fails.
func ReplayAMI(r *ami.Reader, config TrackerConfig, each func(Leg) error) (Replayed, error) {
	t := NewTracker(config)
	done := Replayed{}
	for {
		m, err := r.Next()
		if err != nil {
			done.Counts, done.Garbage, done.Open = t.Counts(), r.Garbage(), t.Open()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return done, err
		}
		before := t.counts.Events
		for _, leg := range t.Handle(m) {
			if err := each(leg); err != nil {
				return done, err
			}
		}
		if t.counts.Events > before && m.Get("Timestamp") == "" {
			done.Untimed = true
		}
	}
}

// ReplayCEL reads a CEL journal from its beginning and hands out its billable
// legs in the order they ended. It returns an error only if reading fails.
func ReplayCEL(r io.Reader, config TrackerConfig, each func(Leg) error) (Replayed, error) {
	t := NewTracker(config)
	done := Replayed{}
	lines := tail.NewLines(r)
	for {
		line, long, err := lines.Next()
		done.Garbage.Long += long
		if err != nil && len(line) == 0 {
			done.Counts, done.Open = t.Counts(), t.Open()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return done, err
		}
		if len(line) == 0 {
			continue
		}
		legs, ok := t.HandleCEL(line)
		if !ok {
			done.Garbage.Lines++
		}
		for _, leg := range legs {
			if err := each(leg); err != nil {
				return done, err
			}
		}
	}
}

// IsCEL reports whether a line is a row of a CEL journal.
func IsCEL(line []byte) bool {
	_, err := cel.Parse(line, time.UTC)
	return err == nil
}
