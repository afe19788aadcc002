package csvfile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/object"
	"github.com/runnel/runnel/transform/csv"
)

// Format is how files are written.
type Format struct {
	Separator csv.Separator // between fields
	Charset   string        // a name that package charset knows, "" for auto
	Columns   []string      // that a file must have, among others
}

// A Loader loads files.
type Loader struct {
	Format
	S3      *s3.Client
	Lambda  *lambda.Client // invokes this function with the rest of a long file
	Reports string         // prefix of the keys of reports

	// Whole says that a file is one piece to the sink: it is read to its end,
	// however late it becomes.
	Whole bool

	// Open opens the sink of a part. Its error may be a *csv.HeaderError, for
	// columns that it cannot do with. What the sink finds bad only later, such as
	// a message that a queue refuses, it gives to bad, which may be called from
	// anywhere until the sink's Close returns.
	Open func(ctx context.Context, from Source, bad func(BadRow) error) (Sink, error)
}

// A Source is what a sink is told of the file.
type Source struct {
	Bucket, Key string
	Version     string   // ID of the object's version, or its ETag
	Columns     []string // names in the header
}

// Beside is the key of what is made of the file as a whole: the same for a second
// attempt, another for another version of the file.
func (s Source) Beside(prefix, suffix string) string {
	return keyBeside(prefix, s.Key, s.Version, suffix)
}

// A Sink is where the rows of one part go.
type Sink interface {
	// Row takes a row, which stays valid until it returns. An *Unfit makes it a
	// bad row; any other error fails the file.
	Row(csv.Row) error

	// Close ends the part, or gives it up if it failed, and returns how many
	// rows arrived, all of them at once or none if there is an error.
	Close(failed error) (sent int, err error)
}

// Unfit is why the sink cannot take a row.
type Unfit struct{ Reason string }

func (u *Unfit) Error() string { return u.Reason }

// Loaded is what became of a part: how many rows went where, those of earlier
// parts included.
type Loaded struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Sent   int    `json:"sent"`
	Bad    int    `json:"bad"`
	Report string `json:"report,omitempty"` // the key of the report of the part's bad rows
	Rest   *Place `json:"rest,omitempty"`   // what was left to a further invocation
}

// Load loads parts, one after the other. It fails when a service fails it. A file
// that is bad as a whole is no failure: trying again would not mend it, so it gets
// a report of one line. A file that was deleted before it was read is finished,
// and so is one that was replaced between two parts: the new one has its own
// event.
func (l *Loader) Load(ctx context.Context, parts []Part) ([]Loaded, error) {
	late, stop := lateness(ctx)
	defer stop()
	if l.Whole {
		late = func() bool { return false }
	}
	done := []Loaded{}
	for _, p := range parts {
		file, err := l.load(ctx, p, late)
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: %w", p.Bucket, p.Key, err)
		}
		done = append(done, file)
	}
	return done, nil
}

// load loads one part, and has the next invoked if there is one: last, so that
// an invocation that fails before has left nothing to do to anyone else.
func (l *Loader) load(ctx context.Context, p Part, late func() bool) (Loaded, error) {
	log := slog.With("bucket", p.Bucket, "key", p.Key, "part", p.Number)
	from, err := p.open(ctx, l.S3)
	if object.IsGone(err) {
		log.WarnContext(ctx, "the object is gone", "sent", p.Sent, "bad", p.Bad)
		return Loaded{Bucket: p.Bucket, Key: p.Key, Sent: p.Sent, Bad: p.Bad}, nil
	}
	if err != nil {
		return Loaded{}, err
	}
	defer from.Close()
	file, rest, err := l.send(ctx, p, from, late)
	if err != nil {
		return file, err
	}
	log = log.With("sent", file.Sent, "bad", file.Bad, "report", file.Report)
	if rest == nil {
		log.InfoContext(ctx, "loaded")
		return file, nil
	}
	rest.Sent, rest.Bad, file.Rest = file.Sent, file.Bad, &rest.Row
	if err := rest.invoke(ctx, l.Lambda); err != nil {
		return file, fmt.Errorf("invoke part %d: %w", rest.Number, err)
	}
	log.InfoContext(ctx, "continued by a further invocation", "line", rest.Row.Line)
	return file, nil
}

// send streams a part to its sink. All rows have arrived or are in the report
// when it returns.
func (l *Loader) send(ctx context.Context, p Part, from *object.Reader, late func() bool) (done Loaded, rest *Part, err error) {
	report := newReport(l.S3, p.Bucket, p.reportKey(l.Reports, from.Version()))
	bad := func(row BadRow) error { return report.add(ctx, row) }
	sent, rest, err := l.rows(ctx, p, from, late, bad)
	if err == nil {
		err = report.close(ctx)
	}
	if err != nil {
		return done, nil, errors.Join(err, report.out.Abort(context.WithoutCancel(ctx)))
	}
	done = Loaded{Bucket: p.Bucket, Key: p.Key, Sent: p.Sent + sent, Bad: p.Bad + report.rows}
	if report.rows > 0 {
		done.Report = report.out.Key
	}
	return done, rest, nil
}

func (l *Loader) rows(ctx context.Context, p Part, from *object.Reader, late func() bool, bad func(BadRow) error) (sent int, rest *Part, err error) {
	f, err := l.openPart(&p, from)
	if err != nil {
		return 0, nil, headerTo(bad, err)
	}
	sink, err := l.Open(ctx, Source{p.Bucket, p.Key, from.Version(), f.rows.Columns()}, bad)
	if err != nil {
		return 0, nil, headerTo(bad, err)
	}
	at, err := f.each(late, sink.Row, bad)
	if sent, err = sink.Close(err); err != nil || at == nil {
		return sent, nil, err
	}
	return sent, p.next(from, f.begin, *at), nil
}

// headerTo gives a file that does not open for its header to bad: it is one bad
// row. Any other error remains.
func headerTo(bad func(BadRow) error, err error) error {
	var header *csv.HeaderError
	if errors.As(err, &header) {
		return bad(BadRow{1, header.Reason, header.Text})
	}
	return err
}
