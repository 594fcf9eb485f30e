package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type manCommand struct{}

// Run prints the manual page, section 1, in the macros of man(7).
func (manCommand) Run(p *program, ctx *kong.Context) error {
	var page strings.Builder
	root := ctx.Model.Node
	fmt.Fprintf(&page, ".TH TOLLGATE 1 \"\" \"Tollgate %s\" \"User Commands\"\n", roff(version))
	fmt.Fprintf(&page, ".SH NAME\ntollgate \\- charges for telephone calls\n")
	fmt.Fprintf(&page, ".SH SYNOPSIS\n.B tollgate\n.I command\n.RI [ flags ]\n")
	fmt.Fprintf(&page, ".SH DESCRIPTION\n%s\n", roff(root.Help))
	page.WriteString(".SH COMMANDS\n")
	for _, leaf := range root.Leaves(true) {
		manCommandPart(&page, leaf)
	}
	page.WriteString(".SH EXIT STATUS\n0 done, 1 failed, 2 the request was wrong.\n")
	fmt.Fprintf(&page, ".SH FILES\n.TP\n.I %s\nSettings of the packaged server, lines NAME=value. "+
		"Other commands read them too, where they may.\n", settingsFile)
	page.WriteString(".TP\n.I /var/lib/tollgate\n" +
		"The embedded database of the packaged server, pushed journals, certificates.\n")
	page.WriteString(".SH SEE ALSO\n.BR systemctl (1),\n.BR journalctl (1)\n")
	_, err := io.WriteString(p.stdout, page.String())
	return err
}

// manCommandPart describes one command with its arguments and flags.
func manCommandPart(page *strings.Builder, node *kong.Node) {
	fmt.Fprintf(page, ".SS \"%s\"\n%s\n", roff(node.FullPath()), roff(node.Help))
	if node.Detail != "" {
		fmt.Fprintf(page, ".PP\n%s\n", roff(node.Detail))
	}
	for _, argument := range node.Positional {
		fmt.Fprintf(page, ".TP\n.I %s\n%s\n", roff(argument.Name), roff(argument.Help))
	}
	for _, flag := range node.Flags {
		if flag.Hidden || flag.Name == "help" {
			continue
		}
		fmt.Fprintf(page, ".TP\n.BR \"%s\"", roff("--"+flag.Name))
		if !flag.IsBool() {
			fmt.Fprintf(page, " \" \" \\fI%s\\fR", roff(strings.ReplaceAll(flag.FormatPlaceHolder(), "\"", "")))
		}
		fmt.Fprintf(page, "\n%s", roff(flag.Help))
		if flag.HasDefault && flag.Default != "" {
			fmt.Fprintf(page, " Default: %s.", roff(flag.Default))
		}
		if len(flag.Envs) > 0 {
			fmt.Fprintf(page, " Environment: %s.", roff(strings.Join(flag.Envs, ", ")))
		}
		page.WriteString("\n")
	}
}

// roff lets a text mean itself: backslashes, hyphens that are to be copied, and
// lines that begin like a macro.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...", "\n", "\n.br\n").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
