package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// decode reads exactly one JSON document, its numbers as json.Number.
func decode(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, &PathError{Err: fmt.Errorf("not JSON: %w", err)}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &PathError{Err: errors.New("more than one JSON document")}
	}
	return v, nil
}

// plain copies free data with its numbers made int64 or float64.
func plain(v any, at string) (any, error) {
	switch x := v.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i, nil
		}
		f, ok := float(x)
		if !ok {
			return nil, &PathError{at, fmt.Errorf("the number %s is too large", shorten(x.String()))}
		}
		return f, nil
	case float64:
		if _, ok := float(x); !ok {
			return nil, &PathError{at, fmt.Errorf("%v is no number", x)}
		}
	case []any:
		out := make([]any, len(x))
		for i := range x {
			c, err := plain(x[i], at+"/"+strconv.Itoa(i))
			if err != nil {
				return nil, err
			}
			out[i] = c
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(x))
		for _, k := range sortedKeys(x) {
			c, err := plain(x[k], at+"/"+escapePointer(k))
			if err != nil {
				return nil, err
			}
			out[k] = c
		}
		return out, nil
	}
	return v, nil
}

func describe(v any) string {
	switch x := v.(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("the text %q", shorten(x))
	case bool:
		return fmt.Sprint(x)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "the number " + shorten(fmt.Sprint(v))
}

// shorten keeps what a message quotes short.
func shorten(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Marshal writes a canonical value as canonical JSON: sorted keys, times in RFC 3339 UTC, durations and HRESULTs as
// text. Equal values give equal bytes, so that it can be digested.
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(portable(v)); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buf.Bytes(), "\n"), nil
}

func portable(v any) any {
	switch x := v.(type) {
	case time.Duration:
		return FormatDuration(x)
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = portable(x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k := range x {
			out[k] = portable(x[k])
		}
		return out
	}
	return v
}
