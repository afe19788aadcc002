package sns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/runnel/runnel/store"
)

// FIFO topics (https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html).
// A message that was published less than five minutes ago is answered as it was
// then, and not sent again. Its row is found by topic, scope and deduplication
// id, and, to be forgotten, by the time at which it is.

const (
	dedupTimer  = "sns.dedup" // id: the topic's number
	dedupWindow = 5 * time.Minute

	// forgetAtOnce is how many rows one transaction forgets.
	forgetAtOnce = 1000
)

func dedupSpace(topic uint64) store.Key  { return store.K("sns", "dedup").Uint(topic) }
func forgetSpace(topic uint64) store.Key { return store.K("sns", "forget").Uint(topic) }

func (t *topic) dedupKey(m *message, id string) store.Key {
	if t.Attributes[attrThroughputScope] == "MessageGroup" {
		return dedupSpace(t.ID).Str(m.group).Str(id)
	}
	return dedupSpace(t.ID).Str(id)
}

// dedupID is the message's own, or made of its body.
func (m *message) dedupID() string {
	if m.dedup != "" {
		return m.dedup
	}
	sum := sha256.Sum256([]byte(m.content))
	return hex.EncodeToString(sum[:])
}

// duplicate gives a message its place in the topic's order, or reports that
// the message was published before, and makes it that one.
func (s *Service) duplicate(tx *store.Tx, t *topic, m *message) bool {
	m.dedup = m.dedupID()
	key := t.dedupKey(m, m.dedup)
	if row, ok := tx.Get(key); ok {
		if until, id, sequence, ok := parseDuplicate(row); ok && tx.Now().Before(until) {
			m.id, m.sequence = id, sequence
			return true
		}
	}
	m.sequence = sequenceNumber(tx.NextID())
	until := tx.Now().Add(dedupWindow)
	tx.Set(key, formatDuplicate(until, m.id, m.sequence))
	tx.Set(forgetSpace(t.ID).Time(until).Raw(key), nil)
	id := strconv.FormatUint(t.ID, 10)
	if _, set := tx.Timer(dedupTimer, id); !set {
		tx.SetTimer(dedupTimer, id, until)
	}
	return false
}

// sequenceNumber is twenty digits, as AWS's are.
func sequenceNumber(n uint64) string { return fmt.Sprintf("1%019d", n) }

// formatDuplicate is the row of a message that was published: until when it
// counts, its id, its sequence number.
func formatDuplicate(until time.Time, id, sequence string) []byte {
	return fmt.Appendf(nil, "1 %d %s %s", until.UnixNano(), id, sequence)
}

func parseDuplicate(row []byte) (until time.Time, id, sequence string, ok bool) {
	parts := strings.Split(string(row), " ")
	if len(parts) != 4 || parts[0] != "1" {
		return time.Time{}, "", "", false
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	return time.Unix(0, n), parts[2], parts[3], err == nil
}

// forgetDuplicates removes the rows of a topic whose time has come.
func (s *Service) forgetDuplicates(_ context.Context, tx *store.Tx, id string) error {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return err
	}
	space, count := forgetSpace(n), 0
	for k := range tx.Scan(store.Prefix(space)) {
		p := k.Parts(space)
		until, key := p.Time(), store.Key(p.Raw()).Clone()
		if until.After(tx.Now()) || count == forgetAtOnce {
			tx.SetTimer(dedupTimer, id, until)
			return nil
		}
		count++
		tx.Delete(k.Clone())
		if row, ok := tx.Get(key); ok {
			if last, _, _, ok := parseDuplicate(row); !ok || !last.After(tx.Now()) {
				tx.Delete(key)
			}
		}
	}
	return nil
}

// clearDuplicates forgets all that a topic was sent.
func (s *Service) clearDuplicates(tx *store.Tx, t *topic) {
	if !t.fifo {
		return
	}
	tx.DeleteRange(store.Prefix(dedupSpace(t.ID)))
	tx.DeleteRange(store.Prefix(forgetSpace(t.ID)))
	tx.ClearTimer(dedupTimer, strconv.FormatUint(t.ID, 10))
}
