package daybook

import (
	"os"
	"syscall"
)

// syncFile is Sync without what only says when the file was written: blocks are
// written over, so nothing else about it changes.
func syncFile(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
