package webrtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// slogFactory hands pion's messages to slog, all at debug level: pion warns of
// things that are everyday life on the internet, and what matters to an operator
// comes out of a call's end with its cause.
type slogFactory struct{ log *slog.Logger }

// NewLogger implements pion's logging.LoggerFactory.
func (f slogFactory) NewLogger(scope string) logging.LeveledLogger {
	return slogLogger{f.log.With("pion", scope)}
}

type slogLogger struct{ log *slog.Logger }

func (l slogLogger) print(level, message string) {
	//nolint:sloglint // the message is pion's
	l.log.LogAttrs(context.Background(), slog.LevelDebug, message, slog.String("severity", level))
}

func (l slogLogger) printf(level, format string, args []any) {
	// pion formats much in its hot path; do not, unless someone reads it.
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.print(level, fmt.Sprintf(format, args...))
	}
}

// Trace and Tracef are a packet-by-packet account that nobody has use for here.
func (l slogLogger) Trace(string)                      {}
func (l slogLogger) Tracef(string, ...any)             {}
func (l slogLogger) Debug(message string)              { l.print("debug", message) }
func (l slogLogger) Debugf(format string, args ...any) { l.printf("debug", format, args) }
func (l slogLogger) Info(message string)               { l.print("info", message) }
func (l slogLogger) Infof(format string, args ...any)  { l.printf("info", format, args) }
func (l slogLogger) Warn(message string)               { l.print("warn", message) }
func (l slogLogger) Warnf(format string, args ...any)  { l.printf("warn", format, args) }
func (l slogLogger) Error(message string)              { l.print("error", message) }
func (l slogLogger) Errorf(format string, args ...any) { l.printf("error", format, args) }
