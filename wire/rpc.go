package wire

import (
	"net/http"
	"strings"

	"github.com/runnel/runnel/wire/codec"
)

// rpcv2 is what Smithy-Protocol says in requests and answers of rpcv2Cbor
// (https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html).
const rpcv2 = "rpc-v2-cbor"

// isRPC reports whether a request says that it is one of rpcv2Cbor.
func isRPC(r *http.Request) bool { return r.Header.Get("Smithy-Protocol") == rpcv2 }

// rpcOperation is what the path /service/SERVICE/operation/OPERATION names, which
// may follow after others.
func rpcOperation(r *http.Request) (service, operation string) {
	parts := strings.Split(r.URL.Path, "/")
	n := len(parts) - 4
	if n < 1 || parts[n] != "service" || parts[n+2] != "operation" {
		return "", ""
	}
	return parts[n+1], parts[n+3]
}

func (c *call) findRPC() error {
	target, name := rpcOperation(c.r)
	op, ok := c.svc.byName[name]
	if !ok || target != c.svc.Target || c.r.Method != http.MethodPost || !c.svc.speaks(RPCv2CBOR) {
		return &Error{
			Code: "UnknownOperationException", Status: c.unknownStatus(),
			Message: "Unknown operation " + c.r.Method + " " + c.r.URL.EscapedPath(),
		}
	}
	c.op = op
	return nil
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
