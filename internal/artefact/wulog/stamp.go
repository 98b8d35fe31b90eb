// Package wulog knows the time stamps of WindowsUpdate.log.
package wulog

import "time"

// Stamp reads the time stamp that a line begins with, in any of the shapes that the log has:
//
//	2023/05/22 08:08:32.6295131 8096  8116  Shared          InitializeSus     (Get-WindowsUpdateLog)
//	2024-04-11 12:48:04.6269606 1980  8444  DownloadManager PurgeContent…     (the same, in another locale)
//	2021-08-28<TAB>03:07:48:216<TAB> 648<TAB>13bc<TAB>Report<TAB>…            (Windows 7 and 8.1, thread in hexadecimal)
//
// It is the local wall clock, with UTC as its location: of the machine that wrote the log or, for the first two, of the
// one that Get-WindowsUpdateLog ran on.
func Stamp(line []byte) (time.Time, bool) {
	const date = len("2006-01-02")
	if len(line) < len("2006-01-02 15:04:05.1 ") || line[4] != line[7] || (line[4] != '-' && line[4] != '/') ||
		(line[date] != ' ' && line[date] != '\t') || line[13] != ':' || line[16] != ':' || (line[19] != '.' && line[19] != ':') {
		return time.Time{}, false
	}
	ok := true
	number := func(from, to int) int {
		n := 0
		for _, c := range line[from:to] {
			ok = ok && c >= '0' && c <= '9'
			n = 10*n + int(c-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	hour, minute, second := number(11, 13), number(14, 16), number(17, 19)
	nano, unit := 0, int(time.Second)
	end := 20
	for ; end < len(line) && line[end] >= '0' && line[end] <= '9' && unit > 1; end++ {
		unit /= 10
		nano += int(line[end]-'0') * unit
	}
	if !ok || end == 20 || end == len(line) || (line[end] != ' ' && line[end] != '\t') ||
		month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC)
	return t, t.Day() == day
}
