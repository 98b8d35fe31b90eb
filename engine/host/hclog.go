package host

import (
	"fmt"
	"io"
	"log"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"
)

// quiet is go-plugin's logger. What it tells of a plugin's start and end is in [Error] too, so all of it is debugging
// talk here, whatever its level.
type quiet struct {
	log  zerolog.Logger
	name string
	args []any
}

var _ hclog.Logger = (*quiet)(nil)

func (q *quiet) Log(level hclog.Level, message string, args ...any) {
	e := q.log.Debug()
	if level <= hclog.Debug {
		e = q.log.Trace()
	}
	all := append(append([]any{}, q.args...), args...)
	for i := 0; i+1 < len(all); i += 2 {
		e = e.Str(fmt.Sprint(all[i]), fmt.Sprint(all[i+1]))
	}
	e.Msg(message)
}

func (q *quiet) Trace(message string, args ...any) { q.Log(hclog.Trace, message, args...) }
func (q *quiet) Debug(message string, args ...any) { q.Log(hclog.Debug, message, args...) }
func (q *quiet) Info(message string, args ...any)  { q.Log(hclog.Info, message, args...) }
func (q *quiet) Warn(message string, args ...any)  { q.Log(hclog.Warn, message, args...) }
func (q *quiet) Error(message string, args ...any) { q.Log(hclog.Error, message, args...) }

func (q *quiet) IsTrace() bool { return q.log.GetLevel() <= zerolog.TraceLevel }
func (q *quiet) IsDebug() bool { return q.log.GetLevel() <= zerolog.DebugLevel }
func (q *quiet) IsInfo() bool  { return q.IsDebug() }
func (q *quiet) IsWarn() bool  { return q.IsDebug() }
func (q *quiet) IsError() bool { return q.IsDebug() }

func (q *quiet) GetLevel() hclog.Level {
	switch {
	case q.IsTrace():
		return hclog.Trace
	case q.IsDebug():
		return hclog.Debug
	}
	return hclog.Off
}

func (q *quiet) SetLevel(hclog.Level) {} // the host's logger decides

func (q *quiet) ImpliedArgs() []any { return q.args }
func (q *quiet) With(args ...any) hclog.Logger {
	return &quiet{q.log, q.name, append(append([]any{}, q.args...), args...)}
}

func (q *quiet) Name() string { return q.name }
func (q *quiet) Named(name string) hclog.Logger {
	if q.name != "" {
		name = q.name + "." + name
	}
	return &quiet{q.log, name, q.args}
}
func (q *quiet) ResetNamed(name string) hclog.Logger { return &quiet{q.log, name, q.args} }

func (q *quiet) StandardWriter(*hclog.StandardLoggerOptions) io.Writer {
	return &lineWriter{emit: func(line string) { q.Debug(line) }}
}
func (q *quiet) StandardLogger(o *hclog.StandardLoggerOptions) *log.Logger {
	return log.New(q.StandardWriter(o), "", 0)
}
