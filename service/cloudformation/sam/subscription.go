package sam

import (
	"cmp"
	"encoding/json"
	"errors"
)

// topicEvent has the function invoked for messages of a topic: by the topic
// itself, or from a queue between them.
func (t *transformer) topicEvent(b *built, id string, props object) error {
	if err := checkEvent(props, []string{"Topic"}, []string{"Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "SqsSubscription"}); err != nil {
		return err
	}
	switch between := t.resolve(props["SqsSubscription"]).(type) {
	case nil:
	case bool:
		if between {
			return t.newQueueBetween(b, id, props)
		}
	case object:
		return t.queueBetween(b, id, props, between)
	default:
		return errors.New("Type of property 'SqsSubscription' is invalid.")
	}
	t.permission(b, b.id+id+"Permission", "sns.amazonaws.com", object{"SourceArn": props["Topic"]})
	arn, _ := b.target()
	t.subscribe(b, id, props, "lambda", arn)
	return nil
}

func (t *transformer) subscribe(b *built, id string, props object, protocol string, endpoint any) {
	t.out[b.id+id] = b.resource("AWS::SNS::Subscription", object{
		"Endpoint": endpoint, "Protocol": protocol, "TopicArn": props["Topic"], "Region": props["Region"],
		"FilterPolicy": props["FilterPolicy"], "FilterPolicyScope": props["FilterPolicyScope"], "RedrivePolicy": props["RedrivePolicy"],
	})
}

// newQueueBetween makes the queue, a FIFO one if the template says that the
// topic is.
func (t *transformer) newQueueBetween(b *built, id string, props object) error {
	queue := b.id + id + "Queue"
	topic, _ := props["Topic"].(object)
	name, _ := topic["Ref"].(string)
	declared, _ := t.out[name].(object)
	properties, _ := declared["Properties"].(object)
	of := object{}
	if fifo := t.resolve(properties["FifoTopic"]); fifo != nil && fifo != false {
		of["FifoQueue"] = fifo
	}
	t.out[queue] = b.resource("AWS::SQS::Queue", of)
	return t.queueBetween(b, id, props, object{"QueueArn": getAtt(queue, "Arn"), "QueueUrl": ref(queue)})
}

// queueBetween subscribes a queue, lets the topic send to it, and has the
// function read it. AWS's translator has the mapping enabled whatever Enabled
// says, so that nothing else is taken for it.
func (t *transformer) queueBetween(b *built, id string, props, queue object) error {
	if queue["QueueArn"] == nil || queue["QueueUrl"] == nil {
		return errors.New("No QueueARN or QueueURL provided.")
	}
	if err := checkEvent(queue, nil, []string{"QueueArn", "QueueUrl", "QueuePolicyLogicalId", "BatchSize", "Enabled"}); err != nil {
		return err
	}
	if enabled := queue["Enabled"]; enabled != nil && enabled != true {
		return errors.New("property SqsSubscription.Enabled is not supported but as true")
	}
	policy := b.id + id + "QueuePolicy"
	if given := queue["QueuePolicyLogicalId"]; given != nil {
		name, ok := given.(string)
		if !ok {
			return errors.New("QueuePolicyLogicalId must be a string")
		}
		policy = name
	}
	t.sendPolicy(b, policy, "*", props["Topic"], queue["QueueArn"], queue["QueueUrl"])
	t.subscribe(b, id, props, "sqs", queue["QueueArn"])
	mapping := object{"Queue": queue["QueueArn"], "BatchSize": json.Number("10"), "Enabled": true}
	if size := queue["BatchSize"]; size != nil {
		mapping["BatchSize"] = size
	}
	return t.queueEvent(b, id+"EventSourceMapping", mapping)
}

// sendPolicy lets what has the source ARN send to a queue.
func (t *transformer) sendPolicy(b *built, id string, principal, source, arn, url any) {
	t.out[id] = b.resource("AWS::SQS::QueuePolicy", object{"Queues": list{url}, "PolicyDocument": object{
		"Version": "2012-10-17",
		"Statement": list{object{"Action": "sqs:SendMessage", "Effect": "Allow", "Principal": principal, "Resource": arn,
			"Condition": object{"ArnEquals": object{"aws:SourceArn": source}}}},
	}})
}

// scheduleEvent makes a rule that invokes the function by the clock.
func (t *transformer) scheduleEvent(b *built, id string, props object) error {
	err := checkEvent(props, []string{"Schedule"}, []string{"Input", "Enabled", "State", "Name", "Description", "DeadLetterConfig", "RetryPolicy"})
	if err != nil {
		return err
	}
	state, err := t.ruleState(props)
	if err != nil {
		return err
	}
	return t.rule(b, id, props, object{
		"ScheduleExpression": props["Schedule"], "State": state, "Name": props["Name"], "Description": props["Description"],
	})
}

// ruleEvent makes a rule that invokes the function for the events of a pattern.
func (t *transformer) ruleEvent(b *built, id string, props object) error {
	err := checkEvent(props, []string{"Pattern"}, []string{"EventBusName", "Input", "InputPath", "InputTransformer", "Target", "RuleName", "State",
		"Enabled", "DeadLetterConfig", "RetryPolicy"})
	if err != nil {
		return err
	}
	state, err := t.ruleState(props)
	if err != nil {
		return err
	}
	return t.rule(b, id, props, object{
		"EventBusName": props["EventBusName"], "EventPattern": props["Pattern"], "Name": props["RuleName"], "State": state,
	})
}

// ruleState is a rule's State, or what Enabled says of it.
func (t *transformer) ruleState(props object) (any, error) {
	switch enabled := t.resolve(props["Enabled"]).(type) {
	case nil:
		return props["State"], nil
	case bool:
		if props["State"] != nil {
			return nil, errors.New("State and Enabled Properties cannot both be specified.")
		}
		return map[bool]string{true: "ENABLED", false: "DISABLED"}[enabled], nil
	}
	return nil, errors.New("Type of property 'Enabled' is invalid.")
}

// rule makes a rule whose target is the function, and lets it invoke that.
func (t *transformer) rule(b *built, id string, event, rule object) error {
	name := b.id + id
	target := object{"Input": event["Input"], "InputPath": event["InputPath"], "InputTransformer": event["InputTransformer"], "RetryPolicy": event["RetryPolicy"]}
	target["Arn"], _ = b.target()
	target["Id"] = name[:min(len(name), maxTargetID-len(targetSuffix))] + targetSuffix
	if given, ok := event["Target"].(object); ok {
		if err := checkEvent(given, nil, []string{"Id"}); err != nil {
			return err
		}
		target["Id"] = cmp.Or(given["Id"], target["Id"])
	}
	dead, err := t.deadLetters(b, name, event["DeadLetterConfig"])
	if err != nil {
		return err
	}
	target["DeadLetterConfig"] = dead
	rule["Targets"] = list{present(target)}
	t.out[name] = b.resource("AWS::Events::Rule", rule)
	t.permission(b, name+"Permission", "events.amazonaws.com", object{"SourceArn": getAtt(name, "Arn")})
	return nil
}

const (
	targetSuffix = "LambdaTarget"
	maxTargetID  = 64
)

// deadLetters is where a rule's target sends what it could not deliver: a queue
// that is given, or one that is made for it. nil is nowhere.
func (t *transformer) deadLetters(b *built, rule string, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	config, ok := v.(object)
	switch {
	case !ok:
		return nil, errors.New("Type of property 'DeadLetterConfig' is invalid.")
	case config["Arn"] != nil && config["Type"] != nil:
		return nil, errors.New("You can either define 'Arn' or 'Type' property of DeadLetterConfig.")
	case config["Arn"] == nil && config["Type"] == nil:
		return nil, errors.New("No 'Arn' or 'Type' property provided for DeadLetterConfig.")
	case config["Type"] != nil && config["Type"] != "SQS":
		return nil, errors.New("The only valid value for 'Type' property of DeadLetterConfig is 'SQS'.")
	}
	if err := checkEvent(config, nil, []string{"Arn", "Type", "QueueLogicalId"}); err != nil {
		return nil, err
	}
	if arn := config["Arn"]; arn != nil {
		return object{"Arn": arn}, nil
	}
	queue := rule + "Queue"
	if given := config["QueueLogicalId"]; given != nil {
		if queue, ok = given.(string); !ok {
			return nil, errors.New("QueueLogicalId must be a string")
		}
	}
	t.out[queue] = b.resource("AWS::SQS::Queue", object{})
	t.sendPolicy(b, rule+"QueuePolicy", object{"Service": "events.amazonaws.com"}, getAtt(rule, "Arn"), getAtt(queue, "Arn"), ref(queue))
	return object{"Arn": getAtt(queue, "Arn")}, nil
}
