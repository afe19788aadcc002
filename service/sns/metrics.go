package sns

import (
	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// Metrics (https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html).

// Why a filter policy did not pass a message.
const (
	messageAttributes = iota
	noMessageAttributes
	messageBody
	invalidMessageBody
	reasons
)

const filteredOut = "NumberOfNotificationsFilteredOut"

var filteredNames = [reasons]string{
	messageAttributes:   filteredOut + "-MessageAttributes",
	noMessageAttributes: filteredOut + "-NoMessageAttributes",
	messageBody:         filteredOut + "-MessageBody",
	invalidMessageBody:  filteredOut + "-InvalidMessageBody",
}

// counts are what became of one message in the transaction that published it.
type counts struct {
	delivered, failed, redriven, unredriven int
	filtered                                [reasons]int
}

func (s *Service) observe(topic, name, unit string, value float64) {
	s.cfg.Metrics.Observe(event.Metric{
		Namespace: "AWS/SNS", Name: name, Unit: unit,
		Dimensions: event.Dimensions{{Name: "TopicName", Value: topic}},
	}, value)
}

func (s *Service) countPublished(tx *store.Tx, t *topic, m *message) {
	tx.OnCommit(func() { s.published(t, m) })
}

func (s *Service) published(t *topic, m *message) {
	s.observe(t.Name, "NumberOfMessagesPublished", "Count", 1)
	s.observe(t.Name, "PublishSize", "Bytes", float64(m.size))
}

// countMail counts a message that was published, once it is durable.
func (s *Service) countMail(tx *store.Tx, l *mail) {
	t := l.post.t
	tx.OnCommit(func() {
		s.published(t, l.post.m)
		s.observeSome(t.Name, "NumberOfNotificationsDelivered", l.count.delivered)
		s.observeSome(t.Name, "NumberOfNotificationsFailed", l.count.failed)
		s.observeSome(t.Name, "NumberOfNotificationsRedrivenToDlq", l.count.redriven)
		s.observeSome(t.Name, "NumberOfNotificationsFailedToRedriveToDlq", l.count.unredriven)
		total := 0
		for reason, n := range l.count.filtered {
			s.observeSome(t.Name, filteredNames[reason], n)
			total += n
		}
		s.observeSome(t.Name, filteredOut, total)
	})
}

func (s *Service) observeSome(topic, name string, n int) {
	if n > 0 {
		s.observe(topic, name, "Count", float64(n))
	}
}
