#!/bin/sh
# franz-go (Go), held to one version of Kafka after the other.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here/franz-go/main.go" main.go
cat >go.mod <<END
module recorder

go 1.25

require (
	github.com/twmb/franz-go v1.22.2
	github.com/twmb/franz-go/pkg/kadm v1.19.0
	github.com/twmb/franz-go/pkg/kmsg v1.15.0
)
END
# The scratch folder goes; read-only modules in it would stay.
export GOFLAGS=-mod=mod
go run .
