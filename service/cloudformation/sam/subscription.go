package sam

import (
	"fmt"
)

// topicEvent subscribes the function to a topic, and lets the topic invoke it.
func (t *transformer) topicEvent(b *built, id string, props object) error {
	if err := checkEvent(props, []string{"Topic"}, []string{"Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"}); err != nil {
		return err
	}
	t.permission(b, b.id+id+"Permission", "sns.amazonaws.com", object{"SourceArn": props["Topic"]})
	arn, _ := b.target()
	t.out[b.id+id] = b.resource("AWS::SNS::Subscription", object{
		"Endpoint": arn, "Protocol": "lambda", "TopicArn": props["Topic"], "Region": props["Region"],
		"FilterPolicy": props["FilterPolicy"], "FilterPolicyScope": props["FilterPolicyScope"], "RedrivePolicy": props["RedrivePolicy"],
	})
	return nil
}

// scheduleEvent makes a rule that invokes the function by the clock.
func (t *transformer) scheduleEvent(b *built, id string, props object) error {
	err := checkEvent(props, []string{"Schedule"}, []string{"Input", "Enabled", "State", "Name", "Description", "DeadLetterConfig", "RetryPolicy"})
	if err != nil {
		return err
	}
	state := props["State"]
	if enabled, ok := props["Enabled"].(bool); ok {
		if state != nil {
			return fmt.Errorf("State and Enabled Properties cannot both be specified.")
		}
		state = map[bool]string{true: "ENABLED", false: "DISABLED"}[enabled]
	}
	return t.rule(b, id, props, object{
		"ScheduleExpression": props["Schedule"], "State": state, "Name": props["Name"], "Description": props["Description"],
	})
}

// ruleEvent makes a rule that invokes the function for the events of a pattern.
func (t *transformer) ruleEvent(b *built, id string, props object) error {
	err := checkEvent(props, []string{"Pattern"}, []string{"EventBusName", "Input", "InputPath", "InputTransformer", "Target", "RuleName", "State",
		"DeadLetterConfig", "RetryPolicy"})
	if err != nil {
		return err
	}
	return t.rule(b, id, props, object{
		"EventBusName": props["EventBusName"], "EventPattern": props["Pattern"], "Name": props["RuleName"], "State": props["State"],
	})
}

// rule makes a rule whose target is the function, and lets it invoke that.
func (t *transformer) rule(b *built, id string, event, rule object) error {
	name := b.id + id
	target := object{"Input": event["Input"], "InputPath": event["InputPath"], "InputTransformer": event["InputTransformer"], "RetryPolicy": event["RetryPolicy"]}
	target["Arn"], _ = b.target()
	target["Id"] = name + "LambdaTarget"
	if given, ok := event["Target"].(object); ok && given["Id"] != nil {
		target["Id"] = given["Id"]
	}
	if dead := event["DeadLetterConfig"]; dead != nil {
		config, ok := dead.(object)
		if !ok || config["Arn"] == nil || len(config) > 1 {
			return fmt.Errorf("DeadLetterConfig is supported with Arn alone.")
		}
		target["DeadLetterConfig"] = config
	}
	rule["Targets"] = list{present(target)}
	t.out[name] = b.resource("AWS::Events::Rule", rule)
	t.permission(b, name+"Permission", "events.amazonaws.com", object{"SourceArn": object{"Fn::GetAtt": list{name, "Arn"}}})
	return nil
}
