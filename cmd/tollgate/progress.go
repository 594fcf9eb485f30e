package main

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress returns a bar that is told the bytes read from a file. It is seen
// only by a person at a terminal.
func (p *program) progress(file io.Reader) *progressbar.ProgressBar {
	size := int64(-1)
	if f, ok := file.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	}
	if f, ok := p.stderr.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return progressbar.DefaultBytesSilent(size)
	}
	return progressbar.DefaultBytes(size)
}
