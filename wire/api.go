package wire

import (
	"context"
	"reflect"

	"github.com/runnel/runnel/wire/codec"
)

// Protocol is one of the AWS protocols.
type Protocol int

// The protocols. A service may speak several (SQS: JSON10 and Query; CloudWatch:
// RPCv2CBOR, JSON10 and Query), and its operations never know in which they were
// asked: one table serves all.
const (
	JSON10    Protocol = iota + 1 // awsJson 1.0
	JSON11                        // awsJson 1.1
	Query                         // form-encoded requests, XML answers
	RESTJSON                      // restJson1
	RESTXML                       // restXml, in S3's dialect
	RPCv2CBOR                     // Smithy's rpcv2Cbor
)

// API is a service as the wire sees it. Its zero fields are sensible: only ID,
// Protocols and Operations are always needed.
type API struct {
	// ID is the name in the SigV4 credential scope and the host prefix: "sqs".
	ID string

	// Protocols, the first being the one to answer in when a request shows none.
	Protocols []Protocol

	// Target is the name of the service's shape: the X-Amz-Target prefix without
	// the dot (awsJson), and the service in the path (rpcv2Cbor): "AmazonSQS",
	// "GraniteServiceVersion20100801".
	Target string

	// Version is the query API's version: "2012-11-05".
	Version string

	// Namespace is the xmlns of XML answers.
	Namespace string

	// Shapes is put before "#Code" in the __type of awsJson and rpcv2Cbor errors:
	// "com.amazonaws.cloudwatch".
	Shapes string

	// LowerCamel says that JSON members begin with a lower-case letter, as
	// API Gateway's and CloudWatch Logs' do.
	LowerCamel bool

	// MessageMember names the member of a JSON or CBOR error that holds its text,
	// where it is not "message". Where the errors of a service differ in it, Names
	// says it of some: "ConflictException.Message": {JSON: "Message"}.
	MessageMember string

	// Names holds the wire names that do not follow from the Go names.
	Names Names

	// Headers binds members to headers in all operations whose input or output
	// has them: Go field to header name. See [InBody] for exceptions.
	Headers map[string]string

	// Selectors are query parameters that select an operation (S3's
	// sub-resources: "acl", "policy"). A request that has one which no operation
	// asks for is refused with NotImplemented instead of reaching an operation
	// that would ignore it.
	Selectors []string

	// Status is the HTTP status by error code where it is not 400.
	Status map[string]int

	// QueryErrors maps error codes to those that the service's former query
	// protocol had; an awsJson or rpcv2Cbor error then says both
	// (x-amzn-query-error), and a query error the latter. The keys are the names of
	// the SDK's error types where these have the shapes' names, as CloudWatch's do:
	// "InvalidParameterValueException": "InvalidParameterValue".
	QueryErrors map[string]string

	// Unions are the union types in inputs and outputs.
	Unions []Union

	// PathField is the input member that takes the request's own URL when a
	// query request is sent to a path: SQS's QueueUrl.
	PathField string

	// MaxBody is the limit in bytes of a body that is not streamed; 16 MiB if 0.
	MaxBody int64

	// CRC32 says that awsJson answers carry X-Amz-Crc32, as DynamoDB's do.
	CRC32 bool

	// TooLarge is the answer to a body over MaxBody; RequestEntityTooLarge (413)
	// if nil.
	TooLarge *Error

	Operations []Operation
}

// Operation is one operation of an API; [Op] makes it.
type Operation struct {
	name    string
	in, out reflect.Type
	call    func(ctx context.Context, in any) (any, error)
	binding
}

// Op declares an operation: AWS's name, and the method that does it. Strings of an
// input may share memory with the request's body (64 KiB at most): clone what is
// kept in memory for long.
func Op[In, Out any](name string, f func(context.Context, *In) (*Out, error), opts ...Option) Operation {
	op := Operation{
		name: name,
		in:   reflect.TypeFor[In](),
		out:  reflect.TypeFor[Out](),
		call: func(ctx context.Context, in any) (any, error) {
			out, err := f(ctx, in.(*In))
			if err == nil && out == nil {
				out = new(Out)
			}
			return out, err
		},
	}
	for _, o := range opts {
		o(&op.binding)
	}
	return op
}

