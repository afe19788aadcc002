package codec

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// The major types of CBOR, which the first three bits of an item tell
// (https://www.rfc-editor.org/rfc/rfc8949#section-3.1).
const (
	cborUint byte = iota
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	cborTag
	cborSimple
)

// What the other five bits tell, beyond the numbers below 24 that they are.
const (
	cborOneByte    = 24 // the argument follows, in one byte
	cborTwoBytes   = 25
	cborFourBytes  = 26
	cborEightBytes = 27
	cborIndefinite = 31 // a break ends the item
)

// The items of major type 7 that Smithy knows, and the byte that ends an item of
// indefinite length.
const (
	cborFalse     = 20
	cborTrue      = 21
	cborNull      = 22
	cborUndefined = 23
	cborHalf      = 25
	cborSingle    = 26
	cborDouble    = 27
	cborBreak     = 0xff
)

// cborScanner reads items of CBOR from a string. There is no library for it that
// stops at every item, which decoding by a plan needs: those that there are decode
// into Go types of their own choice.
type cborScanner struct {
	s     string
	i     int
	depth int
	share bool
}

// cborHead is what an item begins with.
type cborHead struct {
	major byte
	info  byte   // the five bits
	arg   uint64 // a number, a length, a count, a tag or the bits of a float
}

var errCBOR = &Error{Code: errSyntax.Code, Message: "Could not parse request body into cbor"}

// syntax is the error for bytes that are not CBOR.
func (d *cborScanner) syntax(what string) error {
	return &Error{Code: errCBOR.Code, Message: errCBOR.Message + ": " + what + " at byte " + strconv.Itoa(d.i)}
}

// head reads what the next item begins with. A break is no item.
func (d *cborScanner) head() (h cborHead, err error) {
	if d.i >= len(d.s) {
		return h, d.syntax("unexpected end")
	}
	first := d.s[d.i]
	h.major, h.info = first>>5, first&31
	switch {
	case h.info < cborOneByte:
		h.arg = uint64(h.info)
		d.i++
		return h, nil
	case h.info <= cborEightBytes:
		err = d.argument(&h)
		return h, err
	case h.info == cborIndefinite && cborBytes <= h.major && h.major <= cborMap:
		d.i++
		return h, nil
	}
	return h, d.syntax("malformed item")
}

// argument reads the argument that follows an item's first byte.
func (d *cborScanner) argument(h *cborHead) error {
	size := 1 << (h.info - cborOneByte)
	if len(d.s)-d.i-1 < size {
		return d.syntax("unexpected end")
	}
	var b [8]byte
	copy(b[8-size:], d.s[d.i+1:])
	h.arg = binary.BigEndian.Uint64(b[:])
	if h.major == cborSimple && h.info == cborOneByte && h.arg < 32 {
		return d.syntax("malformed item")
	}
	d.i += 1 + size
	return nil
}

// open enters an array or a map. Its items must fit in what is left of the document.
func (d *cborScanner) open(h cborHead) error {
	if d.depth++; d.depth > maxDepth {
		return d.syntax("nested too deep")
	}
	if h.info == cborIndefinite {
		return nil
	}
	left := uint64(len(d.s) - d.i)
	if h.major == cborMap {
		left /= 2
	}
	if h.arg > left {
		return d.syntax("unexpected end")
	}
	return nil
}

// more reports whether another item, or key and value, follows in the array or map
// that h began; it counts h.arg down.
func (d *cborScanner) more(h *cborHead) (bool, error) {
	if h.info != cborIndefinite {
		if h.arg == 0 {
			d.depth--
			return false, nil
		}
		h.arg--
		return true, nil
	}
	if d.i >= len(d.s) {
		return false, d.syntax("unexpected end")
	}
	if d.s[d.i] != cborBreak {
		return true, nil
	}
	d.i++
	d.depth--
	return false, nil
}

// content reads the bytes of the string that h began. They share the document unless
// they came in pieces.
func (d *cborScanner) content(h cborHead) (string, error) {
	if h.info != cborIndefinite {
		return d.take(h.arg)
	}
	var b strings.Builder
	for d.i < len(d.s) && d.s[d.i] != cborBreak {
		piece, err := d.head()
		if err != nil {
			return "", err
		}
		if piece.major != h.major || piece.info == cborIndefinite {
			return "", d.syntax("malformed string")
		}
		s, err := d.take(piece.arg)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	_, err := d.take(1)
	return b.String(), err
}

// take reads n bytes.
func (d *cborScanner) take(n uint64) (string, error) {
	if n > uint64(len(d.s)-d.i) {
		return "", d.syntax("unexpected end")
	}
	s := d.s[d.i : d.i+int(n)]
	d.i += int(n)
	return s, nil
}

// keep returns s for longer than the document's life.
func (d *cborScanner) keep(s string) string {
	if d.share {
		return s
	}
	return strings.Clone(s)
}

// skip reads an item of any kind.
func (d *cborScanner) skip() error {
	h, err := d.head()
	if err != nil {
		return err
	}
	switch h.major {
	case cborBytes, cborText:
		_, err := d.content(h)
		return err
	case cborTag:
		if d.depth++; d.depth > maxDepth {
			return d.syntax("nested too deep")
		}
		err := d.skip()
		d.depth--
		return err
	case cborArray, cborMap:
		return d.skipItems(h)
	}
	return nil
}

func (d *cborScanner) skipItems(h cborHead) error {
	if err := d.open(h); err != nil {
		return err
	}
	for {
		more, err := d.more(&h)
		if err != nil || !more {
			return err
		}
		if err := d.skip(); err != nil {
			return err
		}
		if h.major == cborMap {
			if err := d.skip(); err != nil {
				return err
			}
		}
	}
}

// absent reports whether h is null or undefined.
func (h cborHead) absent() bool {
	return h.major == cborSimple && (h.info == cborNull || h.info == cborUndefined)
}

// float is the number that h is, if it is a float of any size or an integer.
func (h cborHead) float() (f float64, ok bool) {
	switch {
	case h.major == cborUint:
		return float64(h.arg), true
	case h.major == cborNegative:
		return -1 - float64(h.arg), true
	case h.major != cborSimple:
		return 0, false
	case h.info == cborHalf:
		return halfFloat(uint16(h.arg)), true
	case h.info == cborSingle:
		return float64(math.Float32frombits(uint32(h.arg))), true
	case h.info == cborDouble:
		return math.Float64frombits(h.arg), true
	}
	return 0, false
}

// halfFloat reads an IEEE 754 binary16.
func halfFloat(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		f = math.Inf(1)
		if fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 == 1 {
		return -f
	}
	return f
}
