package journal

// tearStride is the distance of the bytes at which a write is torn: a prime, so that all places of a page come up.
const tearStride = 11
