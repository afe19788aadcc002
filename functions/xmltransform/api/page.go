package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/functions/xmltransform/page"
)

// page is the page, or a file that belongs to it. A browser may keep it, but asks
// each time whether it is still the same: the next deployment may change it.
func (a *api) page(_ context.Context, r request) (answer.Answer, error) {
	if at := r.RequestContext.Path; r.Resource == "/" && !strings.HasSuffix(at, "/") {
		// The page's links are relative to its folder.
		return answer.Answer{Status: http.StatusPermanentRedirect, Header: map[string]string{"Location": path.Base(at) + "/"}}, nil
	}
	name := r.PathParameters["file"]
	content, contentType, ok := page.Get(name)
	if !ok {
		return answer.Refuse(http.StatusNotFound, "there is no file "+strconv.Quote(name)), nil
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	out := answer.Answer{Status: http.StatusOK, Header: map[string]string{"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": "frame-ancestors 'none'"}}
	if r.isKnown(tag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	out.Body = answer.Content{Type: contentType, Data: content}
	return out, nil
}
