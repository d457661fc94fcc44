package shop

import "embed"

// Sources is the text of this package, which tells one edition of the shop from another.
//
//go:embed *.go
var Sources embed.FS
