package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run the real program: a script's tollgate is this
// test binary, entered through main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tollgate": main})
}

// TestScripts runs testdata/script/*.txtar. An example says more than a rule:
// rate.txtar is a good one to begin with.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}
