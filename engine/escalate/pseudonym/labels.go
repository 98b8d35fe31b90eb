package pseudonym

import "strings"

// labelArea is a value that stands in a text behind its name: "ComputerName=PC7", "User Name: jane".
type labelArea struct {
	area
	label string // normalised
	// sure says that the value ends where the line or a list's item does, so that it is no sentence.
	sure bool
}

// locateLabels finds the values behind labels that tell what follows, see [labelKind]. What looks like a value can hold
// another label: they may overlap.
func locateLabels(s string) []labelArea {
	var found []labelArea
	for i := 1; i < len(s); i++ {
		if s[i] != '=' && s[i] != ':' {
			continue
		}
		label, ok := labelBefore(s, i)
		if !ok {
			continue
		}
		a := labelArea{area: area{from: i + 1}, label: label}
		for a.from < len(s) && (s[a.from] == ' ' || s[a.from] == '\t') {
			a.from++
		}
		closing := "\"',;()<>|[]{}\\/ \t\r\n"
		if a.from < len(s) && (s[a.from] == '"' || s[a.from] == '\'') {
			closing = s[a.from : a.from+1]
			a.from++
		}
		a.to = a.from
		for a.to < len(s) && a.to-a.from < maxName && strings.IndexByte(closing, s[a.to]) < 0 {
			a.to++
		}
		if a.to == a.from || a.to < len(s) && s[a.to] == '\\' { // an account, or a path
			continue
		}
		a.sure = a.to == len(s) || s[a.to] != ' ' || strings.HasPrefix(s[a.to:], "  ")
		found = append(found, a)
	}
	return found
}

// shortLabels tell what follows where an equals sign does: user=jane.
var shortLabels = set(`user account computer machine host server`)

// labelBefore reads the label that ends before a sign: its last word, or its last two.
func labelBefore(s string, at int) (string, bool) {
	from := max(0, at-48)
	head := strings.TrimRight(s[from:at], " \t\"")
	start := len(head)
	for start > 0 && (alnum(head[start-1]) || head[start-1] == '_' || head[start-1] == '-') {
		start--
	}
	if len(head)-start < len("name") {
		return "", false
	}
	word := normalise(head[start:])
	if labelKind(word) != noField || s[at] == '=' && shortLabels[fold(head[start:])] {
		return word, true
	}
	if word != "name" || start == 0 || head[start-1] != ' ' {
		return "", false
	}
	second := head[:start-1]
	start = len(second)
	for start > 0 && letter(second[start-1]) {
		start--
	}
	word = normalise(second[start:]) + word
	return word, labelKind(word) != noField
}

// locateSecrets finds passwords behind their switch or name: password=…, /pwd:…, /rp ….
func locateSecrets(s string) []area {
	var found []area
	for i := 1; i < len(s); i++ {
		from := -1
		switch s[i] {
		case '=', ':':
			from = secretBehind(s, i)
		case ' ':
			if i >= 3 && hasFold(s[i-3:], "/rp") && (i == 3 || blank(s[i-4])) {
				from = i + 1
			}
		}
		if from < 0 {
			continue
		}
		closing := " \t\r\n;&\"',<>|"
		if from < len(s) && (s[from] == '"' || s[from] == '\'') {
			closing = s[from : from+1]
			from++
		}
		to := from
		for to < len(s) && strings.IndexByte(closing, s[to]) < 0 {
			to++
		}
		if t := s[from:to]; t != "" && strings.Trim(t, "*.•") != "" && !strings.ContainsAny(t[:1], "%$") && !isToken(t) {
			found = append(found, area{from, to})
		}
		i = max(i, to-1)
	}
	return found
}

// secretBehind is where the password begins behind a sign at i; -1 where there is none. A colon is followed by one only
// in a switch of a command: "Password: wrong" is a sentence.
func secretBehind(s string, i int) int {
	start := i
	for start > 0 && i-start < 32 && (alnum(s[start-1]) || s[start-1] == '_') {
		start--
	}
	word := fold(s[start:i])
	for _, w := range []string{"password", "passwd", "pwd", "passphrase"} {
		if strings.HasSuffix(word, w) && (s[i] == '=' || start > 0 && (s[start-1] == '/' || s[start-1] == '-')) {
			return i + 1
		}
	}
	return -1
}
