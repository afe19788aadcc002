package codec

import "fmt"

// Error says that a document cannot be read, in AWS's words.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func serialization(text string) error {
	return &Error{Code: errSyntax.Code, Message: text}
}

func cannot(token string, n *Node) error {
	switch n.Kind {
	case KindList:
		return serialization("Expected list or null")
	case KindStruct, KindMap, KindUnion:
		return serialization("Expected map or null")
	}
	return serialization(token + " can not be converted to " + awsType(n))
}

// awsType is a type as AWS's texts name it, with its article.
func awsType(n *Node) string {
	switch n.Kind {
	case KindString:
		return "a String"
	case KindBool:
		return "a Boolean"
	case KindBlob, KindStream:
		return "a Blob"
	case KindTime:
		return "a Timestamp"
	case KindFloat:
		if n.Type.Bits() == 32 {
			return "a Float"
		}
		return "a Double"
	}
	if n.Type.Bits() == 64 {
		return "a Long"
	}
	return "an Integer"
}
