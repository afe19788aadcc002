package wire

import (
	"net/http"
	"strings"
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
