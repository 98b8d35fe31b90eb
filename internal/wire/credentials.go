package wire

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// Credentials are what a plugin needs to talk to the one host that started it: the host makes them for one start of one
// plugin, and hands them over as the first line of the plugin's stdin, where no other process can read them. P-256 keys
// take microseconds to make; the P-521 keys of go-plugin's own mutual TLS dominated the start of a plugin.
type Credentials struct {
	Certificate string `json:"certificate"` // PEM; what the plugin serves
	Key         string `json:"key"`         // PEM, PKCS #8
	Host        string `json:"host"`        // PEM; the only client certificate that the plugin may accept
}

const (
	serverName     = "localhost"
	maxCredentials = 64 << 10
)

// NewCredentials makes the credentials of one plugin process and the TLS side that the host keeps.
func NewCredentials() (Credentials, *tls.Config, error) {
	plugin, err := newIdentity()
	if err != nil {
		return Credentials{}, nil, err
	}
	host, err := newIdentity()
	if err != nil {
		return Credentials{}, nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(plugin.Leaf)
	key, err := x509.MarshalPKCS8PrivateKey(plugin.PrivateKey)
	if err != nil {
		return Credentials{}, nil, err
	}
	c := Credentials{
		Certificate: encode("CERTIFICATE", plugin.Leaf.Raw),
		Key:         encode("PRIVATE KEY", key),
		Host:        encode("CERTIFICATE", host.Leaf.Raw),
	}
	return c, &tls.Config{
		Certificates: []tls.Certificate{host},
		RootCAs:      pool,
		ServerName:   serverName,
		MinVersion:   tls.VersionTLS13,
	}, nil
}

func newIdentity() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	// The clock of a sick machine may jump while a plugin runs, so the validity is wide; the key lives as long as the process.
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: serverName},
		DNSNames:              []string{serverName},
		NotBefore:             now.AddDate(-30, 0, 0),
		NotAfter:              now.AddDate(30, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// Line is the credentials as the line that the plugin reads.
func (c Credentials) Line() ([]byte, error) {
	b, err := json.Marshal(c)
	return append(b, '\n'), err
}

// ReadCredentials reads the line. What follows it stays in r.
func ReadCredentials(r *bufio.Reader) (Credentials, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxCredentials {
			return Credentials{}, fmt.Errorf("the credentials are longer than %d bytes", maxCredentials)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) {
				err = errors.New("the host closed stdin before it wrote the credentials")
			}
			return Credentials{}, err
		}
	}
	var c Credentials
	if err := json.Unmarshal(line, &c); err != nil {
		return Credentials{}, fmt.Errorf("the credentials are not JSON: %w", err)
	}
	return c, nil
}

// Server is the TLS side of the plugin.
func (c Credentials) Server() (*tls.Config, error) {
	own, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.Key))
	if err != nil {
		return nil, fmt.Errorf("the certificate that the host gave: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(c.Host)) {
		return nil, errors.New("the host's certificate is not a certificate in PEM")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{own},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		MinVersion:   tls.VersionTLS13,
	}, nil
}
