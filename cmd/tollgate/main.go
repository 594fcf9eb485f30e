// Command tollgate charges for telephone calls. Each command is one file here;
// this one reads the command line and hands over.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"tollgate"

	"github.com/alecthomas/kong"
)

// commands is the command line. A command is a struct with its flags and a
// Run(*program) error method.
type commands struct {
	Demo    demoCommand    `cmd:"" help:"Show everything at work with made-up companies and calls."`
	Serve   serveCommand   `cmd:"" help:"Run: follow the devices, charge their calls, show the pages, answer the API."`
	Rate    rateCommand    `cmd:"" help:"Price calls from a file, without a database."`
	Explain explainCommand `cmd:"" help:"Say what one call costs, and why."`
	Import  importCommand  `cmd:"" help:"Read a file: calls, rates, attribution, accounts, extensions."`
	Export  exportCommand  `cmd:"" help:"Write what import reads."`
	Audit   auditCommand   `cmd:"" help:"Prove that the books are right, also while they are in use."`
	Replay  replayCommand  `cmd:"" help:"Read recorded calls of a telephone system again."`
	Token   tokenCommand   `cmd:"" help:"Keys of programs for the API."`
	Admin   adminCommand   `cmd:"" help:"People who administer, and links for those who lost their password."`
	Health  healthCommand  `cmd:"" help:"Ask a running server what runs; ends with 1 if something does not."`
	Bench   benchCommand   `cmd:"" help:"Measure this machine: each number beside the limit measured in the same run."`
	Version versionCommand `cmd:"" help:"Print the version and how it was built."`

	Completion completionCommand `cmd:"" help:"Print what lets a shell complete command lines."`
	Man        manCommand        `cmd:"" hidden:"" help:"Print the manual page."`
}

// program is what a command may touch of the outside world.
type program struct {
	ctx    context.Context // ends on interrupt
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	log    *slog.Logger
	// settings names a file of settings for those who run commands beside the packaged server.
	settings string
}

// gcPercent is by how much the heap may grow before what is not used is collected.
// Compiled tariffs are most of the heap and have to be looked through each time:
// under load that was an eighth of all work.
const gcPercent = 300

func main() { os.Exit(start()) }

// start is main with its defers run before the process ends.
func start() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{
		ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		now: time.Now, log: slog.New(slog.NewTextHandler(os.Stderr, nil)), settings: settingsFile,
	}
	return p.run(os.Args[1:])
}

// asked names the command that a wrong command line was meant for.
func asked(err error) string {
	var names strings.Builder
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
		for _, step := range wrong.Context.Path {
			if step.Command != nil {
				names.WriteString(step.Command.Name + " ")
			}
		}
	}
	return names.String()
}

// exited carries an exit code out of kong, which wants to end the process itself.
type exited int

// run executes one command line and returns the exit code: 0 done, 1 failed,
// 2 the request was wrong.
func (p *program) run(args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(exited)
			if !ok {
				panic(r)
			}
			code = int(e)
		}
	}()
	said, err := readSettings(p.settings)
	if err != nil {
		fmt.Fprintf(p.stderr, "tollgate: %v\n", err)
		return 2
	}
	parser := kong.Must(&commands{},
		kong.Name("tollgate"),
		kong.Description("Charges for telephone calls: exact money, no overspend, every price explained."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Resolvers(said),
	)
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "tollgate: %v\nTry tollgate %s--help.\n", err, asked(err))
		return 2
	}
	if err := parsed.Run(p); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(p.stderr, "tollgate: %v\n", err)
		if tollgate.CodeOf(err) == tollgate.CodeInvalid {
			return 2
		}
		return 1
	}
	return 0
}
