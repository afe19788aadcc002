package xml

// names holds the names of a document and the keys of its dictionary, each once.
// What is known of a name or a key while the tree is built stands beside it, so
// that it is found without a search.
type names struct {
	all    []name
	ids    map[string]uint32
	recent [512]uint32 // the id of a name by its hash, 0 for none: most names were seen just before
	keys   []key
	keyIDs map[string]uint32
	size   int // about what all of this takes, in bytes
}

// maxNames is the most that the names of one document, or record, may take.
const maxNames = 64 << 20

// entrySize is about what a name or a key takes besides its text.
const entrySize = 192

// A name is one of an element or an attribute, as the document writes it. What
// key it is depends on the namespaces in scope.
type name struct {
	text             string
	prefix           uint32 // its id in the scope
	local            string
	scope, attrScope uint64 // in which the keys are right
	key, attrKey     uint32
	tag              uint64 // the latest start tag with an attribute of this name
}

// A key is one of an object.
type key struct {
	text   string
	json   []byte // with quotes and colon
	forced bool   // its elements are lists, wherever they stand

	// The latest open element that has children of this key, and the first
	// and the last of them. What held before is kept in parser.bound.
	binding

	tag uint64 // the latest start tag with an attribute of this key
}

type binding struct{ parent, head, tail uint32 }

// nowhere is the parent of a binding that is none.
const nowhere = 1<<32 - 1

func newNames() *names {
	return &names{
		all:    make([]name, 1, 32),
		ids:    make(map[string]uint32, 32),
		keys:   make([]key, 1, 32),
		keyIDs: make(map[string]uint32, 32),
	}
}

// hash is of the length and of the first, the last and two bytes between.
func hash(b []byte) int {
	n := len(b)
	return (n + int(b[0])*5 + int(b[n-1])*31 + int(b[n>>1])*67 + int(b[n>>2])*7) & 511
}

// find is the id of a name, 0 if it was not seen before.
func (n *names) find(b []byte) uint32 {
	h := hash(b)
	if id := n.recent[h]; id != 0 && n.all[id].text == string(b) {
		return id
	}
	id := n.ids[string(b)]
	if id != 0 {
		n.recent[h] = id
	}
	return id
}

func (n *names) add(nm name) uint32 {
	id := uint32(len(n.all))
	n.all = append(n.all, nm)
	n.ids[nm.text] = id
	n.size += entrySize + len(nm.text)
	return id
}

// key is the id of a key.
func (n *names) key(text string) uint32 {
	if id, ok := n.keyIDs[text]; ok {
		return id
	}
	id := uint32(len(n.keys))
	json := append(appendString(make([]byte, 0, len(text)+len(`"":`)), []byte(text)), ':')
	n.keys = append(n.keys, key{text: text, json: json, binding: binding{parent: nowhere}})
	n.keyIDs[text] = id
	n.size += entrySize + 2*len(text)
	return id
}
