package eventlog

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// messages finds the words of single events of a channel.
type messages struct {
	result    // of a query of all events, in which those with a number are sought
	channel   string
	reader    *reader
	providers map[string]handle // by the name of a provider; zero where it has no words
}

func (thisMachine) Messages(channel string) (Messages, error) {
	h, err := query(Query{Channel: channel, XPath: "*"})
	if err != nil {
		return nil, err
	}
	return &messages{result: result{handle: h}, channel: channel, reader: newReader(), providers: map[string]handle{}}, nil
}

func (m *messages) Close() error {
	m.forget()
	return m.result.Close()
}

func (m *messages) forget() {
	for _, h := range m.providers {
		h.Close()
	}
	clear(m.providers)
}

func (m *messages) Message(ctx context.Context, record uint64) (string, error) {
	if err := m.seek(record); err != nil {
		return "", err
	}
	events, err := next(ctx, m.handle, 1)
	if err != nil {
		return "", err
	}
	event := events[0]
	defer event.Close()
	shown := m.show(event)
	if shown.Err != nil {
		return "", shown.Err
	}
	r, err := m.reader.record(shown.XML)
	if err != nil {
		return "", err
	}
	if r.RecordID != record {
		return "", fmt.Errorf("the record %d is no longer in the channel %s", record, m.channel)
	}
	provider, err := m.provider(r.Provider)
	if err != nil {
		return "", err
	}
	return format(provider, event)
}

// EVT_SEEK_FLAGS.
const (
	seekRelativeToBookmark = 4
	seekStrict             = 0x10000
)

func (m *messages) seek(record uint64) error {
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", "'", "&apos;").Replace(m.channel)
	xml, err := text16("<BookmarkList><Bookmark Channel='" + escaped + "' RecordId='" + strconv.FormatUint(record, 10) + "' IsCurrent='true'/></BookmarkList>")
	if err != nil {
		return err
	}
	bookmark, err := open(procEvtCreateBookmark, uintptr(unsafe.Pointer(xml)))
	if err != nil {
		return err
	}
	defer bookmark.Close()
	_, err = call(procEvtSeek, uintptr(m.handle), 0, uintptr(bookmark), 0, seekRelativeToBookmark|seekStrict)
	return err
}

// maxProviders bounds how many providers' words are held open.
const maxProviders = 32

var errNoWords = errors.New("the provider has no words on this machine")

func (m *messages) provider(name string) (handle, error) {
	h, known := m.providers[name]
	if !known {
		at, err := text16(name)
		if err != nil {
			return 0, err
		}
		if len(m.providers) >= maxProviders {
			m.forget()
		}
		h, _ = open(procEvtOpenPublisherMetadata, 0, uintptr(unsafe.Pointer(at)), 0, 0, 0) // zero: there are none
		m.providers[name] = h
	}
	if h == 0 {
		return 0, errNoWords
	}
	return h, nil
}

const (
	formatEvent = 1 // EvtFormatMessageEvent
	// maxWords bounds a message, in characters.
	maxWords = 64 << 10
)

// format gives the message of an event.
func format(provider, event handle) (string, error) {
	buffer := make([]uint16, 1024)
	for {
		var used uint32
		_, err := call(procEvtFormatMessage, uintptr(provider), uintptr(event), 0, 0, 0, formatEvent,
			uintptr(len(buffer)), uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&used)))
		var failed *CallError
		if err == nil {
			return windows.UTF16ToString(buffer), nil
		}
		if !errors.As(err, &failed) {
			return "", err
		}
		switch {
		case failed.Code == uint32(windows.ERROR_EVT_UNRESOLVED_VALUE_INSERT), failed.Code == uint32(windows.ERROR_EVT_UNRESOLVED_PARAMETER_INSERT),
			failed.Code == uint32(windows.ERROR_EVT_MAX_INSERTS_REACHED):
			return windows.UTF16ToString(buffer), nil // the message, with some of its values left out
		case failed.Code == uint32(windows.ERROR_INSUFFICIENT_BUFFER) && int(used) > len(buffer) && used <= maxWords:
			buffer = make([]uint16, used)
		default:
			return "", err
		}
	}
}
