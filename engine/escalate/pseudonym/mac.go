package pseudonym

// locateMACs finds the addresses of network adapters: 00-11-22-33-44-55, with colons, longer ones of eight parts,
// identifiers of DHCP clients that hold one (14 parts), and 0011.2233.44ff. Dates of six parts are none.
func locateMACs(s string) []area {
	var found []area
	for i := 0; i+1 < len(s); {
		if !hex(s[i]) || i > 0 && (alnum(s[i-1]) || s[i-1] == '_') && !escaped(s, i) {
			i++
			continue
		}
		if a, ok := dottedMAC(s, i); ok {
			found = append(found, a)
			i = a.to
			continue
		}
		groups, to := pairs(s, i)
		if (groups == 6 || groups == 8 || groups == 14) && (to == len(s) || !alnum(s[to]) && s[to] != '_') && telling(s[i:to]) {
			found = append(found, area{i, to})
		}
		i = max(to, i+1)
	}
	return found
}

// pairs counts the pairs of hexadecimal digits, divided by the same sign, that stand at i.
func pairs(s string, i int) (n, to int) {
	if i+2 >= len(s) || !hex(s[i]) || !hex(s[i+1]) || s[i+2] != ':' && s[i+2] != '-' {
		return 0, i
	}
	by := s[i+2]
	for n, to = 1, i+2; to+2 < len(s) && s[to] == by && hex(s[to+1]) && hex(s[to+2]); n++ {
		to += 3
	}
	return n, to
}

// telling says whether pairs are the address of an adapter: not none, not all of them, not a date with a time.
func telling(t string) bool {
	zeros, ones, decimal := true, true, true
	for i := range len(t) {
		switch c := t[i]; {
		case c == ':' || c == '-':
		default:
			zeros = zeros && c == '0'
			ones = ones && c|0x20 == 'f'
			decimal = decimal && digit(c)
		}
	}
	dated := decimal && len(t) == len("26-01-16-11-00-00") && t[2] == '-' &&
		t[3:5] >= "01" && t[3:5] <= "12" && t[6:8] >= "01" && t[6:8] <= "31" && t[9:11] <= "23" && t[12:14] <= "59" && t[15:17] <= "59"
	return !zeros && !ones && !dated
}

// dottedMAC reads 0011.2233.44ff at i. It has digits and letters, so that it is neither a number nor words.
func dottedMAC(s string, i int) (area, bool) {
	const size = len("0011.2233.44ff")
	if i+size > len(s) || i+size < len(s) && (alnum(s[i+size]) || s[i+size] == '.' || s[i+size] == '_') || i > 0 && s[i-1] == '.' {
		return area{}, false
	}
	digits, letters := 0, 0
	for j, c := range []byte(s[i : i+size]) {
		switch {
		case j == 4 || j == 9:
			if c != '.' {
				return area{}, false
			}
		case digit(c):
			digits++
		case hex(c):
			letters++
		default:
			return area{}, false
		}
	}
	return area{i, i + size}, digits > 0 && letters > 0
}
