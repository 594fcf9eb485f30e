package rating

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tollgate"
)

// TestScripts runs the domain scripts. DESIGN.md describes their language.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.rate")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".rate"), func(t *testing.T) {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			s := script{fail: func(line int, format string, args ...any) {
				t.Errorf("%s:%d: %s", file, line, fmt.Sprintf(format, args...))
			}}
			for lines := bufio.NewScanner(f); lines.Scan(); {
				s.line++
				if err := s.run(lines.Text()); err != nil {
					s.fail(s.line, "%v", err)
				}
			}
			if s.checks == 0 {
				t.Errorf("%s checks nothing", file)
			}
		})
	}
}

// script is the state between two lines.
type script struct {
	fail     func(line int, format string, args ...any)
	line     int
	checks   int
	tariff   tollgate.Tariff
	decks    []tollgate.Deck
	block    func(words) error // what an indented line belongs to
	compiled *Tariff           // nil: something changed since
	charge   tollgate.Charge   // of the last call
}

// words are the words of a line that are still to be read; a quoted text is one.
type words []string

func (s *script) run(text string) error {
	line := split(text)
	if len(line) == 0 {
		return nil
	}
	if text[0] == ' ' || text[0] == '\t' {
		if s.block == nil {
			return errors.New("indented line without a statement above it")
		}
		return s.block(line)
	}
	s.block = nil
	statement := line.next()
	switch statement {
	case "tariff":
		s.tariff = tollgate.Tariff{
			Name: line.next(), Currency: "EUR", Timezone: "Europe/Berlin", Per: 60, Decimals: 6,
		}
		s.decks, s.compiled, s.block = nil, nil, s.set
		return line.end()
	case "change":
		s.compiled, s.block = nil, s.set
		return s.set(line)
	case "deck":
		return s.deck(line)
	case "call":
		s.block = s.says
		return s.call(line)
	case "refused":
		return s.refused(line)
	}
	return fmt.Errorf("unknown statement %q", statement)
}

// set changes fields of the tariff: pairs of a name and a value.
func (s *script) set(line words) error {
	t := &s.tariff
	for len(line) > 0 {
		name, value := line.next(), line.next()
		whole, err := strconv.ParseInt(value, 10, 64)
		switch name {
		case "currency":
			t.Currency, err = tollgate.Currency(value), nil
		case "timezone":
			t.Timezone, err = value, nil
		case "per":
			t.Per = whole
		case "decimals":
			t.Decimals = int(whole)
		case "grace":
			t.Grace = whole
		case "rounding":
			t.Rounding, err = tollgate.Rounding(value), nil
		case "duration":
			t.DurationRounding, err = tollgate.DurationRounding(value), nil
		case "min_charge":
			t.MinCharge, err = value, nil
		case "max_charge":
			t.MaxCharge, err = value, nil
		case "peak":
			from, to, _ := strings.Cut(value, "-")
			t.Peak.From, t.Peak.To, err = from, to, nil
		case "weekend":
			t.Peak.Weekend, err = list(value), nil
		case "holidays":
			t.Peak.Holidays, err = list(value), nil
		default:
			err = field(&t.Default, name, value)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", name, value, err)
		}
	}
	return nil
}

// list reads names with commas between them; none is no name.
func list(value string) []string {
	if value == "none" {
		return nil
	}
	return strings.Split(value, ",")
}

// field changes one field of a rate.
func field(r *tollgate.Rate, name, value string) error {
	fields := map[string]*string{
		"price": &r.Price, "price_peak": &r.PricePeak, "connect_fee": &r.ConnectFee,
		"per": &r.Per, "first": &r.First, "next": &r.Next, "name": &r.Name,
		"prefix": &r.Prefix, "number": &r.Number, "class": (*string)(&r.Class),
	}
	if fields[name] == nil {
		return fmt.Errorf("unknown word %q", name)
	}
	*fields[name] = value
	return nil
}

// deck begins a deck: deck [from INSTANT].
func (s *script) deck(line words) error {
	s.compiled = nil
	d := tollgate.Deck{ID: tollgate.ID(len(s.decks) + 1)}
	if len(line) > 0 {
		if word := line.next(); word != "from" {
			return fmt.Errorf("want from, not %q", word)
		}
		var err error
		if d.Effective, err = time.Parse(time.RFC3339, line.next()); err != nil {
			return err
		}
	}
	s.decks = append(s.decks, d)
	s.block = func(line words) error {
		rates := &s.decks[len(s.decks)-1].Rates
		r := tollgate.Rate{Line: len(*rates) + 2} // as below the header of a file
		for len(line) > 0 {
			if err := field(&r, line.next(), line.next()); err != nil {
				return err
			}
		}
		*rates = append(*rates, r)
		return nil
	}
	return line.end()
}

