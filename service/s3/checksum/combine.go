package checksum

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Part is a piece of an object, by which the object's checksum can be had
// without reading the object.
type Part struct {
	Size  int64
	Value string // base64
}

// Combine is the checksum of an object made of parts, whose own have the same
// algorithm. One of the whole object must be a CRC.
func Combine(a Algorithm, kind Kind, parts []Part) (Sum, error) {
	if kind == types.ChecksumTypeComposite {
		return composite(a, parts)
	}
	return concat(a, parts)
}

// composite is the checksum of the parts' checksums.
func composite(a Algorithm, parts []Part) (Sum, error) {
	h := New(a)
	for _, p := range parts {
		raw, err := base64.StdEncoding.DecodeString(p.Value)
		if err != nil {
			return Sum{}, err
		}
		h.Write(raw)
	}
	return Sum{Algorithm: a, Kind: types.ChecksumTypeComposite, Value: Text(h) + "-" + strconv.Itoa(len(parts))}, nil
}

// concat is the CRC of the bytes of parts one after another.
func concat(a Algorithm, parts []Part) (Sum, error) {
	c := newCRC(a)
	var whole uint64
	for _, p := range parts {
		raw, err := base64.StdEncoding.DecodeString(p.Value)
		if err != nil {
			return Sum{}, err
		}
		whole = c.zeros(whole, p.Size) ^ bigEndian(raw)
	}
	return Sum{Algorithm: a, Kind: types.ChecksumTypeFullObject, Value: base64.StdEncoding.EncodeToString(c.bytes(whole))}, nil
}

// crc is a cyclic redundancy check, of which the check of a whole can be had
// from those of its parts: appending n zero bytes is a linear map over GF(2),
// and crc(ab) = zeros(crc(a), len b) xor crc(b).
type crc struct {
	width  int      // bits
	powers []matrix // powers[i] feeds 1<<i zero bytes in
}

// crc64NVME is the polynomial, reversed (NVM Express specification, section on
// the 64b CRC guard).
const crc64NVME = 0x9a6c9329ac4bc9b5

// newCRC is the CRC of an algorithm that is one.
func newCRC(a Algorithm) *crc {
	switch a {
	case types.ChecksumAlgorithmCrc32:
		return crcOf(32, crc32.IEEE)
	case types.ChecksumAlgorithmCrc32c:
		return crcOf(32, crc32.Castagnoli)
	}
	return crcOf(64, crc64NVME)
}

// crcOf is the CRC of a polynomial, reversed.
func crcOf(width int, poly uint64) *crc {
	var m matrix // of one zero bit
	m[0] = poly
	for i := 1; i < width; i++ {
		m[i] = 1 << (i - 1)
	}
	for range 3 {
		m = m.square() // 2, 4, 8 bits: a byte
	}
	return &crc{width: width, powers: []matrix{m}}
}

// zeros is the check v after n zero bytes.
func (c *crc) zeros(v uint64, n int64) uint64 {
	for i := 0; n > 0; i, n = i+1, n>>1 {
		if i == len(c.powers) {
			c.powers = append(c.powers, c.powers[i-1].square())
		}
		if n&1 != 0 {
			v = c.powers[i].apply(v)
		}
	}
	return v
}

func (c *crc) bytes(v uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, v)
	return b[8-c.width/8:]
}

func bigEndian(b []byte) (v uint64) {
	for _, x := range b {
		v = v<<8 | uint64(x)
	}
	return v
}

// matrix is a linear map over GF(2): the images of the single bits.
type matrix [64]uint64

// apply is the image of v.
func (m *matrix) apply(v uint64) (out uint64) {
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
