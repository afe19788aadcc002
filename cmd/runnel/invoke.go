package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func invoke(ctx context.Context, c *call) error {
	cfg := c.client()
	file := c.flags.String("event", "", "`file` with the event, JSON; - reads standard input (default: {})")
	async := c.flags.Bool("async", false, "queue the event and do not wait for an answer")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	payload, err := readEvent(*file)
	if err != nil {
		return err
	}
	in := &lambda.InvokeInput{FunctionName: &args[0], Payload: payload, LogType: types.LogTypeTail}
	if *async {
		in.InvocationType, in.LogType = types.InvocationTypeEvent, types.LogTypeNone
	}
	out, err := lambda.NewFromConfig(cfg()).Invoke(ctx, in)
	if err != nil {
		return err
	}
	if logs, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult)); err == nil {
		c.stderr.Write(logs)
	}
	if len(out.Payload) > 0 {
		fmt.Fprintf(c.stdout, "%s\n", out.Payload)
	}
	if out.FunctionError != nil {
		return errors.New("the function failed: " + *out.FunctionError)
	}
	return nil
}

func readEvent(file string) ([]byte, error) {
	switch file {
	case "":
		return []byte("{}"), nil
	case "-":
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(file)
}
