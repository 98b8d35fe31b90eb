// Package wire is the plugin protocol: what plugin.proto says, its client and its server side by side, and the only
// mapping between its messages and the values of the SDK.
package wire

import (
	"strconv"

	"github.com/hashicorp/go-plugin"

	"github.com/rectify-project/rectify/sdk"
)

//go:generate go run -C ../../tools ./protogen ../internal/wire/plugin.proto

// Bounds of what crosses. Whatever is larger is refused by the side that would have to hold it.
const (
	MaxManifest = 4 << 20  // bytes of a manifest
	MaxInput    = 4 << 20  // bytes of an input
	MaxOutput   = 16 << 20 // bytes of an answer or output, and of all evidence for it
	MaxEvidence = 10_000   // items of evidence of one call; more are dropped and counted
	MaxMessage  = 6 << 20  // bytes of one gRPC message: an input or a prepared action, and what goes with it

	maxPrepared   = 4 << 20
	chunkSize     = 1 << 20
	evidenceBatch = 128
)

// Handshake tells a plugin that its parent is a Rectify host. It is a courtesy to people who run a plugin by hand, not
// a secret: mutual TLS with the certificates of [Credentials] is what keeps strangers out.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		ProtocolVersion:  sdk.Protocol,
		MagicCookieKey:   "RECTIFY_PLUGIN",
		MagicCookieValue: "b2a6c1de-5a35-4b80-9f04-served-by-rectify-" + strconv.Itoa(sdk.Protocol),
	}
}
