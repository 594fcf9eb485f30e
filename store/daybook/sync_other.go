//go:build !linux

package daybook

import "os"

func syncFile(f *os.File) error { return f.Sync() }
