package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the release build.
var version = "0.1.0-dev"

type versionCommand struct{}

// Run prints the version, the commit the binary was built from, and the toolchain.
func (versionCommand) Run(p *program) error {
	revision := "unknown"
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, s := range build.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	_, err := fmt.Fprintf(p.stdout, "tollgate %s\ncommit %s\n%s %s/%s\n",
		version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
