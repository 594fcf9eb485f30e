package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// settingsFile is what systemd hands to the packaged server as its environment.
// Commands read it too, where they may, so that they mean the same books.
const settingsFile = "/etc/tollgate/tollgate.env"

// settings are the lines NAME=value of a settings file. A flag takes its value
// from there if neither the command line nor the environment says otherwise.
type settings map[string]string

// readSettings reads a file; one that is absent, or not for these eyes, says nothing.
func readSettings(name string) (settings, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found := make(settings)
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("%s:%d: want NAME=value", name, n)
		}
		value = strings.TrimSpace(value)
		if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
			value = value[1 : len(value)-1]
		}
		found[strings.TrimSpace(key)] = value
	}
	return found, lines.Err()
}

// Validate has nothing to say: systemd takes any name, too.
func (s settings) Validate(*kong.Application) error { return nil }

// Resolve looks for the variables of a flag. What was said of another flag that
// excludes this one (--data, --database) weighs more than the file.
func (s settings) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, other := range ctx.Flags() {
		if (other == flag || sharesXor(other, flag)) && said(ctx, other) {
			return nil, nil
		}
	}
	for _, name := range flag.Envs {
		if value := s[name]; value != "" {
			return value, nil
		}
	}
	return nil, nil
}

// said reports whether the command line or the environment sets a flag.
func said(ctx *kong.Context, flag *kong.Flag) bool {
	onLine := slices.ContainsFunc(ctx.Path, func(p *kong.Path) bool { return p.Flag == flag })
	return onLine || slices.ContainsFunc(flag.Envs, func(name string) bool { return os.Getenv(name) != "" })
}

func sharesXor(a, b *kong.Flag) bool {
	return slices.ContainsFunc(a.Xor, func(x string) bool { return slices.Contains(b.Xor, x) })
}
