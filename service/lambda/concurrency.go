package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/service/lambda/unpack"
	"github.com/runnel/runnel/store"
)

// unreservedMinimum is how much concurrency must stay for the functions that
// have none reserved. AWS leaves 100 of 1,000; one machine leaves less.
const unreservedMinimum = 10

// PutFunctionConcurrency reserves concurrency for a function.
func (s *Service) PutFunctionConcurrency(ctx context.Context, in *lambda.PutFunctionConcurrencyInput) (*types.Concurrency, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	var v fault.Constraints
	want := in.ReservedConcurrentExecutions
	switch {
	case want == nil:
		v.Missing("reservedConcurrentExecutions")
	case *want < 0:
		v.Fail("reservedConcurrentExecutions", *want, fault.MustBeMin, 0)
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		f, err := s.getFunction(tx, name)
		if err != nil {
			return err
		}
		others := reservedInAll(tx) - int(aws.ToInt32(f.Reserved))
		if *want > 0 && others+int(*want) > s.cfg.Concurrency-unreservedMinimum {
			return fault.Invalid("Specified ReservedConcurrentExecutions for function decreases account's "+
				"UnreservedConcurrentExecution below its minimum value of [%d].", unreservedMinimum)
		}
		s.setReserved(tx, name, f, want)
		return nil
	})
	return &types.Concurrency{ReservedConcurrentExecutions: want}, err
}

func (s *Service) setReserved(tx *store.Tx, name string, f functionRow, n *int32) {
	f.Reserved = n
	tx.PutJSON(functionKey(name), f)
	s.touch(tx, name)
	s.reserve(tx, name)
}

// reserve tells the slots what is reserved for a function once tx is durable.
// The hooks of two transactions may run in another order than they, so each
// tells what holds by then.
func (s *Service) reserve(tx *store.Tx, name string) {
	tx.OnCommit(func() {
		s.reserving.Lock()
		defer s.reserving.Unlock()
		var f functionRow
		err := s.st.View(context.Background(), func(tx *store.Tx) error { tx.GetJSON(functionKey(name), &f); return nil })
		if err != nil {
			s.log.Error("reserved concurrency holds after the next start", "function", name, "err", err)
			return
		}
		s.slots.Reserve(name, f.Reserved)
	})
}

func reservedInAll(tx *store.Tx) (n int) {
	eachFunction(tx, func(_ string, f functionRow) { n += int(aws.ToInt32(f.Reserved)) })
	return n
}

func eachFunction(tx *store.Tx, do func(name string, f functionRow)) {
	prefix := key("function")
	for k := range tx.Scan(store.Prefix(prefix)) {
		var f functionRow
		if tx.GetJSON(k, &f) {
			do(k.Parts(prefix).Str(), f)
		}
	}
}

func functionNames(tx *store.Tx) (names []string) {
	eachFunction(tx, func(name string, _ functionRow) { names = append(names, name) })
	return names
}

// loadReservations tells the slots what is reserved.
func (s *Service) loadReservations(tx *store.Tx) error {
	eachFunction(tx, func(name string, f functionRow) { s.slots.Reserve(name, f.Reserved) })
	return nil
}

// GetFunctionConcurrency returns what is reserved for a function.
func (s *Service) GetFunctionConcurrency(ctx context.Context, in *lambda.GetFunctionConcurrencyInput) (*types.Concurrency, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	var f functionRow
	err = s.st.View(ctx, func(tx *store.Tx) (err error) { f, err = s.getFunction(tx, name); return })
	return &types.Concurrency{ReservedConcurrentExecutions: f.Reserved}, err
}

// DeleteFunctionConcurrency gives a function's reserved concurrency back.
func (s *Service) DeleteFunctionConcurrency(ctx context.Context, in *lambda.DeleteFunctionConcurrencyInput) (*lambda.DeleteFunctionConcurrencyOutput, error) {
	name, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		f, err := s.getFunction(tx, name)
		if err != nil {
			return err
		}
		s.setReserved(tx, name, f, nil)
		return nil
	})
}

// GetAccountSettings returns limits, and what of them is used.
func (s *Service) GetAccountSettings(ctx context.Context, _ *lambda.GetAccountSettingsInput) (*lambda.GetAccountSettingsOutput, error) {
	usage := &types.AccountUsage{}
	reserved := 0
	err := s.st.View(ctx, func(tx *store.Tx) error {
		reserved = reservedInAll(tx)
		eachFunction(tx, func(string, functionRow) { usage.FunctionCount++ })
		for k := range tx.Scan(store.Prefix(key("version"))) {
			var row versionRow
			if tx.GetJSON(k, &row) {
				usage.TotalCodeSize += row.Config.CodeSize
			}
		}
		return nil
	})
	return &lambda.GetAccountSettingsOutput{
		AccountLimit: &types.AccountLimit{
			CodeSizeUnzipped: unpack.MaxSize, CodeSizeZipped: 52428800, TotalCodeSize: 80530636800,
			ConcurrentExecutions:           int32(s.cfg.Concurrency),
			UnreservedConcurrentExecutions: aws.Int32(int32(s.cfg.Concurrency - reserved)),
		},
		AccountUsage: usage,
	}, err
}

// newRamp is a ramp for a backlog, up to most; 0 is as far as the account
// allows: half of its concurrency, so that those who wait for an answer find
// room.
func (s *Service) newRamp(most int) *pace.Ramp {
	limit := max(2, s.cfg.Concurrency/2)
	if most == 0 || most > limit {
		most = limit
	}
	return pace.NewRamp(s.st.Clock(), most)
}
