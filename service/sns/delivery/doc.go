// Package delivery is what Amazon SNS sends to HTTP and HTTPS endpoints: the
// message and its signature, the delivery policy that says how an attempt is
// repeated, and the sender that makes one. It keeps no subscriptions.
//
// Of authentication, basic is there (user:password@ in the endpoint's URL) and
// digest is not: an endpoint that asks for it answers 401, which is final.
//
// Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
// and https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
package delivery