// call prices: call DURATION [to NUMBER] [class CLASS] [at TIME] costs AMOUNT and so on.
func (s *script) call(line words) (err error) {
	if s.compiled == nil {
		if s.compiled, err = Compile(s.tariff, s.decks); err != nil {
			return err
		}
	}
	location, err := time.LoadLocation(s.tariff.Timezone)
	if err != nil {
		return err
	}
	c := Call{Number: "4930123456", Answer: time.Date(2026, 7, 1, 12, 0, 0, 0, location)}
	if duration := line.next(); duration == "unanswered" {
		c.Answer = time.Time{}
	} else if c.Duration, err = time.ParseDuration(duration); err != nil {
		return err
	}
	s.checks++
	for len(line) > 0 {
		word := line.next()
		switch word {
		case "to":
			c.Number = line.next()
			continue
		case "class":
			c.Class = tollgate.Class(line.next())
			continue
		case "at":
			if c.Answer, err = line.instant(location); err != nil {
				return err
			}
			continue
		}
		err := s.compiled.Price(c, &s.charge)
		if word == "fails" {
			return failed(err, line.next())
		}
		if err != nil {
			return err
		}
		return s.check(append(words{word}, line...))
	}
	return errors.New("want costs, is or fails at the end")
}

// check compares the charge with what the line says of it.
func (s *script) check(line words) error {
	c := &s.charge
	for len(line) > 0 {
		word := line.next()
		want := line.next()
		got := map[string]string{
			"costs": tollgate.FormatMicro(c.Micro), "is": string(c.Status), "rate": c.Rate,
			"name": c.RateName, "deck": c.Deck.String(), "adjusted": string(c.Adjusted),
		}[word]
		switch word {
		default:
			return fmt.Errorf("unknown word %q", word)
		case "is", "rate", "name", "deck", "adjusted":
		case "billed":
			got = billed(c)
			for len(line) > 0 && (line[0] == "peak" || line[0] == "off-peak" || line[0] == "+") {
				want += " " + line.next()
				if strings.HasSuffix(want, "+") {
					want += " " + line.next()
				}
			}
			if !strings.Contains(want, "peak") {
				got = strconv.FormatInt(c.Billed, 10)
			}
		case "costs":
			if c.Status != tollgate.ChargePriced && c.Status != tollgate.ChargeUnanswered {
				got = string(c.Status)
			}
		}
		if got != want {
			s.fail(s.line, "%s %s, want %s (%s)", word, got, want, Explain(c))
		}
	}
	return nil
}

func billed(c *tollgate.Charge) string {
	var spans []string
	for _, span := range c.Spans {
		spans = append(spans, fmt.Sprintf("%d %s", span.Seconds, bandName(span.Band)))
	}
	return strings.Join(spans, " + ")
}

// says compares the explanation of the call above.
func (s *script) says(line words) error {
	if word := line.next(); word != "says" {
		return fmt.Errorf("want says, not %q", word)
	}
	if got, want := Explain(&s.charge), line.next(); got != want {
		s.fail(s.line, "says\n\t%q, want\n\t%q", got, want)
	}
	return line.end()
}

// refused wants the tariff not to compile, for a reason with these words.
func (s *script) refused(line words) error {
	s.checks++
	_, err := Compile(s.tariff, s.decks)
	return failed(err, line.next())
}

// failed wants an error that is the caller's fault, with these words in it.
func failed(err error, want string) error {
	if err == nil {
		return fmt.Errorf("nothing failed, want %q", want)
	}
	if tollgate.CodeOf(err) != tollgate.CodeInvalid || want == "" || !strings.Contains(err.Error(), want) {
		return fmt.Errorf("got error %w, want it invalid because of %q", err, want)
	}
	return nil
}

// instant reads RFC 3339, or a weekday, a date and a time on the tariff's clock.
func (w *words) instant(location *time.Location) (time.Time, error) {
	first := w.next()
	if strings.Contains(first, "T") && len(first) > len("Thu") {
		return time.Parse(time.RFC3339, first)
	}
	t, err := time.ParseInLocation("2006-01-02 15:04:05", w.next()+" "+w.next(), location)
	if err == nil && t.Format("Mon") != first {
		err = fmt.Errorf("%s is a %s, not a %s", t.Format(time.DateOnly), t.Format("Mon"), first)
	}
	return t, err
}

// next takes the next word, empty at the end.
func (w *words) next() string {
	if len(*w) == 0 {
		return ""
	}
	word := (*w)[0]
	*w = (*w)[1:]
	return word
}

func (w *words) end() error {
	if len(*w) > 0 {
		return fmt.Errorf("too many words: %q", *w)
	}
	return nil
}

// split cuts a line into words. A quoted text is one word; # begins a comment.
func split(text string) words {
	var out words
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" || text[0] == '#' {
			return out
		}
		if text[0] == '"' {
			quoted, err := strconv.QuotedPrefix(text)
			if err != nil {
				return append(out, text)
			}
			word, _ := strconv.Unquote(quoted)
			out, text = append(out, word), text[len(quoted):]
			continue
		}
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		out, text = append(out, text[:end]), text[end:]
	}
}
