package pseudonym

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// place is where a text stands in a JSON document.
type place struct {
	key    string // the nearest name of a field round it
	parent string // that of the object that the field is in
	isKey  bool   // the text is the name of a field itself
}

// brokenLines is how deep a document is broken into lines. Deeper parts stand on one line, so that deep nesting does
// not fill a file with blanks.
const brokenLines = 8

// container is an object or list that is being walked.
type container struct {
	object  bool
	key     string // of an object: the field that is being walked; of a list: that which it is in
	parent  string // the field that the object is in
	wantKey bool
}

// walk copies a JSON document to out with each text in it, the names of fields included, as change gives it. Everything
// else stays as it is: numbers to the last digit, and the order of fields. With lines it is broken into lines for people.
// out may be nil, to look only.
func walk(out *bytes.Buffer, data []byte, lines bool, change func(at place, text string) string) error {
	if err := valid(data); err != nil {
		return err
	}
	w := &walker{out: out, lines: lines}
	for i := 0; i < len(data); {
		switch c := data[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case '"':
			n := literal(data[i:])
			w.text(data[i:i+n], change)
			i += n
		case '{', '[':
			w.open(c == '{')
			w.byte(c)
			i++
			for blank(data[i]) {
				i++
			}
			if data[i] != '}' && data[i] != ']' {
				w.newline(0)
			} else {
				w.stack = w.stack[:len(w.stack)-1]
				w.byte(data[i])
				i++
			}
		case '}', ']':
			w.newline(-1)
			w.stack = w.stack[:len(w.stack)-1]
			w.byte(c)
			i++
		case ',':
			top := &w.stack[len(w.stack)-1]
			top.wantKey = top.object
			w.byte(c)
			w.newline(0)
			i++
		case ':':
			w.stack[len(w.stack)-1].wantKey = false
			w.byte(c)
			if w.lines {
				w.byte(' ')
			}
			i++
		default: // of a number, true, false or null
			w.byte(c)
			i++
		}
	}
	return nil
}

// valid says what is wrong with a document.
func valid(data []byte) error {
	if json.Valid(data) {
		return nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return errors.New("it is empty, not a JSON document")
	}
	var v json.RawMessage
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("it is not a JSON document: %w", err)
	}
	return errors.New("it is not a JSON document")
}

// literal is how long the text is that begins a valid document, its quotes included.
func literal(data []byte) int {
	for i := 1; ; i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

type walker struct {
	out   *bytes.Buffer
	lines bool
	stack []container
}

// open begins a container.
func (w *walker) open(object bool) {
	c := container{object: object, wantKey: object}
	if n := len(w.stack); n > 0 {
		c.key, c.parent = w.stack[n-1].key, w.stack[n-1].parent
		if object {
			c.parent = c.key
		}
	}
	w.stack = append(w.stack, c)
}

func (w *walker) byte(c byte) {
	if w.out != nil {
		w.out.WriteByte(c)
	}
}

// newline begins a line in the container that is being walked; outdent is -1 for the line that closes it.
func (w *walker) newline(outdent int) {
	depth := len(w.stack)
	if w.out == nil || !w.lines || depth >= brokenLines {
		return
	}
	w.out.WriteByte('\n')
	for range depth + outdent {
		w.out.WriteByte(' ')
	}
}

// text copies one text.
func (w *walker) text(quoted []byte, change func(place, string) string) {
	var s string
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		s = string(plain)
	} else if err := json.Unmarshal(quoted, &s); err != nil {
		s = string(bytes.ToValidUTF8(plain, []byte("\uFFFD"))) // cannot be: the document is valid
	}
	at := place{}
	if n := len(w.stack); n > 0 {
		top := &w.stack[n-1]
		if top.wantKey {
			top.key = s
		}
		at = place{top.key, top.parent, top.wantKey}
	}
	changed := change(at, s)
	switch {
	case w.out == nil:
	case changed == s && utf8.Valid(quoted):
		w.out.Write(quoted)
	default:
		w.out.Write(quote(changed))
	}
}

// quote writes a text as JSON, without the escapes that are for web pages only.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return []byte(`""`) // cannot be: any text can be encoded
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// isTime says whether a text is a time, which holds no name and which programs read.
func isTime(s string) bool {
	if len(s) < len("2006-01-02T15:04:05Z") || len(s) > len(time.RFC3339Nano) || !strings.Contains(s, "T") {
		return false
	}
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil
}
