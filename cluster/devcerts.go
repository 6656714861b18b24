package cluster

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Names of the files that DevCerts writes into its folder.
const (
	DevCA      = "ca.pem"
	DevCAKey   = "ca-key.pem"
	DevCert    = "member.pem"
	DevCertKey = "member-key.pem"
)

const devValidity = 365 * 24 * time.Hour

// DevCerts writes a certificate authority for development and one member certificate into dir. The
// certificate is valid for a year, for the hosts (names and addresses) and in both directions. Keys have mode
// 0600; a new folder has mode 0700. If any of the files exists, DevCerts fails and writes nothing.
func DevCerts(dir string, hosts []string) error {
	if len(hosts) == 0 {
		return errors.New("cluster: certificates need at least one host")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cluster: certificates: %w", err)
	}
	for _, name := range []string{DevCA, DevCAKey, DevCert, DevCertKey} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("cluster: certificates: %s exists", filepath.Join(dir, name))
		}
	}
	authority, err := newAuthority()
	if err != nil {
		return err
	}
	member, err := newMemberCert(authority, hosts)
	if err != nil {
		return err
	}
	return errors.Join(
		authority.write(dir, DevCA, DevCAKey),
		member.write(dir, DevCert, DevCertKey),
	)
}

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority() (issued, error) {
	return issue(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "entrepot development authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}, nil)
}

func newMemberCert(authority issued, hosts []string) (issued, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "entrepot member"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	return issue(template, &authority)
}

// issue signs the template with by, or with its own key when by is nil.
func issue(template *x509.Certificate, by *issued) (issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return issued{}, fmt.Errorf("cluster: certificates: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return issued{}, fmt.Errorf("cluster: certificates: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour) // tolerates clock skew between members
	template.NotAfter = time.Now().Add(devValidity)
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return issued{}, fmt.Errorf("cluster: certificates: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return issued{cert, key}, err
}

func (i issued) write(dir, certName, keyName string) error {
	key, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return fmt.Errorf("cluster: certificates: %w", err)
	}
	return errors.Join(
		writePEM(filepath.Join(dir, keyName), "PRIVATE KEY", key, 0o600),
		writePEM(filepath.Join(dir, certName), "CERTIFICATE", i.cert.Raw, 0o644),
	)
}

// writePEM creates a file. O_EXCL prevents it from following a link or reusing the mode of an old file.
func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // the operator chooses the folder
	if err != nil {
		return fmt.Errorf("cluster: certificates: %w", err)
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}
