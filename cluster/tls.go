package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

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
