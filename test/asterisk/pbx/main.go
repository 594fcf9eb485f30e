//go:build linux

// Command pbx runs a real Asterisk with a carrier and phones on loopback until
// it is interrupted: something to connect a Tollgate to by hand.
//
//	go run ./test/asterisk/pbx [-suite sid|bullseye] [-calls]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tollgate/test/asterisk/lab"
)

func main() {
	suite := flag.String("suite", string(lab.Newest), "Debian release to take Asterisk from: sid or bullseye")
	calls := flag.Bool("calls", false, "make all kinds of calls, over and over (needs sipp)")
	flag.Parse()
	if err := run(lab.Suite(*suite), *calls); err != nil {
		fmt.Fprintln(os.Stderr, "pbx:", err)
		os.Exit(1)
	}
}

// run keeps the Asterisk up until it is interrupted.
func run(suite lab.Suite, calls bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := lab.Open(ctx, suite, 0, "127.0.0.1:4573")
	if err != nil {
		return err
	}
	fmt.Printf("%s is up.\n  manager   %s, user %s, secret %s\n  trunk     %s\n  journal   %s\n  files     %s\n",
		l.Version, l.AMI, l.Username, l.Secret, lab.Trunk, l.CELFile(), l.Dir)
	fmt.Println("Interrupt ends it and removes its files.")
	for calls && ctx.Err() == nil {
		begun := time.Now()
		if err := l.RunAll(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Printf("%d outside legs until now; the last round took %v\n",
			len(l.Carrier.Legs()), time.Since(begun).Round(time.Millisecond))
	}
	<-ctx.Done()
	return l.Close()
}
