package scan

// finder looks for any of several ASCII strings at once, whatever their case: Wu and Manber's search ("A fast algorithm
// for multi-pattern searching", 1994) with blocks of two bytes. It looks at about one place in width-1 bytes.
type finder struct {
	width   int             // of the window of each literal that is searched for
	shift   [1 << 16]uint16 // by the block that ends the window: how far to go on, or isBucket + index into buckets
	buckets [][]needle      // candidates whose window ends with that block
}

const isBucket = 1 << 8

type needle struct {
	text    string // lower case
	at      int    // where the window begins in text
	pattern int
}

// maxWidth bounds the window: a longer one hardly skips more and has more blocks that stop the skipping.
const maxWidth = 14

// newFinder needs at least one needle; each text has at least shortest bytes.
func newFinder(needles []needle) *finder {
	f := &finder{width: maxWidth}
	for _, n := range needles {
		f.width = min(f.width, len(n.text))
	}
	for i := range f.shift {
		f.shift[i] = uint16(f.width - 1)
	}
	bucketOf := map[uint16]int{}
	for _, n := range needles {
		n.at = rarestWindow(n.text, f.width)
		window := n.text[n.at : n.at+f.width]
		for i := 0; i+2 < f.width; i++ {
			left := uint16(f.width - 2 - i)
			for _, b := range cases(window[i], window[i+1]) {
				f.shift[b] = min(f.shift[b], left)
			}
		}
		end := block(window[f.width-2], window[f.width-1])
		k, ok := bucketOf[end]
		if !ok {
			k = len(f.buckets)
			bucketOf[end] = k
			f.buckets = append(f.buckets, nil)
		}
		f.buckets[k] = append(f.buckets[k], n)
	}
	for end, k := range bucketOf {
		for _, b := range cases(byte(end), byte(end>>8)) {
			f.shift[b] = isBucket + uint16(k)
		}
	}
	return f
}

func block(a, b byte) uint16 { return uint16(a) | uint16(b)<<8 }

// cases gives the block of two lower-case bytes in every case.
func cases(a, b byte) []uint16 {
	out := make([]uint16, 0, 4)
	for _, x := range []byte{a, upper(a)} {
		for _, y := range []byte{b, upper(b)} {
			out = append(out, block(x, y))
		}
	}
	return out
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

// first gives where the first needle in b begins, or -1.
func (f *finder) first(b []byte) int {
	for i := f.width - 1; i < len(b); {
		s := f.shift[block(b[i-1], b[i])]
		if s < isBucket {
			i += int(s)
			continue
		}
		for _, n := range f.buckets[s-isBucket] {
			if start, ok := f.verify(b, i, n); ok {
				return start
			}
		}
		i++
	}
	return -1
}

// mark sets found[pattern] for each pattern one of whose needles is in b.
func (f *finder) mark(b []byte, found []bool) {
	for i := f.width - 1; i < len(b); {
		s := f.shift[block(b[i-1], b[i])]
		if s < isBucket {
			i += int(s)
			continue
		}
		for _, n := range f.buckets[s-isBucket] {
			if !found[n.pattern] {
				_, found[n.pattern] = f.verify(b, i, n)
			}
		}
		i++
	}
}

// verify says whether n is in b with its window ending at i, and where it begins.
func (f *finder) verify(b []byte, i int, n needle) (int, bool) {
	start := i + 1 - f.width - n.at
	if start < 0 || start+len(n.text) > len(b) {
		return 0, false
	}
	return start, equalFold(b[start:start+len(n.text)], n.text)
}

// equalFold compares b with a text that is lower case already.
func equalFold(b []byte, text string) bool {
	for i := len(text) - 1; i >= 0; i-- {
		if lower[b[i]] != text[i] {
			return false
		}
	}
	return true
}

// rarestWindow begins the stretch of width bytes of text that ordinary log lines share the least with.
func rarestWindow(text string, width int) int {
	best, bestScore := 0, -1
	for at := 0; at+width <= len(text); at++ {
		score := 0
		for i := at; i < at+width; i++ {
			score += rarity(text[i])
		}
		// The block at the end decides how often the search stops.
		score += 4 * (rarity(text[at+width-1]) + rarity(text[at+width-2]))
		if score > bestScore {
			best, bestScore = at, score
		}
	}
	return best
}

// rarity is a rough measure of how seldom a byte is seen in servicing logs.
func rarity(c byte) int {
	switch {
	case c == ' ' || c == '0' || c == 'e':
		return 0
	case c == 'a' || c == 'i' || c == 'o' || c == 'n' || c == 't' || c == 'r' || c == 's' || c == '1' || c == '2':
		return 1
	case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == ':' || c == ',':
		return 2
	}
	return 3
}
