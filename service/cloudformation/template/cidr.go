package template

import (
	"math/big"
	"net/netip"
	"strconv"
)

// maxCidrs is the most blocks that one Fn::Cidr may return.
const maxCidrs = 256

// cidr divides an address block: Fn::Cidr [block, count, bits of each subnet's
// host part]. The bits default to the number that count needs in IPv4 terms.
func (s *scope) cidr(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) < 2 || len(list) > 3 {
		return nil, functionError("every Fn::Cidr object requires two to three parameters, the ipBlock, the count and the cidrBits")
	}
	args := make([]string, len(list))
	for i, item := range list {
		v, err := s.eval(item)
		if err != nil {
			return nil, err
		}
		if isUnknown(v) {
			return Unknown{}, nil
		}
		args[i], _ = Text(v)
	}
	block, err := netip.ParsePrefix(args[0])
	if err != nil {
		return nil, functionError("invalid CIDR block %s in Fn::Cidr", args[0])
	}
	count, err := strconv.Atoi(args[1])
	if err != nil || count < 1 || count > maxCidrs {
		return nil, functionError("the count of Fn::Cidr must be a number between 1 and %d", maxCidrs)
	}
	bits := 8
	if len(args) == 3 {
		if bits, err = strconv.Atoi(args[2]); err != nil {
			return nil, functionError("the cidrBits of Fn::Cidr must be a number")
		}
	}
	return divide(block.Masked(), count, bits)
}

func divide(block netip.Prefix, count, bits int) (any, error) {
	length := block.Addr().BitLen() - bits
	if bits < 0 || length < block.Bits() || length-block.Bits() < 63 && count > 1<<(length-block.Bits()) {
		return nil, functionError("Fn::Cidr cannot take %d blocks of %d bits from %s", count, bits, block)
	}
	step := new(big.Int).Lsh(big.NewInt(1), uint(bits))
	at := new(big.Int).SetBytes(block.Addr().AsSlice())
	out := make([]any, 0, count)
	for range count {
		raw := at.FillBytes(make([]byte, block.Addr().BitLen()/8))
		addr, _ := netip.AddrFromSlice(raw)
		out = append(out, netip.PrefixFrom(addr, length).String())
		at.Add(at, step)
	}
	return out, nil
}
