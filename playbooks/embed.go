// Package playbooks holds the playbooks that are part of the program.
package playbooks

import "embed"

// FS holds the playbooks and their tests, one folder a product. The bundles that some tests read stand in testdata
// beside them and are not part of the program: they are many times as large, and of use only where playbooks are written.
//
//go:embed windows-update/*.yaml
var FS embed.FS
