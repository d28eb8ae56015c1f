#!/bin/sh
# Kafka's Java clients and tools of 2.8.
set -u
. "$(dirname "$0")/java.inc"
fetch 2.8.2 kafka_2.13 kafka-tools
. "$(dirname "$0")/java-tools.inc"
