package wire

import (
	"bufio"
	"bytes"
	"io"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/runnel/runnel/wire/sign"
)

// maxChunk bounds the announced size of one chunk in bytes. SDKs send 64 KiB to
// some MiB.
const maxChunk = 1 << 30

// maxTrailer bounds the number of trailing lines.
const maxTrailer = 32

// chunkReader removes the aws-chunked framing of a body and checks the signature of
// every chunk whose signer is known
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html).
type chunkReader struct {
	r       *bufio.Reader
	left    int64 // bytes of this chunk
	started bool
	done    bool
	trailer textproto.MIMEHeader

	trailing bool         // a trailer follows the last chunk
	signed   bool         // chunks carry signatures
	chain    *sign.Chunks // nil if the signer is not known
	want     string       // this chunk's signature
}

// chunked reads the body's framing; word is x-amz-content-sha256.
func (c *call) chunked(word string) (*chunkReader, error) {
	r := &chunkReader{trailer: textproto.MIMEHeader{}}
	switch word {
	case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
		r.trailing = true
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
		r.signed = true
	case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
		r.signed, r.trailing = true, true
	default:
		return nil, notImplemented("Header", "x-amz-content-sha256: "+word)
	}
	if c.bodyLength() < 0 {
		return nil, &Error{Code: "MissingContentLength", Message: "You must provide the Content-Length HTTP header.", Status: 411}
	}
	r.r = bufio.NewReaderSize(c.source(), 32<<10)
	if r.signed {
		r.chain = c.sig.Chunks()
	}
	return r, nil
}

// Read implements io.Reader.
func (r *chunkReader) Read(p []byte) (int, error) {
	for r.left == 0 && !r.done {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	if r.done {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if r.chain != nil {
		r.chain.Write(p[:n])
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next ends a chunk and begins the one after it, or the trailer.
func (r *chunkReader) next() error {
	if r.started {
		if err := r.endChunk(); err != nil {
			return err
		}
	}
	r.started = true
	line, err := r.line()
	if err != nil {
		return err
	}
	size, ext, _ := strings.Cut(line, ";")
	n, err := strconv.ParseInt(size, 16, 64)
	if err != nil || n < 0 || n > maxChunk {
		return ErrMalformedBody
	}
	if r.signed {
		var ok bool
		if r.want, ok = strings.CutPrefix(strings.TrimSpace(ext), "chunk-signature="); !ok {
			return ErrMalformedBody
		}
	}
	r.left = n
	if n > 0 {
		return nil
	}
	return r.last()
}

// endChunk reads the line break after a chunk's bytes and checks their signature.
func (r *chunkReader) endChunk() error {
	if line, err := r.line(); err != nil || line != "" {
		if err == nil {
			err = ErrMalformedBody
		}
		return err
	}
	return r.checkChunk()
}

func (r *chunkReader) checkChunk() error {
	if r.chain != nil && !r.chain.End(r.want) {
		return ErrChunkSignature
	}
	return nil
}

// last reads what follows the empty chunk.
func (r *chunkReader) last() error {
	if err := r.checkChunk(); err != nil {
		return err
	}
	if err := r.readTrailer(); err != nil {
		return err
	}
	r.done = true
	return nil
}

// readTrailer reads header lines up to an empty line or the end of the body, which
// some clients leave out. Others put an empty line before the trailer too.
func (r *chunkReader) readTrailer() error {
	var signed bytes.Buffer
	var signature string
	for n := 0; ; n++ {
		line, err := r.line()
		if err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return err
		}
		if line == "" {
			if n == 0 && r.trailing {
				continue
			}
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || n == maxTrailer || !r.trailing {
			return ErrMalformedBody
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == "x-amz-trailer-signature" {
			signature = value
			continue
		}
		r.trailer.Add(name, value)
		signed.WriteString(name + ":" + value + "\n")
	}
	if r.chain != nil && r.trailing && !r.chain.Trailer(signed.Bytes(), signature) {
		return ErrChunkSignature
	}
	return nil
}

// line reads up to a line break, which it drops. Lines longer than the reader's
// buffer are malformed.
func (r *chunkReader) line() (string, error) {
	b, err := r.r.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return "", ErrMalformedBody
	case err == io.EOF:
		if len(b) > 0 {
			return "", ErrMalformedBody
		}
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}
