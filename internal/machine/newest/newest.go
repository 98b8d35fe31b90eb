// Package newest holds the newest of any number of things in bounded memory: what a log of any size is boiled down to.
package newest

import (
	"slices"
	"time"
)

// List holds the newest things that were added to it. Make one with [New].
type List[T any] struct {
	limit int
	at    func(T) time.Time
	kept  []T // at most twice as many as the limit, so that adding is cheap
	count int
	lost  time.Time
}

// New makes a list that holds at most limit things; at gives the time of one. What has no time counts as the oldest.
func New[T any](limit int, at func(T) time.Time) *List[T] {
	return &List[T]{limit: limit, at: at}
}

// Add adds a thing.
func (l *List[T]) Add(x T) {
	l.count++
	if l.kept = append(l.kept, x); len(l.kept) >= 2*l.limit {
		l.trim()
	}
}

func (l *List[T]) trim() {
	slices.SortStableFunc(l.kept, func(a, b T) int { return l.at(a).Compare(l.at(b)) })
	extra := len(l.kept) - l.limit
	if extra <= 0 {
		return
	}
	if t := l.at(l.kept[extra-1]); t.After(l.lost) {
		l.lost = t
	}
	l.kept = slices.Delete(l.kept, 0, extra)
}

// All gives what is held, oldest first; things of the same time come in the order in which they were added. It is
// valid until the next Add.
func (l *List[T]) All() []T {
	l.trim()
	return l.kept
}

// Count is how many things were added.
func (l *List[T]) Count() int { return l.count }

// Cut says whether more things were added than are held.
func (l *List[T]) Cut() bool { return l.count > l.limit }

// Lost is the time of the newest thing that was added and is not held; zero where all of them are, or where what is
// missing has no time.
func (l *List[T]) Lost() time.Time {
	l.trim()
	return l.lost
}
