package eventlog

import "unsafe"

// Live is the Event Log service of this machine, through wevtapi.dll. On a Windows of another make that lacks a function
// of it the process may die of calling one: use it in a process of its own.
func Live() Machine { return thisMachine{} }

type thisMachine struct{}

// EVT_LOG_PROPERTY_ID and EVT_CHANNEL_CONFIG_PROPERTY_ID.
const (
	logFileSize     = 3
	logRecords      = 5
	logOldestNumber = 6

	channelEnabled = 0
	channelType    = 2
	channelMaxSize = 8
	channelFile    = 9
)

// typeAnalytic is EvtChannelTypeAnalytic; the only one beyond it is that of debug channels.
const typeAnalytic = 2

// openChannelPath is EvtOpenChannelPath: what is opened is a channel, not a file.
const openChannelPath = 1

func (thisMachine) Log(channel string) (Log, error) {
	name, err := text16(channel)
	if err != nil {
		return Log{}, err
	}
	return answered("about the log of "+channel, func() (Log, error) {
		h, err := open(procEvtOpenLog, 0, uintptr(unsafe.Pointer(name)), openChannelPath)
		if err != nil {
			return Log{}, err
		}
		defer h.Close()
		var l Log
		if l.Records, err = numeric(procEvtGetLogInfo, h, logRecords); err != nil {
			return l, err
		}
		if l.Records > 0 { // an empty log has no oldest number
			if l.Oldest, err = numeric(procEvtGetLogInfo, h, logOldestNumber); err != nil {
				return l, err
			}
		}
		size, err := numeric(procEvtGetLogInfo, h, logFileSize)
		l.Size = int64(size)
		return l, err
	}, nil)
}

func (thisMachine) Settings(channel string) (Settings, error) {
	name, err := text16(channel)
	if err != nil {
		return Settings{}, err
	}
	return answered("about the settings of "+channel, func() (Settings, error) {
		h, err := open(procEvtOpenChannelConfig, 0, uintptr(unsafe.Pointer(name)), 0)
		if err != nil {
			return Settings{}, err
		}
		defer h.Close()
		var s Settings
		on, err := numeric(procEvtGetChannelConfigProperty, h, channelEnabled)
		if err != nil {
			return s, err
		}
		s.Enabled = on != 0
		if s.MaxSize, err = numeric(procEvtGetChannelConfigProperty, h, channelMaxSize); err != nil {
			return s, err
		}
		kind, err := numeric(procEvtGetChannelConfigProperty, h, channelType)
		if err != nil {
			return s, err
		}
		s.Direct = kind >= typeAnalytic
		b, err := property(procEvtGetChannelConfigProperty, h, channelFile)
		if err != nil {
			return s, err
		}
		s.File = textOf(b)
		return s, nil
	}, nil)
}

func (thisMachine) Configure(channel string, enabled bool, maxSize uint64) error {
	name, err := text16(channel)
	if err != nil {
		return err
	}
	_, err = answered("a change of the settings of "+channel, func() (struct{}, error) {
		h, err := open(procEvtOpenChannelConfig, 0, uintptr(unsafe.Pointer(name)), 0)
		if err != nil {
			return struct{}{}, err
		}
		defer h.Close()
		on := variant{typ: varBoolean}
		if enabled {
			on.value = 1
		}
		if _, err := call(procEvtSetChannelConfigProperty, uintptr(h), channelEnabled, 0, uintptr(unsafe.Pointer(&on))); err != nil {
			return struct{}{}, err
		}
		size := variant{typ: varUint64, value: maxSize}
		if _, err := call(procEvtSetChannelConfigProperty, uintptr(h), channelMaxSize, 0, uintptr(unsafe.Pointer(&size))); err != nil {
			return struct{}{}, err
		}
		_, err = call(procEvtSaveChannelConfig, uintptr(h), 0)
		return struct{}{}, err
	}, nil)
	return err
}

// EVT_QUERY_FLAGS.
const (
	queryChannelPath = 0x1
	queryForward     = 0x100
	queryReverse     = 0x200
)

func (thisMachine) Query(q Query) (Result, error) {
	h, err := query(q)
	if err != nil {
		return nil, err
	}
	return &result{handle: h}, nil
}

func query(q Query) (handle, error) {
	channel, err := text16(q.Channel)
	if err != nil {
		return 0, err
	}
	xpath, err := text16(q.XPath)
	if err != nil {
		return 0, err
	}
	flags := uintptr(queryChannelPath | queryForward)
	if q.NewestFirst {
		flags = queryChannelPath | queryReverse
	}
	return answered("a query of "+q.Channel, func() (handle, error) {
		return open(procEvtQuery, 0, uintptr(unsafe.Pointer(channel)), uintptr(unsafe.Pointer(xpath)), flags)
	}, func(h handle) { h.Close() })
}
