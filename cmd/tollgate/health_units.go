package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tollgate"
	"tollgate/api"
)

// usualUnit is listed where it exists although nobody asked.
const usualUnit = "asterisk.service"

// unitDirs are where systemd finds what it may run, systemd.unit(5).
func unitDirs() []string {
	return []string{
		"etc/systemd/system", "run/systemd/system", "run/systemd/generator", "usr/local/lib/systemd/system",
		"usr/lib/systemd/system", "lib/systemd/system", "run/systemd/generator.late",
	}
}

// unitParts says of services below root whether they run. It asks nobody: a
// service runs when its control group holds a process.
func unitParts(root string, names []string) ([]api.Part, error) {
	if len(names) == 0 && unitExists(root, usualUnit) {
		names = []string{usualUnit}
	}
	var parts []api.Part
	for _, name := range names {
		if !strings.Contains(name, ".") {
			name += ".service"
		}
		if !strings.HasSuffix(name, ".service") || strings.ContainsAny(name, "/*?[\\") {
			return nil, tollgate.Errorf(tollgate.CodeInvalid,
				"--unit %s: want the name of a service, such as %s", name, usualUnit)
		}
		part := api.Part{Name: name, State: "running"}
		if !unitRuns(root, name) {
			part.State = "stopped"
			if !unitExists(root, name) {
				part.State, part.Detail = "failed", "there is no such unit"
			}
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// unitExists reports whether a unit, or what it is an instance of, has a file.
func unitExists(root, name string) bool {
	files := []string{name}
	if before, _, ok := strings.Cut(name, "@"); ok {
		files = append(files, before+"@.service")
	}
	return slices.ContainsFunc(unitDirs(), func(dir string) bool {
		return slices.ContainsFunc(files, func(file string) bool {
			_, err := os.Stat(filepath.Join(root, dir, file))
			return err == nil
		})
	})
}

// unitRuns looks into the unified hierarchy (kernel.org, cgroup-v2), which is at
// one of two places; instances of one template share a slice.
func unitRuns(root, name string) bool {
	for _, hierarchy := range []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} {
		for _, slice := range []string{"system.slice", "system.slice/system-*.slice"} {
			found, _ := filepath.Glob(filepath.Join(root, hierarchy, slice, name, "cgroup.events")) // the pattern is sound
			for _, events := range found {
				text, err := os.ReadFile(events)
				if err == nil && bytes.Contains(text, []byte("populated 1")) {
					return true
				}
			}
		}
	}
	return false
}
