package attr

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// An encoded item is a version byte, then a map. A map is its number of
// entries, then each name and value in the order of the names; a value is a tag
// and its content. Lengths and counts are unsigned varints. Equal items have
// equal bytes.
const codecVersion = 1

// The tags. They are on disk: never change one.
const (
	tagS     = 'S'
	tagN     = 'N' // canonical text
	tagB     = 'B'
	tagSS    = 's'
	tagNS    = 'n'
	tagBS    = 'b'
	tagL     = 'L'
	tagM     = 'M'
	tagNull  = '0'
	tagTrue  = 't'
	tagFalse = 'f'
)

// AppendItem appends the encoding of a normalized item.
func AppendItem(dst []byte, item Item) []byte {
	return appendMap(append(dst, codecVersion), item)
}

func appendMap(dst []byte, m Item) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(m)))
	var few [16]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		dst = appendText(dst, name)
		dst = appendValue(dst, m[name])
	}
	return dst
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendValue(dst []byte, v Value) []byte {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return appendText(append(dst, tagS), v.Value)
	case *types.AttributeValueMemberN:
		return appendText(append(dst, tagN), v.Value)
	case *types.AttributeValueMemberB:
		return appendText(append(dst, tagB), v.Value)
	case *types.AttributeValueMemberNULL:
		return append(dst, tagNull)
	case *types.AttributeValueMemberBOOL:
		if v.Value {
			return append(dst, tagTrue)
		}
		return append(dst, tagFalse)
	case *types.AttributeValueMemberSS:
		return appendSet(append(dst, tagSS), v.Value)
	case *types.AttributeValueMemberNS:
		return appendSet(append(dst, tagNS), v.Value)
	case *types.AttributeValueMemberBS:
		return appendSet(append(dst, tagBS), v.Value)
	case *types.AttributeValueMemberL:
		dst = binary.AppendUvarint(append(dst, tagL), uint64(len(v.Value)))
		for _, e := range v.Value {
			dst = appendValue(dst, e)
		}
		return dst
	case *types.AttributeValueMemberM:
		return appendMap(append(dst, tagM), v.Value)
	}
	return append(dst, tagNull)
}

func appendSet[T string | []byte](dst []byte, set []T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(set)))
	for _, m := range set {
		dst = appendText(dst, m)
	}
	return dst
}

var errCodec = errors.New("malformed item")

// DecodeItem reads what [AppendItem] wrote. The item shares nothing with src;
// its strings share one copy of it.
func DecodeItem(src []byte) (Item, error) {
	if len(src) == 0 || src[0] != codecVersion {
		return nil, errCodec
	}
	d := decoder{src: string(src[1:])}
	item := d.item(1)
	if d.failed || len(d.src) != 0 {
		return nil, errCodec
	}
	return item, nil
}

// decoder reads from the front of src. After the first malformed byte it
// returns zero values and failed stays set.
type decoder struct {
	src    string
	failed bool
}

// fail empties src, so that every later read fails at once.
func (d *decoder) fail() {
	d.failed, d.src = true, ""
}

// count reads a length or a number of elements, each of which takes at least
// one byte, so that it can be trusted for an allocation.
func (d *decoder) count() int {
	var n uint64
	for i := range min(len(d.src), binary.MaxVarintLen32) {
		c := d.src[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.src = d.src[i+1:]
			if n <= uint64(len(d.src)) {
				return int(n)
			}
			break
		}
	}
	d.fail()
	return 0
}

func (d *decoder) text() string {
	n := d.count()
	s := d.src[:n]
	d.src = d.src[n:]
	return s
}

func (d *decoder) tag() byte {
	if len(d.src) == 0 {
		d.fail()
		return 0
	}
	tag := d.src[0]
	d.src = d.src[1:]
	return tag
}

func (d *decoder) item(level int) Item {
	n := d.count()
	item := make(Item, n)
	for range n {
		name := d.text()
		item[name] = d.value(level)
		if d.failed {
			return nil
		}
	}
	return item
}

func (d *decoder) value(level int) Value {
	tag := d.tag()
	if level > maxLevel {
		d.fail()
	}
	switch tag {
	case tagS:
		return &types.AttributeValueMemberS{Value: d.text()}
	case tagN:
		return &types.AttributeValueMemberN{Value: d.text()}
	case tagB:
		return &types.AttributeValueMemberB{Value: d.binary()}
	case tagNull:
		return &types.AttributeValueMemberNULL{Value: true}
	case tagTrue:
		return &types.AttributeValueMemberBOOL{Value: true}
	case tagFalse:
		return &types.AttributeValueMemberBOOL{Value: false}
	case tagSS:
		return &types.AttributeValueMemberSS{Value: list(d, d.text)}
	case tagNS:
		return &types.AttributeValueMemberNS{Value: list(d, d.text)}
	case tagBS:
		return &types.AttributeValueMemberBS{Value: list(d, d.binary)}
	case tagL:
		return &types.AttributeValueMemberL{Value: list(d, func() Value { return d.value(level + 1) })}
	case tagM:
		return &types.AttributeValueMemberM{Value: d.item(level + 1)}
	}
	d.fail()
	return nil
}

func (d *decoder) binary() []byte { return []byte(d.text()) }

func list[E any](d *decoder, element func() E) []E {
	out := make([]E, d.count())
	for i := range out {
		out[i] = element()
	}
	return out
}
