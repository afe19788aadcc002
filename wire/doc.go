// Package wire speaks the protocols of AWS and knows no service.
//
// A service hands over an [API]: a table of operations, each a Go method in terms
// of the AWS SDK's own input and output types. A [Mux] finds the service and the
// operation a request is for, checks its signature, decodes the input, calls the
// method and encodes what it returns, an error included. The protocols are awsJson
// 1.0 and 1.1, query, restJson, restXml and rpcv2Cbor, as the Smithy specification
// describes them (https://smithy.io/2.0/aws/protocols/index.html); what the
// specification leaves open (names, flattening, statuses) the API's table says.
// Package codec has the documents and package sign the signatures; here is what
// HTTP carries them in.
//
// Invariants: a request is answered in its own protocol whatever goes wrong; no
// operation sees an input whose signature did not verify, nor one that a page of
// another site had a browser send unasked; an error that is not AWS's own is logged
// once and never shown; what a stranger sends is bounded in size and in depth before
// it is decoded.
//
// Not here: event streams, SigV4a, and the listening sockets.
package wire
