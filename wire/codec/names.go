package codec

// Names gives wire names by Go type ("ListObjectsV2Output") or by type and field
// ("ListObjectsV2Output.Contents"); "*.Field" holds for the field in every type.
type Names map[string]Name

// Name is how a type or a member is written where the protocol's rule does not say.
type Name struct {
	// Name is the name of an element or a parameter; of a type, its root
	// element. It is that of a JSON or CBOR member too unless the API speaks query
	// or restXml as well: then JSON is.
	Name  string
	JSON  string
	Item  string // name of a list's items where it is not "member"
	Key   string // name of a map's keys in XML and query where it is not "key"
	Value string // name of a map's values where it is not "value"
	Flat  bool   // list or map items follow each other without a wrapper
	Attr  bool   // an XML attribute of the parent element
	XMLNS string // xmlns attribute of the element: "prefix=uri" or "uri"
	Time  TimeFormat
	// Wrap is the element that a query answer's members are in; the operation's
	// name and "Result" if empty, and none at all if "-".
	Wrap string
}

// TimeFormat is how a timestamp is written.
type TimeFormat int

// The formats; the zero value is the protocol's own, and CBOR has no other. All are
// read whatever format is set.
const (
	_         TimeFormat = iota
	Epoch                // seconds since 1970, with milliseconds: 1700000000.123
	ISO8601              // 2006-01-02T15:04:05.000Z
	HTTPDate             // Mon, 02 Jan 2006 15:04:05 GMT
	EpochMS              // milliseconds since 1970, an integer
	ISOSecond            // 2006-01-02T15:04:05Z
)
