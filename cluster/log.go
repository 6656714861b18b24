package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// quiet returns the logger for Proto.Actor. It keeps warnings and errors, and of a message only its type: the
// library logs whole messages that do not serialize or reach no actor.
func quiet(l *slog.Logger) *slog.Logger { return slog.New(&quietHandler{l.Handler()}) }

type quietHandler struct{ next slog.Handler }

// Enabled reports whether the level is at least warning and the next handler is enabled for it.
func (h *quietHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.next.Enabled(ctx, level)
}

// Handle passes the record on without message bodies. Connection failures become info: members come and go,
// and the loss of a member is logged where it is dropped.
func (h *quietHandler) Handle(ctx context.Context, r slog.Record) error {
	level := r.Level
	if strings.HasPrefix(r.Message, "Endpoint") {
		level = slog.LevelInfo
	}
	if !h.next.Enabled(ctx, level) {
		return nil
	}
	out := slog.NewRecord(r.Time, level, "protoactor: "+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(bodiless(a))
		return true
	})
	return h.next.Handle(ctx, out)
}

// WithAttrs implements slog.Handler, without message bodies.
func (h *quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	safe := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		safe[i] = bodiless(a)
	}
	return &quietHandler{h.next.WithAttrs(safe)}
}

// WithGroup implements slog.Handler.
func (h *quietHandler) WithGroup(name string) slog.Handler {
	return &quietHandler{h.next.WithGroup(name)}
}

func bodiless(a slog.Attr) slog.Attr {
	if a.Key == "message" {
		return slog.String(a.Key, fmt.Sprintf("%T", a.Value.Any()))
	}
	return a
}
