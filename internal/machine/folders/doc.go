// Package folders tries what the plugin for files relies upon of the file system of a running Windows: names in any case, numbers
// of files, links, sharing, and renames that replace nothing.
package folders