// Name is AWS's name of the operation.
func (o Operation) Name() string { return o.name }

// binding says where in HTTP the members of an operation are (REST protocols).
type binding struct {
	method  string
	uri     string            // as given to HTTP
	headers map[string]string // field to header
	prefix  map[string]string // map field to header prefix
	query   map[string]string // field to query parameter
	inBody  map[string]bool   // output fields exempt from API.Headers
	payload string
	asked   []string // headers that the request must have
	status  int
	// statusField is an output member that holds the status.
	statusField string
	statusIf    map[string]int // status when the output member is set
}

// Option says where HTTP carries a part of an operation.
type Option func(*binding)

// HTTP gives the method and the URI of a REST operation. In the path, {Field} is a
// label that takes one segment and {Field+} one that takes all that is left. In the
// query, name={Field} binds a parameter that may be absent; name=value and a bare
// name must be there for the operation to match, the bare name with any value.
// Field is the Go field. Of two operations that match, the one that asks for more
// wins.
func HTTP(method, uri string) Option {
	return func(b *binding) { b.method, b.uri = method, uri }
}

// Header binds a member of the input, the output or both to a header.
func Header(name, field string) Option {
	return func(b *binding) { set(&b.headers, field, name) }
}

// PrefixHeaders binds a map to all headers that begin with prefix.
func PrefixHeaders(prefix, field string) Option {
	return func(b *binding) { set(&b.prefix, field, prefix) }
}

// QueryParam binds a member of the input to a query parameter, as name={Field} in
// the URI does. A map[string]string takes all parameters not bound otherwise.
func QueryParam(name, field string) Option {
	return func(b *binding) { set(&b.query, field, name) }
}

// Payload says which member is the body: a []byte, an io.Reader, an io.ReadCloser,
// a string or a structure. It holds for the input and the output, whichever has it.
// In XML the root of an input's document must have the member's name.
func Payload(field string) Option {
	return func(b *binding) { b.payload = field }
}

// InBody keeps output members in the body although API.Headers binds their names.
func InBody(fields ...string) Option {
	return func(b *binding) {
		for _, f := range fields {
			set(&b.inBody, f, true)
		}
	}
}

// IfHeader makes the operation match only requests that have the header (S3 tells
// CopyObject from PutObject so).
func IfHeader(name string) Option {
	return func(b *binding) { b.asked = append(b.asked, name) }
}

// Status is the HTTP status of success where it is not 200.
func Status(code int) Option { return func(b *binding) { b.status = code } }

// StatusField names the output member that holds the HTTP status.
func StatusField(field string) Option { return func(b *binding) { b.statusField = field } }

// StatusIf is the HTTP status when the output member is set: S3 answers 206 when
// there is a ContentRange.
func StatusIf(field string, code int) Option {
	return func(b *binding) { set(&b.statusIf, field, code) }
}

func set[V any](m *map[string]V, k string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[k] = v
}

// Names of types and members, and unions, are the codec's.
type (
	Names      = codec.Names
	Name       = codec.Name
	TimeFormat = codec.TimeFormat
	Union      = codec.Union
)

// The formats of timestamps.
const (
	Epoch     = codec.Epoch
	ISO8601   = codec.ISO8601
	HTTPDate  = codec.HTTPDate
	EpochMS   = codec.EpochMS
	ISOSecond = codec.ISOSecond
)

// UnionOf declares the union I by all its members, as nil pointers:
//
//	wire.UnionOf[types.AttributeValue]((*types.AttributeValueMemberS)(nil), ...)
//
// A member's wire name is what follows "Member" in the name of its type.
func UnionOf[I any](members ...I) Union { return codec.UnionOf(members...) }
