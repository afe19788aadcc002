package s3

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// crc is a cyclic redundancy check, of which the check of a whole can be had
// from those of its parts: appending n zero bytes is a linear map over GF(2),
// and crc(ab) = zeros(len b)(crc(a)) xor crc(b).
type crc struct {
	width int    // bits
	poly  uint64 // reversed
}

// crc64NVME is the polynomial, reversed (NVM Express specification, section on
// the 64b CRC guard).
const crc64NVME = 0x9a6c9329ac4bc9b5

// crcOf is the CRC of an algorithm that is one.
func crcOf(a algorithm) crc {
	switch a {
	case types.ChecksumAlgorithmCrc32:
		return crc{32, crc32.IEEE}
	case types.ChecksumAlgorithmCrc32c:
		return crc{32, crc32.Castagnoli}
	}
	return crc{64, crc64NVME}
}

// matrix is a linear map over GF(2): the images of the single bits.
type matrix [64]uint64

// apply is the image of v; that of nil is v itself.
func (m *matrix) apply(v uint64) (out uint64) {
	if m == nil {
		return v
	}
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			out ^= m[i]
		}
	}
	return out
}

// square is the map applied twice.
func (m *matrix) square() (out matrix) {
	for i := range m {
		out[i] = m.apply(m[i])
	}
	return out
}

// zeroBit is the map of one zero bit fed in.
func (c crc) zeroBit() (m matrix) {
	m[0] = c.poly
	for i := 1; i < c.width; i++ {
		m[i] = 1 << (i - 1)
	}
	return m
}

// zeros is the map of n zero bytes fed in.
func (c crc) zeros(n int64) *matrix {
	m := c.zeroBit()
	for range 3 {
		m = m.square() // 2, 4, 8 bits: a byte
	}
	var all *matrix
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			all = all.after(m)
		}
		m = m.square()
	}
	return all
}

// after is first m, then other; nil is the map that changes nothing.
func (m *matrix) after(other matrix) *matrix {
	if m == nil {
		return &other
	}
	var out matrix
	for i := range m {
		out[i] = other.apply(m[i])
	}
	return &out
}

func (c crc) bytes(v uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, v)
	return b[8-c.width/8:]
}

func bigEndian(b []byte) (v uint64) {
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v
}
