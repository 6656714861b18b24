package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// quiet is the logger for Proto.Actor: warnings and errors only, and of a message its type only, for the
// library prints whole messages when one does not serialize or arrives at the wrong place.
func quiet(l *slog.Logger) *slog.Logger { return slog.New(&quietHandler{l.Handler()}) }

type quietHandler struct{ next slog.Handler }

// Enabled from warnings up, whatever the handler behind would take.
func (h *quietHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.next.Enabled(ctx, level)
}

// Handle passes the record on without message bodies. That a connection was lost or is not to be had is
// no more than information: members come and go, and those that matter are logged where they are dropped.
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

// WithAttrs as slog.Handler says.
func (h *quietHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	safe := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		safe[i] = bodiless(a)
	}
	return &quietHandler{h.next.WithAttrs(safe)}
}

// WithGroup as slog.Handler says.
func (h *quietHandler) WithGroup(name string) slog.Handler {
	return &quietHandler{h.next.WithGroup(name)}
}

func bodiless(a slog.Attr) slog.Attr {
	if a.Key == "message" {
		return slog.String(a.Key, fmt.Sprintf("%T", a.Value.Any()))
	}
	return a
}
