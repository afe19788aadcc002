package resource

import "maps"

// Types are all the types that a stack may have.
func Types() map[string]*Type {
	all := map[string]*Type{}
	for _, group := range []map[string]*Type{s3Types(), sqsTypes(), dynamodbTypes(), functionTypes(), invocationTypes(),
		iamTypes(), logsTypes(), snsTypes(), cloudwatchTypes(), eventsTypes(), apiTypes(), methodTypes(), deploymentTypes(), stackTypes()} {
		maps.Copy(all, group)
	}
	return all
}
