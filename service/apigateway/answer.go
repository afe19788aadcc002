package apigateway

import (
	"encoding/base64"

	"github.com/runnel/runnel/service/apigateway/proxy"
)

// answer is the response that a function's result stands for.
func (x *exchange) answer(payload []byte) (*Response, error) {
	r, err := proxy.ReadAnswer(payload)
	if err != nil {
		return nil, malformed("malformed Lambda proxy response: " + err.Error())
	}
	res := &Response{Status: r.Status, Header: r.Header, Body: r.Body}
	if r.Base64 && x.binary(x.Header.Get("Accept")) {
		res.Body, err = base64.StdEncoding.AppendDecode(nil, r.Body)
		if err != nil {
			return nil, malformed("malformed Lambda proxy response: body is not base64: " + err.Error())
		}
	}
	if res.Header.Get("Content-Type") == "" {
		res.Header.Set("Content-Type", "application/json")
	}
	return res, nil
}
