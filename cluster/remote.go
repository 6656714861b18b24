package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

const (
	maxMessage = 64 << 20 // bytes of a gRPC message, which is a batch; gRPC's default of 4 MB breaks the connection
	batchSize  = 64       // envelopes in a batch
	queueSize  = 1024     // initial size of a peer's ring, which grows; the default of 1,000,000 costs 16 MB per peer

	dialTimeout    = 2 * time.Second
	pingPeriod     = 10 * time.Second // between gRPC keepalive pings on a silent connection
	pingTimeout    = 5 * time.Second  // until a connection without a ping reply is closed: a peer that is cut off sends no reset
	dialPauseLimit = time.Second
)

// remoteConfig returns the settings for listening and dialling.
func remoteConfig(cfg Config) (*remote.Config, error) {
	creds, err := credentialsOf(cfg.TLS)
	if err != nil {
		return nil, err
	}
	bind, options := bindTo(cfg)
	options = append(options,
		remote.WithEndpointWriterBatchSize(batchSize),
		remote.WithEndpointWriterQueueSize(queueSize),
		remote.WithServerOptions(
			grpc.Creds(creds.server),
			grpc.MaxRecvMsgSize(maxMessage),
			grpc.UnaryInterceptor(recoverUnary(cfg.Logger)),
			grpc.StreamInterceptor(recoverStream(cfg.Logger)),
			grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingPeriod / 2}),
			grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingPeriod, Timeout: pingTimeout}),
		),
		remote.WithDialOptions(
			grpc.WithTransportCredentials(creds.client),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingPeriod, Timeout: pingTimeout}),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, MaxDelay: dialPauseLimit},
				MinConnectTimeout: dialTimeout,
			}),
		),
	)
	rc := remote.Configure(bind, cfg.Port, options...)
	rc.MaxRetryCount = 1 // each retry takes 2 s in which messages queue up; the next request dials again anyway
	return rc, nil
}

// bindTo returns the address to listen on: Host itself, or all interfaces when Host is a name, which may resolve
// to this machine only from outside.
func bindTo(cfg Config) (host string, options []remote.ConfigOption) {
	switch {
	case strings.Contains(cfg.Host, ":"):
		return "[" + cfg.Host + "]", nil
	case net.ParseIP(cfg.Host) == nil && !isLoopback(cfg.Host):
		return "0.0.0.0", []remote.ConfigOption{remote.WithAdvertisedHost(net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port)))}
	}
	return cfg.Host, nil
}

// The interceptors recover panics, so that a bad message (an unknown type, a method that Proto.Actor implements as
// a panic) does not end the process.

func recoverUnary(l *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
		defer recoverInto(&err, l)
		return next(ctx, req)
	}
}

func recoverStream(l *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		defer recoverInto(&err, l)
		return next(srv, stream)
	}
}

func recoverInto(err *error, l *slog.Logger) {
	if r := recover(); r != nil {
		l.Error("cluster: panic in a gRPC handler", "panic", r, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "internal error")
	}
}

// closeRemote closes the connections to the other members, then the port. It avoids Proto.Actor's graceful
// Shutdown, which may panic when a peer disconnects at the same time, may take 10 s, and races with its readers.
func (m *Member) closeRemote() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cluster: close the port: %w", recovered(r))
		}
	}()
	for _, peer := range m.lookup.view().members {
		m.system.EventStream.Publish(&remote.EndpointTerminatedEvent{Address: peer.Address})
	}
	m.cluster.Remote.Shutdown(false)
	return nil
}

// wireCreds are the credentials of a member as a server and as a client.
type wireCreds struct {
	server, client credentials.TransportCredentials
}

// credentialsOf reads the files. nil files give credentials without TLS, which Config allows on loopback only.
func credentialsOf(files *TLSFiles) (wireCreds, error) {
	if files == nil {
		return wireCreds{insecure.NewCredentials(), insecure.NewCredentials()}, nil
	}
	pem, err := os.ReadFile(files.CA)
	if err != nil {
		return wireCreds{}, fmt.Errorf("cluster: TLS authority: %w", err)
	}
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(pem) {
		return wireCreds{}, fmt.Errorf("cluster: TLS authority: no certificate in %s", files.CA)
	}
	own, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		return wireCreds{}, fmt.Errorf("cluster: TLS certificate: %w", err)
	}
	return wireCreds{
		server: credentials.NewTLS(&tls.Config{
			MinVersion:   tls.VersionTLS13,
			Certificates: []tls.Certificate{own},
			ClientCAs:    authority,
			ClientAuth:   tls.RequireAndVerifyClientCert,
		}),
		client: credentials.NewTLS(&tls.Config{
			MinVersion:   tls.VersionTLS13,
			Certificates: []tls.Certificate{own},
			RootCAs:      authority,
			ServerName:   files.ServerName, // empty: the dialled address
		}),
	}, nil
}
