package proxy

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

type system struct {
	open, close, timeouts, standard, forURL *windows.LazyProc
	free                                    *windows.LazyProc
}

// Live is the running Windows; nil elsewhere.
func Live() Machine {
	dll, kernel := windows.NewLazySystemDLL("winhttp.dll"), windows.NewLazySystemDLL("kernel32.dll")
	return system{
		dll.NewProc("WinHttpOpen"), dll.NewProc("WinHttpCloseHandle"), dll.NewProc("WinHttpSetTimeouts"),
		dll.NewProc("WinHttpGetDefaultProxyConfiguration"), dll.NewProc("WinHttpGetProxyForUrl"), kernel.NewProc("GlobalFree"),
	}
}

// proxyInfo is WINHTTP_PROXY_INFO. The texts are WinHTTP's, and to be freed.
type proxyInfo struct {
	access uint32
	proxy  *uint16
	bypass *uint16
}

// autoproxyOptions is WINHTTP_AUTOPROXY_OPTIONS.
type autoproxyOptions struct {
	flags        uint32
	detect       uint32
	script       *uint16
	_            uintptr
	_            uint32
	authenticate int32
}

const (
	accessNoProxy  = 1 // WINHTTP_ACCESS_TYPE_NO_PROXY
	accessNamed    = 3 // WINHTTP_ACCESS_TYPE_NAMED_PROXY
	byDetection    = 1 // WINHTTP_AUTOPROXY_AUTO_DETECT
	byScript       = 2 // WINHTTP_AUTOPROXY_CONFIG_URL
	detectAnyhow   = 3 // WINHTTP_AUTO_DETECT_TYPE_DHCP and _DNS_A
	longestName    = 32 << 10
	longestRun     = 30 * time.Second // a script may take, with what it asks the network
	noScript       = windows.Errno(12180)
	badScript      = windows.Errno(12166)
	scriptNotThere = windows.Errno(12167)
)

func (s system) WinHTTP(context.Context) (Settings, error) {
	if err := s.standard.Find(); err != nil {
		return Settings{}, fmt.Errorf("this Windows has no WinHTTP: %w", err)
	}
	var info proxyInfo
	if ok, _, err := s.standard.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
		return Settings{}, fmt.Errorf("WinHttpGetDefaultProxyConfiguration: %w", err)
	}
	return s.take(&info)
}

// take reads and frees what WinHTTP gave.
func (s system) take(info *proxyInfo) (Settings, error) {
	var got Settings
	if info.proxy != nil {
		got.Proxy = windows.UTF16PtrToString(info.proxy)
		_, _, _ = s.free.Call(uintptr(unsafe.Pointer(info.proxy)))
	}
	if info.bypass != nil {
		got.Bypass = list(windows.UTF16PtrToString(info.bypass))
		_, _, _ = s.free.Call(uintptr(unsafe.Pointer(info.bypass)))
	}
	switch {
	case len(got.Proxy) > longestName:
		return Settings{}, fmt.Errorf("the name of the proxy has %d bytes", len(got.Proxy))
	case info.access == accessNoProxy:
		return Settings{}, nil
	case info.access == accessNamed && got.Proxy != "":
		return got, nil
	}
	return Settings{}, fmt.Errorf("WinHTTP tells of a proxy %q of the kind %d, which is not known", got.Proxy, info.access)
}

const internetSettings = `Software\Microsoft\Windows\CurrentVersion\Internet Settings`

