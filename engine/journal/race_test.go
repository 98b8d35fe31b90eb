//go:build race && !windows

package journal

// tearStride is the distance of the bytes at which a write is torn.
const tearStride = 17
