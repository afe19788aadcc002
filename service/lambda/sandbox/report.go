package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// The lines that Lambda writes around an invocation:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
// and, for INIT_REPORT,
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.

func startLine(id, version string) string { return "START RequestId: " + id + " Version: " + version }

func endLine(id string) string { return "END RequestId: " + id }

func reportLine(id string, r *Result, memoryMB int, f *fault) string {
	var b strings.Builder
	fmt.Fprintf(&b, "REPORT RequestId: %s\tDuration: %s ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		id, millis(r.Duration), r.Billed.Milliseconds(), memoryMB, r.MaxMemoryMB)
	if r.InitDuration > 0 {
		fmt.Fprintf(&b, "Init Duration: %s ms\t", millis(r.InitDuration))
	}
	if f != nil && f.status != "" {
		b.WriteString("Status: " + f.status)
		if f.status == "error" {
			b.WriteString("\tError Type: " + f.errorType)
		}
	}
	return b.String()
}

// initReportLine is written for an initialisation that failed. The phase is
// "init", or "invoke" for the second attempt, which is part of an invocation.
func initReportLine(took time.Duration, phase string, f *fault) string {
	line := fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: %s\tStatus: %s", millis(took), phase, f.status)
	if f.status == "error" {
		line += "\tError Type: " + f.errorType
	}
	return line
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

// billed rounds up to a millisecond. Since August 2025 the start of a process
// is billed too.
func billed(duration, start time.Duration) time.Duration {
	return (duration + start + time.Millisecond - 1).Truncate(time.Millisecond)
}
