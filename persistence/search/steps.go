package search

import "math/bits"

// maxSteps is the number of price steps, a power of two.
const maxSteps = 1 << 10

// stepOf returns the step of a price, which consists of the price's highest bit and the four bits
// below it. A step is a sixteenth of a power of two, fine enough for any price range.
func stepOf(p int64) int {
	if p < 16 {
		return int(max(p, 0))
	}
	high := bits.Len64(uint64(p)) - 5
	return (high+1)*16 + int(p>>high) - 16
}

func stepStart(step int) int64 {
	if step < 16 {
		return int64(step)
	}
	return int64(step%16+16) << (step/16 - 1)
}

// stepValue encodes a step as a value of the dimension steps; columns.step decodes it.
func stepValue(step int) string {
	return string([]byte{byte(step >> 8), byte(step)}) //nolint:gosec // below maxSteps
}

func (c *columns) step(id int) int {
	value := c.steps.values[id]
	return int(value[0])<<8 | int(value[1])
}

// stepBits holds the steps of 64 documents as one word per binary digit, so that all of them are
// compared at once.
type stepBits [10]uint64

func (s *stepBits) set(at uint32, step int) {
	for digit := range s {
		s[digit] &^= 1 << (at % 64)
		s[digit] |= uint64(step>>digit&1) << (at % 64)
	}
}

// compare returns the documents above a step and those in it.
func (s *stepBits) compare(step int) (above, in uint64) {
	in = ^uint64(0)
	for digit := len(s) - 1; digit >= 0; digit-- {
		if w := s[digit]; step>>digit&1 != 0 {
			in &= w
		} else {
			above |= in & w
			in &^= w
		}
	}
	return above, in
}
