package xml

import (
	"fmt"

	"github.com/runnel/runnel/transform/charset"
)

// Options say how a document becomes a dictionary. The zero Options are those of
// xmltodict, within the default limits.
type Options struct {
	// Charset is the document's encoding where it cannot be told from its
	// byte order mark or its declaration, "" for UTF-8.
	Charset    string
	Namespaces Namespaces
	// ForceList names elements that are lists even where they occur once:
	// by their name as the dictionary has it, or by their path from the
	// document, separated by slashes (order/items/item).
	ForceList []string
	Limits    Limits
}

// Namespaces say what the names of elements and attributes look like.
type Namespaces struct {
	// Strip takes the prefixes and the declarations away. Map writes
	// prefixes of its own, the value "" none, for the namespaces that are
	// its keys, and the whole URI before a colon for others. Without either
	// names stay as the document has them.
	Strip bool
	Map   map[string]string
}

// processed says that names are not kept as they are.
func (n *Namespaces) processed() bool { return n.Strip || n.Map != nil }

// Limits bound what a document may be; 0 is the default of each. The tree of a
// usual document takes three to four times its size in memory; that of a document
// made for it (<a/><a/>...) some eleven times.
type Limits struct {
	Depth      int // of elements within elements: 256, and never more than 10,000
	Name       int // bytes of a name, or of a namespace: 1,000
	Attributes int // of one element: 256
	Size       int // bytes of a document as UTF-8, or of one record: 256 MiB, and never more than 1 GiB
}

// What no option can exceed.
const (
	maxDepth = 10_000  // writing a tree is recursive
	maxSize  = 1 << 30 // offsets have 31 bits, and joined texts are kept twice
)

func (l Limits) orDefault() Limits {
	return Limits{
		Depth:      min(or(l.Depth, 256), maxDepth),
		Name:       or(l.Name, 1000),
		Attributes: or(l.Attributes, 256),
		Size:       min(or(l.Size, 256<<20), maxSize),
	}
}

func or(n, fallback int) int {
	if n <= 0 {
		return fallback
	}
	return n
}

// Check says what is wrong with the options, of which Parse and NewReader make
// an error that is not a SyntaxError.
func (o *Options) Check() error {
	if o.Namespaces.Strip && o.Namespaces.Map != nil {
		return fmt.Errorf("namespaces cannot be both stripped and mapped")
	}
	for uri, prefix := range o.Namespaces.Map {
		if prefix != "" && !isNCName(prefix) {
			return fmt.Errorf("namespace %q is mapped to %q, which is not a name", uri, prefix)
		}
	}
	return charset.Check(o.Charset)
}
