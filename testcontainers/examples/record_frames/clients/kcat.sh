#!/bin/sh
# kcat (librdkafka): lists, produces with every compression, reads, joins a group, logs in, runs a transaction.
set -eu
kcat="kcat -b $KAFKA -X broker.address.family=v4"
# Long enough to be worth compressing.
say() { for key in one two three four; do echo "$key:$key potato, two potatoes, three potatoes, four"; done; }

$kcat -L
for codec in none gzip snappy lz4 zstd; do
  say | $kcat -P -t orders -z "$codec" -K : -H kind=test
  $kcat -C -t orders -p 0 -o -3 -c 3 -e -q
done
say | $kcat -P -t orders -X enable.idempotence=true
say | $kcat -P -t orders -X acks=0
# The versions that old brokers get.
for version in 0.10.0 0.11.0; do
  say | $kcat -P -t orders -X api.version.request=false -X broker.version.fallback=$version || true
done
timeout 10 $kcat -C -t orders -o beginning -e -q -X isolation.level=read_committed
$kcat -Q -t orders:0:0
timeout 8 $kcat -G readers -c 5 -X auto.offset.reset=earliest orders || true
timeout 8 $kcat -G readers -e orders || true
timeout 8 $kcat -G still -X partition.assignment.strategy=cooperative-sticky -X group.instance.id=still-1 -e orders || true
for mechanism in PLAIN; do
  kcat -b "$KAFKA_SASL" -X broker.address.family=v4 -X security.protocol=sasl_plaintext -X sasl.mechanism=$mechanism \
    -X sasl.username=alice -X sasl.password=alice-secret -L
done
say | $kcat -P -t orders -X transactional.id=transfer
$kcat -C -t orders -o beginning -e -q -c 4
