package agi

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// The limits of what Asterisk may say.
const (
	maxLine        = 4 << 10  // bytes of a line with its end
	maxEnvironment = 32 << 10 // bytes of all lines at the beginning
	maxNames       = 200      // lines at the beginning
	maxUsage       = 100      // lines of help after a command it could not read
	maxCommand     = 2_000    // bytes of a command; Asterisk reads 2,047
)

// errGone says that the channel, or the connection to it, is no more.
var errGone = errors.New("the caller has hung up")

// environment is what Asterisk says of the channel at the beginning, by name.
type environment map[string]string

// readEnvironment reads the beginning of a session.
func readEnvironment(in *bufio.Reader) (environment, error) {
	env := environment{}
	for size := 0; ; {
		line, err := readLine(in)
		if err != nil {
			return nil, err
		}
		if line == "" {
			return env, nil
		}
		size += len(line)
		name, value, found := strings.Cut(line, ":")
		if !found || !strings.HasPrefix(name, "agi_") {
			return nil, fmt.Errorf("%.80q is not a line agi_name: value", line)
		}
		// A number with an escaped line end in it would forge a line. Asterisk's own
		// lines come once each, and first.
		if _, twice := env[name]; twice {
			return nil, fmt.Errorf("%.80q comes twice", name)
		}
		env[name] = strings.TrimSpace(value)
		if len(env) > maxNames || size > maxEnvironment {
			return nil, fmt.Errorf("the environment is larger than %d lines or %d bytes", maxNames, maxEnvironment)
		}
	}
}

// readLine reads a line without its end.
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("a line is longer than %d bytes", maxLine)
	case err != nil:
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// answer is what Asterisk says to a command.
type answer struct {
	result string // digits that were pressed, a key's code, or -1
	value  string // what stands behind it in parentheses
}

// readAnswer reads the answer to one command. hungUp says that the line HANGUP
// came before it.
func readAnswer(in *bufio.Reader) (a answer, hungUp bool, err error) {
	usage := false
	for range maxUsage {
		line, err := readLine(in)
		switch {
		case err != nil:
			return answer{}, hungUp, err
		case line == "HANGUP":
			hungUp = true
		case strings.HasPrefix(line, "511 "):
			return answer{}, true, errGone
		case strings.HasPrefix(line, "520-"):
			usage = true
		case strings.HasPrefix(line, "510 "), strings.HasPrefix(line, "520 "):
			return answer{}, hungUp, fmt.Errorf("the command is refused: %.200q", line)
		case usage, strings.HasPrefix(line, "100 "):
		default:
			a, err = parseAnswer(line)
			return a, hungUp, err
		}
	}
	return answer{}, hungUp, fmt.Errorf("no answer within %d lines", maxUsage)
}

// parseAnswer takes a line such as "200 result=1 (value) endpos=8000" apart.
func parseAnswer(line string) (answer, error) {
	rest, found := strings.CutPrefix(line, "200 result=")
	if !found {
		return answer{}, fmt.Errorf("%.200q is not an answer", line)
	}
	result, rest, _ := strings.Cut(rest, " ")
	a := answer{result: result}
	if from := strings.IndexByte(rest, '('); from >= 0 {
		if to := strings.LastIndexByte(rest, ')'); to > from {
			a.value = rest[from+1 : to]
		}
	}
	return a, nil
}

// writeCommand writes a command as Asterisk takes it apart again: the words of
// the command as they are, each argument in quotes.
func writeCommand(command string, args ...string) ([]byte, error) {
	out := []byte(command)
	for _, arg := range args {
		out = append(out, ' ', '"')
		for i := range len(arg) {
			switch b := arg[i]; {
			case b == '"' || b == '\\':
				out = append(out, '\\', b)
			case b < ' ' && b != separator[0]:
				out = append(out, ' ')
			default:
				out = append(out, b)
			}
		}
		out = append(out, '"')
	}
	if out = append(out, '\n'); len(out) > maxCommand {
		return nil, fmt.Errorf("a command of %d bytes is longer than %d", len(out), maxCommand)
	}
	return out, nil
}
