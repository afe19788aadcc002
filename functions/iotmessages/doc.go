// Package iotmessages is the functions of the pipeline pipelines/iot-messages:
// readings of devices, from CSV files in a bucket to a table behind a REST API.
//
//	CSVToQueue      an object in the bucket    -> a message per row on the queue
//	CSVToQueue      the rest of a large object -> the same, in its own next invocation
//	QueueToTable    messages on the queue      -> items in the table
//	GetMessages ..  requests to the API        -> items of the table
//
// A message is one request of the DynamoDB API in its own JSON, with the
// operation in the message attribute Method: POST puts an item, PUT updates one,
// DELETE deletes one. The API takes and gives plain JSON.
//
// Every delivery may come twice, so every result is a function of its input: a
// row always becomes the same item under the same key, the date and time of its
// reading.
//
// The functions read two variables of their environment, TABLE_NAME and (the
// first) QUEUE_URL. The first also needs to know its own name, which Lambda sets.
package iotmessages
