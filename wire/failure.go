package wire

import (
	"cmp"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/wire/codec"
)

// failure is an error on its way to the client.
type failure struct {
	*call
	err    smithy.APIError
	code   string
	status int
}

func (c *call) failure(e smithy.APIError) failure {
	f := failure{call: c, err: e, code: e.ErrorCode()}
	if own, ok := e.(*Error); ok {
		f.status = own.Status
	}
	if f.status == 0 && c.svc != nil {
		f.status = c.svc.Status[f.code]
	}
	if f.status == 0 {
		f.status = http.StatusBadRequest
		if e.ErrorFault() == smithy.FaultServer {
			f.status = http.StatusInternalServerError
		}
	}
	return f
}

func (f failure) sender() string {
	if f.status >= 500 {
		return "Receiver"
	}
	return "Sender"
}

func (s *service) queryError(code string) string {
	if s == nil {
		return ""
	}
	return s.QueryErrors[code]
}

func (f failure) append(b []byte) ([]byte, error) {
	switch f.proto {
	case RESTXML:
		return f.appendREST(b), nil
	case Query:
		return f.appendQuery(b), nil
	case RPCv2CBOR:
		return f.appendCBOR(b)
	}
	return f.appendJSON(b)
}

// appendJSON writes the code (awsJson), the text, and the other members that the
// SDK's type for the error has.
func (f failure) appendJSON(b []byte) ([]byte, error) {
	b = append(b, '{')
	if f.proto != RESTJSON {
		b = append(b, `"__type":`...)
		b = append(codec.AppendQuoted(b, f.shape()), ',')
	}
	b = append(codec.AppendQuoted(b, f.messageMember()), ':')
	b = codec.AppendQuoted(b, f.err.ErrorMessage())
	if own, ok := f.err.(*Error); ok {
		for k, v := range sorted(own.Fields) {
			b = append(codec.AppendQuoted(append(b, ','), k), ':')
			b = codec.AppendQuoted(b, v)
		}
		return append(b, '}'), nil
	}
	n, v, err := f.modelled()
	if err != nil || n == nil {
		return append(b, '}'), err
	}
	return n.AppendMembers(b, v, '}'), nil
}

// messageMember is the member that holds the text. Clients that speak rpcv2Cbor look
// for "message" alone unless the error is modelled.
func (f failure) messageMember() string {
	if f.code == "SerializationException" && f.proto != RPCv2CBOR {
		return "Message"
	}
	if f.svc == nil {
		return "message"
	}
	own := f.svc.Names[reflect.Indirect(reflect.ValueOf(f.err)).Type().Name()+".Message"].JSON
	return cmp.Or(own, f.svc.MessageMember, "message")
}

// modelled is the SDK's type for the error less the text, which was written; nil if
// there is none.
func (f failure) modelled() (*codec.Node, reflect.Value, error) {
	v := reflect.Indirect(reflect.ValueOf(f.err))
	if f.svc == nil || v.Kind() != reflect.Struct {
		return nil, v, nil
	}
	n, err := f.svc.codec.ErrorPlan(v.Type())
	return n, v, err
}

// coral are the namespaces of the errors that AWS's framework gives, not a service.
var coral = map[string]string{
	"SerializationException":              "com.amazon.coral.service",
	"UnknownOperationException":           "com.amazon.coral.service",
	"InternalFailure":                     "com.amazon.coral.service",
	"InvalidSignatureException":           "com.amazon.coral.service",
	"IncompleteSignatureException":        "com.amazon.coral.service",
	"MissingAuthenticationTokenException": "com.amazon.coral.service",
	"UnrecognizedClientException":         "com.amazon.coral.service",
	"ExpiredTokenException":               "com.amazon.coral.service",
	"AccessDeniedException":               "com.amazon.coral.service",
	"ValidationException":                 "com.amazon.coral.validate",
}

// shape is the __type of an awsJson or rpcv2Cbor error.
func (f failure) shape() string {
	if f.svc == nil || f.svc.Shapes == "" {
		return f.code
	}
	return cmp.Or(coral[f.code], f.svc.Shapes) + "#" + f.code
}

func (f failure) appendQuery(b []byte) []byte {
	code := f.code
	if q := f.svc.queryError(code); q != "" {
		code = q
	}
	b = append(b, "<ErrorResponse"...)
	if f.svc != nil && f.svc.Namespace != "" {
		b = codec.AppendAttr(b, "xmlns", f.svc.Namespace)
	}
	b = append(b, "><Error>"...)
	b = codec.AppendElement(b, "Type", f.sender())
	b = codec.AppendElement(b, "Code", code)
	b = codec.AppendElement(b, "Message", f.err.ErrorMessage())
	b = append(b, "</Error>"...)
	b = codec.AppendElement(b, "RequestId", f.req.ID)
	return append(b, "</ErrorResponse>"...)
}

func (f failure) appendREST(b []byte) []byte {
	b = append(b, codec.XMLHeader+"<Error>"...)
	b = codec.AppendElement(b, "Code", f.code)
	b = codec.AppendElement(b, "Message", f.err.ErrorMessage())
	if own, ok := f.err.(*Error); ok {
		for k, v := range sorted(own.Fields) {
			b = codec.AppendElement(b, k, v)
		}
	}
	b = codec.AppendElement(b, "RequestId", f.req.ID)
	b = codec.AppendElement(b, "HostId", f.hostID)
	return append(b, "</Error>"...)
}

// sorted ranges over a map in the order of its keys.
func sorted(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// appendCBOR writes what appendJSON does.
func (f failure) appendCBOR(b []byte) ([]byte, error) {
	const begin, end = 0xbf, 0xff // of a map whose length is not told
	b = codec.AppendCBORText(append(b, begin), "__type")
	b = codec.AppendCBORText(b, f.shape())
	b = codec.AppendCBORText(b, f.messageMember())
	b = codec.AppendCBORText(b, f.err.ErrorMessage())
	if own, ok := f.err.(*Error); ok {
		for k, v := range sorted(own.Fields) {
			b = codec.AppendCBORText(codec.AppendCBORText(b, k), v)
		}
		return append(b, end), nil
	}
	n, v, err := f.modelled()
	if err != nil {
		return b, err
	}
	if n != nil {
		b = n.AppendCBORMembers(b, v)
	}
	return append(b, end), nil
}
