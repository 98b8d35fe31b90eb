package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/rectify-project/rectify/engine"
	"github.com/rectify-project/rectify/engine/trust"
	"github.com/rectify-project/rectify/sdk/pluginserver"
)

// The exit codes; docs/exit-codes.md says when each is given.
const (
	exitDone         = 0
	exitFound        = 1   // check: errors; test: a failure; diagnose --exit-code: the problem was seen
	exitUsage        = 2   // unknown command, flag, playbook or input
	exitUnreadable   = 3   // a file, root, bundle or plugin folder cannot be used
	exitUndetermined = 4   // it cannot be told: diagnose --exit-code whether the problem is there, run whether it is fixed
	exitApproval     = 5   // an approval or an answer is missing; nothing was changed
	exitPlan         = 6   // the plan does not hold, or there is nothing to take back; nothing was changed
	exitStopped      = 7   // a step failed; the run is not complete
	exitNotFixed     = 8   // the run is complete, and the problem is still there
	exitRestart      = 9   // a restart is needed
	exitBusy         = 10  // another run has the target
	exitInternal     = 70  // a fault of rectify
	exitInterrupted  = 130 // Ctrl-C
)

// program is rectify with its streams: results go to stdout, talk goes to stderr.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	stop           *stop  // nil: nothing interrupts
	rights         rights // nil: the system knows no such thing
}

// exitError ends a command with an exit code. A nil err says nothing more: the result was printed.
type exitError struct {
	code int
	err  error
	told bool // by another process, which had the last word: the code stands, whatever happened here meanwhile
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageError is an error of the command line.
func usageError(err error) error { return &exitError{code: exitUsage, err: err} }

// main runs a command line and gives the exit code.
func (p program) main(ctx context.Context, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(p.stderr, "rectify: a fault of rectify itself: %v\n%s", r, debug.Stack())
			code = exitInternal
		}
	}()
	if len(args) == 3 && args[0] == "plugin" && args[1] == "serve" {
		return p.servePlugin(args[2])
	}
	if len(args) == 4 && args[0] == "plugin" && args[1] == "work" {
		return p.work(ctx, args[2], args[3])
	}
	root := p.rootCommand(args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var exit *exitError
	if errors.As(err, &exit) && exit.told {
		return exit.code
	}
	if ctx.Err() != nil {
		fmt.Fprintln(p.stderr, "rectify: interrupted")
		return exitInterrupted
	}
	switch {
	case err == nil:
		return exitDone
	case !errors.As(err, &exit):
		exit = &exitError{code: exitUnreadable, err: err}
		if !root.SilenceUsage { // cobra failed before a command ran
			exit.code = exitUsage
		}
	}
	if exit.err != nil {
		fmt.Fprintf(p.stderr, "rectify: %v\n", exit.err)
	}
	return exit.code
}

// servePlugin serves a plugin that is part of this program; the host started us for it.
func (p program) servePlugin(name string) int {
	plugin, ok := linkedPlugin(name)
	if !ok {
		fmt.Fprintf(p.stderr, "rectify: no plugin %q is part of this program\n", name)
		return exitUsage
	}
	pluginserver.Serve(plugin)
	return exitDone
}

// work does what outlives the plugin that began it; the plugin has started us for it.
func (p program) work(ctx context.Context, name, stateDir string) int {
	plugin, _, _ := strings.Cut(name, ".")
	do, ok := workers()[plugin]
	if !ok {
		fmt.Fprintf(p.stderr, "rectify: no plugin that is part of this program has work named %q\n", name)
		return exitUsage
	}
	if err := do(ctx, stateDir); err != nil {
		fmt.Fprintf(p.stderr, "rectify: %v\n", err)
		return exitStopped
	}
	return exitDone
}

// globals are the flags of every command.
type globals struct {
	program
	args      []string // the command line
	pluginDir string
	lockFile  string
	logLevel  string
	stateDir  string
	format    string
}

func (p program) rootCommand(args []string) *cobra.Command {
	g := &globals{program: p, args: args}
	root := &cobra.Command{
		Use:   "rectify",
		Short: "Repair a sick Windows machine with a playbook made of a troubleshooting article",
		Long: `Rectify looks at a Windows machine, at the disk of one that is not running, or at a
recorded bundle, and says what is wrong, with the evidence for and against each
cause. Looking never changes anything. Then it shows what it would change, changes
it when that is approved, reads back that it worked, and can take everything back.

  rectify diagnose 0x8024001E --root /mnt/disk    why does this update fail?
  rectify plan 0x8024001E --root /mnt/disk        what would be changed?
  rectify run 0x8024001E --root /mnt/disk         repair it, asking before each change
  rectify undo last                               take it back
  rectify diagnose --root /mnt/disk               which playbooks fit?
  rectify explain 0x80070002                      what does this code mean?

Exit codes: 0 done; 1 found (check, test, history verify, diagnose --exit-code);
2 wrong usage; 3 something cannot be read; 4 it cannot be told; 5 approval is missing;
6 the plan does not hold; 7 a step failed; 8 not fixed; 9 a restart is needed;
10 another run has the target; 70 a fault of rectify; 130 interrupted.`,
		Version:       version(),
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			cmd.Root().SilenceUsage = true
			if g.format != "text" && g.format != "json" {
				return usageError(fmt.Errorf("unknown --format %q: text or json", g.format))
			}
			return nil
		},
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	flags := root.PersistentFlags()
	flags.StringVar(&g.pluginDir, "plugins", "", "folder of vendor plugins (files named rectify-plugin-NAME)")
	flags.StringVar(&g.lockFile, "lock", trust.LockFile, "file that pins vendor plugins")
	flags.StringVar(&g.logLevel, "log-level", "warn", "what to tell on stderr: debug, info, warn, error")
	flags.StringVar(&g.stateDir, "state", "", "folder of the journal; without it, %ProgramData%\\Rectify or $XDG_STATE_HOME/rectify")
	flags.StringVar(&g.format, "format", "text", "form of the result: text or json")
	root.AddCommand(g.diagnoseCommand(), g.planCommand(), g.applyCommand(), g.runCommand(), g.resumeCommand(), g.undoCommand(), g.historyCommand(),
		g.checkCommand(), g.testCommand(), g.recordCommand(), g.explainCommand(),
		g.playbooksCommand(), g.pluginsCommand(), g.probeCommand(), g.doctorCommand())
	return root
}

// version is the module's version as it was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "development"
	}
	return info.Main.Version
}

// json says whether the result is wanted as JSON.
func (g *globals) json() bool { return g.format == "json" }

// engine makes the engine of a command. The command closes it.
func (g *globals) engine() (*engine.Engine, error) {
	level, err := zerolog.ParseLevel(g.logLevel)
	if err != nil {
		return nil, usageError(fmt.Errorf("unknown --log-level %q: debug, info, warn or error", g.logLevel))
	}
	lock, err := trust.Load(g.lockFile)
	if err != nil {
		return nil, err
	}
	log := zerolog.New(zerolog.ConsoleWriter{Out: g.stderr, NoColor: !isTerminal(g.stderr), PartsExclude: []string{zerolog.TimestampFieldName}}).Level(level)
	return engine.New(engine.Options{
		Linked:    linkedPlugins(),
		ServeArgs: func(name string) []string { return []string{"plugin", "serve", name} },
		VendorDir: g.pluginDir,
		Lock:      lock,
		Log:       log,
		Progress:  newTicker(g.stderr).progress,
	})
}

// isTerminal says whether a stream is a person's terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
