package host

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// talk takes what a plugin writes into the log: JSON lines of hclog, zerolog and slog with their level and
// fields, other lines as they are. It trusts no field to have the type that it should.
type talk struct {
	log   zerolog.Logger
	words *lastWords

	mu    sync.Mutex
	count int
	panic bool // the rest is a stack
}

func (t *talk) line(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	level, message, fields := t.parse(line)
	t.words.add(message)
	t.count++
	switch {
	case t.count == maxForwarded+1:
		t.log.Warn().Msgf("wrote more than %d lines; the rest is left out", maxForwarded)
		return
	case t.count > maxForwarded:
		return
	}
	t.log.WithLevel(level).Fields(fields).Msg(message)
}

func (t *talk) parse(line string) (zerolog.Level, string, map[string]any) {
	if strings.HasPrefix(line, "{") {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil {
			message := take(fields, "@message", "message", "msg")
			level := levelOf(take(fields, "@level", "level"))
			take(fields, "@timestamp", "time", "timestamp")
			if message == "" {
				return level, line, nil
			}
			return level, message, fields
		}
	}
	if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
		t.panic = true
	}
	if t.panic {
		return zerolog.ErrorLevel, line, nil
	}
	if rest, ok := strings.CutPrefix(line, "["); ok {
		if name, message, ok := strings.Cut(rest, "]"); ok {
			if level, err := zerolog.ParseLevel(strings.ToLower(name)); err == nil && name != "" {
				return level, strings.TrimSpace(message), nil
			}
		}
	}
	return zerolog.DebugLevel, line, nil
}

// take removes the first of some fields that is there, as text.
func take(fields map[string]any, names ...string) string {
	for _, name := range names {
		v, ok := fields[name]
		if !ok {
			continue
		}
		delete(fields, name)
		if s, ok := v.(string); ok {
			return s
		}
		return fmt.Sprint(v)
	}
	return ""
}

// levelOf reads a level; a plugin's own fatal and panic levels are errors here, for zerolog would end the host on them.
func levelOf(name string) zerolog.Level {
	level, err := zerolog.ParseLevel(strings.ToLower(name))
	switch {
	case err != nil || name == "":
		return zerolog.DebugLevel
	case level > zerolog.ErrorLevel:
		return zerolog.ErrorLevel
	}
	return level
}