func (s system) Stored(context.Context) (Stored, error) {
	var stored Stored
	var err error
	if stored.PerMachine, err = perMachine(); err != nil {
		return stored, err
	}
	if stored.Machine, err = connection(registry.LOCAL_MACHINE, `HKLM\`, internetSettings); err != nil {
		return stored, err
	}
	stored.System, err = connection(registry.USERS, `HKU\`, `S-1-5-18\`+internetSettings)
	return stored, err
}

func perMachine() (bool, error) {
	const path = `SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings`
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf(`HKLM\%s: %w`, path, err)
	}
	defer key.Close()
	perUser, _, err := key.GetIntegerValue("ProxySettingsPerUser")
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf(`HKLM\%s, ProxySettingsPerUser: %w`, path, err)
	}
	return perUser == 0, nil
}

func connection(root registry.Key, name, path string) (Connection, error) {
	c := Connection{Key: name + path}
	err := value(root, path+`\Connections`, func(key registry.Key) (err error) {
		c.Default, _, err = key.GetBinaryValue("DefaultConnectionSettings")
		return err
	})
	if err == nil {
		err = value(root, path, func(key registry.Key) (err error) {
			c.Script, _, err = key.GetStringValue("AutoConfigURL")
			return err
		})
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", c.Key, err)
	}
	return c, nil
}

// value reads of a key; that the key or the value is not there is no error.
func value(root registry.Key, path string, read func(registry.Key) error) error {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
	if err == nil {
		err = errors.Join(read(key), key.Close())
	}
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	return err
}

func (s system) Run(ctx context.Context, address string, by Settings) (Settings, error) {
	ctx, cancel := context.WithTimeout(ctx, longestRun)
	defer cancel()
	type answer struct {
		settings Settings
		err      error
	}
	done := make(chan answer, 1)
	go func() {
		settings, err := s.run(address, by)
		done <- answer{settings, err}
	}()
	select {
	case a := <-done:
		return a.settings, a.err
	case <-ctx.Done(): // the session is closed when WinHTTP comes back
		return Settings{}, fmt.Errorf("the configuration script gives no answer: %w", ctx.Err())
	}
}

func (s system) run(address string, by Settings) (Settings, error) {
	agent, err := windows.UTF16PtrFromString("rectify")
	if err != nil {
		return Settings{}, err
	}
	to, err := windows.UTF16PtrFromString(address)
	if err != nil {
		return Settings{}, err
	}
	session, _, err := s.open.Call(uintptr(unsafe.Pointer(agent)), accessNoProxy, 0, 0, 0)
	if session == 0 {
		return Settings{}, fmt.Errorf("WinHttpOpen: %w", err)
	}
	defer func() { _, _, _ = s.close.Call(session) }()
	const quarter = uintptr(longestRun / time.Millisecond / 4)
	if ok, _, err := s.timeouts.Call(session, quarter, quarter, quarter, quarter); ok == 0 {
		return Settings{}, fmt.Errorf("WinHttpSetTimeouts: %w", err)
	}
	var options autoproxyOptions
	if by.AutoDetect {
		options.flags, options.detect = options.flags|byDetection, detectAnyhow
	}
	if by.ScriptURL != "" {
		options.flags |= byScript
		if options.script, err = windows.UTF16PtrFromString(by.ScriptURL); err != nil {
			return Settings{}, err
		}
	}
	var info proxyInfo
	ok, _, err := s.forURL.Call(session, uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(&options)), uintptr(unsafe.Pointer(&info)))
	runtime.KeepAlive(options.script)
	if ok != 0 {
		return s.take(&info)
	}
	switch {
	case errors.Is(err, noScript):
		return Settings{}, ErrNoScript
	case errors.Is(err, badScript):
		return Settings{}, fmt.Errorf("the configuration script %s has a mistake (WinHttpGetProxyForUrl: error %d)", by.ScriptURL, badScript)
	case errors.Is(err, scriptNotThere):
		return Settings{}, fmt.Errorf("the configuration script %s cannot be loaded (WinHttpGetProxyForUrl: error %d)", by.ScriptURL, scriptNotThere)
	}
	if errors.Is(err, windows.ERROR_SUCCESS) {
		err = errors.New("it failed without a reason")
	}
	return Settings{}, fmt.Errorf("the configuration script was not run: WinHttpGetProxyForUrl: %w", err)
}
