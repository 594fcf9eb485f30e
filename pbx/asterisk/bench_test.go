package asterisk

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tollgate/pbx/asterisk/ami"
)

// BenchmarkTrackAll reads and tracks an unfiltered stream: bytes and messages in,
// legs out.
func BenchmarkTrackAll(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("testdata", "recordings", "out_answered", "ami.txt"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	messages := 0
	for b.Loop() {
		r := ami.NewReader(bytes.NewReader(text))
		t := NewTracker(TrackerConfig{Trunks: []string{"PJSIP/provider"}})
		for {
			m, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			messages++
			t.Handle(m)
		}
	}
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkTrackJournal reads the rows of a journal.
func BenchmarkTrackJournal(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("testdata", "recordings", "out_answered", "cel.csv"))
	if err != nil {
		b.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(text)), "\n")
	for b.Loop() {
		t := NewTracker(TrackerConfig{Trunks: []string{"PJSIP/provider"}})
		for _, row := range rows {
			t.HandleCEL([]byte(row))
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
}
