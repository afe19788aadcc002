package dynamodb_test

import (
	"net/http/httptest"
	"os/exec"
	"testing"

	service "github.com/runnel/runnel/service/dynamodb"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
)

// TestBoto3 runs testdata/session.py, the second client: Python's, with its
// resources, which turn numbers into Decimals.
func TestBoto3(t *testing.T) {
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("python3 with boto3 is not here")
	}
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	mux.Handle(service.New(storetest.Open(t), service.Config{Region: "us-east-1", Account: "000000000000"}).API())
	server := httptest.NewServer(mux)
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), "python3", "testdata/session.py", server.URL)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
