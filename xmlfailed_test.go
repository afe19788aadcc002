package runnel_test

import (
	"strings"
	"testing"
	"time"
)

// TestXMLNothingDropped has the function find no table of rules, which is no fault
// of the file's: it is tried three times, and then kept. Nothing says that the
// file failed.
func TestXMLNothingDropped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		buffered string
		pause    time.Duration // after which it is tried again, or given up
	}{{"false", 2 * time.Minute}, {"true", 90 * time.Minute}} {
		t.Run("Buffered="+c.buffered, func(t *testing.T) {
			t.Parallel()
			x := startXML(t, "Buffered", c.buffered)
			x.setenv("RULES_TABLE", "nobodys")
			x.drop("order/a b.xml", "", xmlFile(t, "sample-data/order.xml"))
			for tries := 1; tries <= 3; tries++ {
				x.advanceUntil(c.pause, func() (bool, any) {
					n := x.logged(xmlConvert, "ResourceNotFoundException")
					return n >= tries, n
				})
			}
			x.advanceUntil(c.pause, func() (bool, any) {
				visible, _ := x.depth(x.out["FailedFilesUrl"])
				return visible == "1", visible
			})
			if kept := *x.take(x.out["FailedFilesUrl"], 1)[0].Body; !strings.Contains(kept, `"key":"order/a+b.xml"`) {
				t.Errorf("kept is %s", kept)
			}
			if got := x.ask("GET", "/upload/order/a%20b.xml", ""); !strings.Contains(got.body, `"status":"pending"`) {
				t.Errorf("%d %s", got.status, got.body)
			}
			if all := x.results(); len(all) > 0 {
				t.Errorf("there are %v", all)
			}
			x.awaitDepth(x.out["FileQueueUrl"], "0", "0")
			x.awaitDepth(x.out["NoticeQueueUrl"], "0", "0")
		})
	}
}

// advanceUntil advances the clock by a pause until something is done. Once may not
// do: an error is logged a moment before its retry is a row, which a clock that was
// advanced in between does not make due.
func (x *xmlPipeline) advanceUntil(pause time.Duration, done func() (bool, any)) {
	x.Helper()
	looks := 0
	eventually(x, "what comes later", func() (bool, any) {
		ok, state := done()
		if !ok && looks%20 == 0 {
			x.clock.Advance(pause)
		}
		looks++
		return ok, state
	})
}
