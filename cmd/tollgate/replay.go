package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"tollgate"
	"tollgate/pbx/asterisk"
	"tollgate/pbx/asterisk/ami"
	"tollgate/pbx/asterisk/tail"
)

// replayCommand reads recordings of telephone systems again.
type replayCommand struct {
	Asterisk replayAsteriskCommand `cmd:"" help:"Print the billable legs of recorded AMI streams or CEL journals, one JSON line each."`
}

type replayAsteriskCommand struct {
	Trunk           []string `placeholder:"PREFIX"                                                                     help:"Channel prefix of a trunk, such as PJSIP/provider. Repeat for more. Without any, a leg counts that was dialled with a number at an endpoint." sep:"none"`
	Private         []string `default:"*7*"                                                                            help:"Code dialled first that marks a call private."                                                                                                sep:"none"`
	ExtensionDigits int      `default:"6"                                                                              help:"Longest extension, where one must be told from an outside number by its looks."`
	CEL             bool     `help:"The files are CEL journals written by cel_custom, also where the first line does not look so."                                 name:"cel"`
	Files           []string `arg:""                                                                                   help:"Recordings; - is standard input."                                                                                                             name:"file"`
}

// replayedLeg is one line of output. The key names are a promise.
type replayedLeg struct {
	UniqueID    string             `json:"uniqueid"`
	Extension   string             `json:"extension"`
	Originator  string             `json:"originator"`
	Dialed      string             `json:"dialed"`
	Trunk       string             `json:"trunk"`
	AccountCode string             `json:"account_code"`
	Private     bool               `json:"private"`
	Start       string             `json:"start"`
	Answer      *string            `json:"answer"`
	End         string             `json:"end"`
	BillableMS  int64              `json:"billable_ms"`
	Cause       tollgate.Cause     `json:"cause"`
	Direction   tollgate.Direction `json:"direction"`
}

const replayTime = "2006-01-02T15:04:05.000000Z07:00"

// Run prints the legs of each recording in the order they ended. What a
// recording leaves open or cannot say goes to standard error.
func (c *replayAsteriskCommand) Run(p *program) error {
	out := bufio.NewWriter(p.stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	print := func(leg asterisk.Leg) error {
		if leg.Estimated {
			fmt.Fprintf(p.stderr, "tollgate: leg %s to %s: nobody saw its end; it is taken as %s\n",
				leg.UniqueID, leg.Dialed, leg.End.UTC().Format(replayTime))
		}
		if err := encoder.Encode(lineOf(&leg)); err != nil {
			return err
		}
		return out.Flush()
	}
	for _, name := range c.Files {
		if err := c.replay(p, name, print); err != nil {
			return err
		}
	}
	return nil
}

func (c *replayAsteriskCommand) replay(p *program, name string, each func(asterisk.Leg) error) error {
	source, err := p.open(name)
	if err != nil {
		return tollgate.Errorf(tollgate.CodeInvalid, "opening recording: %v", err)
	}
	defer source.Close()
	config := asterisk.TrackerConfig{
		Trunks: c.Trunk, PrivateCodes: c.Private, ExtensionDigits: c.ExtensionDigits,
	}
	var done asterisk.Replayed
	buffer := bufio.NewReaderSize(source, tail.LineMax)
	if c.CEL || beginsCEL(buffer) {
		done, err = asterisk.ReplayCEL(buffer, config, each)
	} else {
		reader := ami.NewReader(buffer)
		reader.Now = p.now
		done, err = asterisk.ReplayAMI(reader, config, each)
	}
	if err != nil {
		return fmt.Errorf("replaying %s: %w", name, err)
	}
	warnReplay(p.stderr, name, &done)
	return nil
}

// beginsCEL reports whether the first line is a row of a CEL journal.
func beginsCEL(r *bufio.Reader) bool {
	head, _ := r.Peek(tail.LineMax) // reading says what is wrong
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return asterisk.IsCEL(bytes.TrimRight(line, "\r"))
}

// warnReplay says what a reader of the lines should know about the recording.
func warnReplay(w io.Writer, name string, done *asterisk.Replayed) {
	for _, leg := range done.Open {
		state := "ringing"
		if !leg.Answer.IsZero() {
			state = "answered " + leg.Answer.UTC().Format(replayTime)
		}
		fmt.Fprintf(w, "tollgate: %s: leg %s of %s to %s had not ended (%s): not billable\n",
			name, leg.UniqueID, leg.Originator, leg.Dialed, state)
	}
	if done.Counts.Unplaced > 0 {
		fmt.Fprintf(w, "tollgate: %s: %d legs without an originator\n", name, done.Counts.Unplaced)
	}
	if done.Counts.Dropped > 0 {
		fmt.Fprintf(w, "tollgate: %s: %d channels forgotten: too many at once\n", name, done.Counts.Dropped)
	}
	if g := done.Garbage; g.Sum() > 0 {
		fmt.Fprintf(w, "tollgate: %s: skipped %d lines, %d too long lines, %d messages; %d messages shortened\n",
			name, g.Lines, g.Long, g.Messages, g.Cut)
	}
	if done.Untimed {
		fmt.Fprintf(w, "tollgate: %s: events without Timestamp (timestampevents = yes in manager.conf adds it): "+
			"times are those of this reading\n", name)
	}
	if done.Counts.Events == 0 {
		fmt.Fprintf(w, "tollgate: %s: no channel events in it\n", name)
	}
}

func lineOf(leg *asterisk.Leg) replayedLeg {
	line := replayedLeg{
		UniqueID: leg.UniqueID, Extension: leg.Extension, Originator: leg.Originator, Dialed: leg.Dialed,
		Trunk: leg.Trunk, AccountCode: leg.AccountCode, Private: leg.Private,
		Start: leg.Start.UTC().Format(replayTime), End: leg.End.UTC().Format(replayTime),
		BillableMS: int64(leg.Duration() / time.Millisecond), Cause: leg.Cause, Direction: tollgate.Outbound,
	}
	if !leg.Answer.IsZero() {
		answer := leg.Answer.UTC().Format(replayTime)
		line.Answer = &answer
	}
	return line
}

// open opens a file, or standard input for "-".
func (p *program) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(p.stdin), nil
	}
	return os.Open(name)
}
